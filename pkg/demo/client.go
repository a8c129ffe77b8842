package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/andon-project/andon/pkg/andon"
)

// Announcer returns a function that announces rollouts to the exporter at url,
// as a delivery tool does.
func Announcer(client *http.Client, url string) AnnounceFunc {
	return func(ctx context.Context, ro andon.Rollout) error {
		body, err := json.Marshal(ro)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/rollouts", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer drain(res)
		if res.StatusCode >= http.StatusMultipleChoices {
			said, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
			return fmt.Errorf("announcing %s to %s: %s: %s", ro.ID, url, res.Status, said)
		}
		return nil
	}
}

func (s *stack) announce(ctx context.Context, ro andon.Rollout) error {
	return Announcer(s.client, s.url)(ctx, ro)
}

// verdict asks the exporter for the newest verdict on a rollout; there may be
// none yet.
func (s *stack) verdict(ctx context.Context, id string) (v andon.Verdict, ok bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/rollouts/"+id+"/verdict", http.NoBody)
	if err != nil {
		return v, false, err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return v, false, err
	}
	defer drain(res)
	switch res.StatusCode {
	case http.StatusOK:
		err := json.NewDecoder(res.Body).Decode(&v)
		return v, err == nil, err
	case http.StatusNotFound:
		return v, false, nil
	}
	return v, false, fmt.Errorf("asking for the verdict on %s: %s", id, res.Status)
}
