// Package delivery calls delivery tools to halt or hold a rollout, with one file
// for each tool.
package delivery

import (
	"context"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/andon-project/andon/pkg/andon"
)

// A Halt is a request to stop one rollout. It is also what the templates of
// the webhook see.
type Halt struct {
	ID      string        `json:"id"`     // the same for every try: halting twice is halting once
	Action  Action        `json:"action"` // what is requested
	Rollout andon.Rollout `json:"rollout"`
	Verdict andon.Verdict `json:"verdict"`
	Reason  string        `json:"reason"` // one sentence for people
}

// An Action is what a delivery tool is to do.
type Action string

// The actions.
const (
	ActionHalt Action = "halt" // stop the rollout, or take it back
	ActionHold Action = "hold" // stop it where it is; for tools that are a Holder
)

// An Answer is a delivery tool's answer to a Halt that is now in force.
type Answer struct {
	Request string `json:"request"` // method and URL, without secrets
	Status  int    `json:"status"`  // HTTP status
	Already bool   `json:"already"` // it had been halted, or had finished, before
	Text    string `json:"said"`    // one sentence for people
}

// A Halter stops rollouts through one delivery tool. It is idempotent: a
// rollout that was halted already, or has finished, is an Answer, not an error.
type Halter interface {
	// Plan returns the request that Halt would send, for mode observe.
	Plan(h Halt) string
	Halt(ctx context.Context, h Halt) (Answer, error)
}

// An Error says that a delivery tool refused or did not answer.
type Error struct {
	Tool    string
	Request string // method and URL, without secrets
	Status  int    // HTTP status; 0 if no answer came
	Retry   bool   // whether the same request may succeed later
	Hint    string // what an operator can do
	Err     error
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s: %s", e.Tool, e.Request)
	if e.Status != 0 {
		s += fmt.Sprintf(": status %d", e.Status)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// tools makes a Halter from its section of the configuration, by the name of
// the tool. A new tool is one file and one line here.
var tools = map[string]func(section *yaml.Node) (Halter, error){
	"argo-rollouts": newArgo,
	"kubernetes":    newDeployment,
	"webhook":       newWebhook,
}
