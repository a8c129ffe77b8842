package source

import (
	"encoding/json"

	jsoniter "github.com/json-iterator/go"
	"github.com/prometheus/common/model"
)

// decoder reads samples as the client library does: it has taught this package
// how.
var decoder = jsoniter.ConfigCompatibleWithStandardLibrary

// takeMatrix reads the answer to a range query in one pass, where the client
// library makes three, and returns an answer without series for the library to
// read. An answer that is not a matrix it leaves to the library as it is.
func (c *call) takeMatrix(body []byte) []byte {
	var answer struct {
		Status string `json:"status"`
		Data   struct {
			ResultType string       `json:"resultType"`
			Result     model.Matrix `json:"result"`
		} `json:"data"`
		Warnings json.RawMessage `json:"warnings,omitempty"`
		Infos    json.RawMessage `json:"infos,omitempty"`
	}
	if err := decoder.Unmarshal(body, &answer); err != nil || answer.Status != "success" || answer.Data.ResultType != model.ValMatrix.String() {
		return body
	}
	matrix := answer.Data.Result
	answer.Data.Result = model.Matrix{}
	rest, err := json.Marshal(answer)
	if err != nil {
		return body
	}
	c.matrix = matrix
	return rest
}
