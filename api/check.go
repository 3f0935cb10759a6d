package api

import (
	"context"
	"slices"

	"github.com/teahouse-im/teahouse/fault"
)

// A Checker holds the store against what it promises.
type Checker interface {
	// Check goes through everything. what is "notices" or "audit"; seen says in words
	// what was looked at, and each of broken what is wrong.
	Check(ctx context.Context, what string) (seen string, broken []string, err error)
}

// checks are what can be asked for.
var checks = []string{"notices", "audit"}

type checkReport struct {
	Seen   string   `json:"seen" doc:"What was looked at, in words."`
	Broken []string `json:"broken" doc:"What is wrong; empty: nothing."`
}

func (s *server) operatorCheck(ctx context.Context, c *call, _ none) (checkReport, error) {
	what := c.named("what")
	if !slices.Contains(checks, what) {
		return checkReport{}, fault.NotFound
	}
	seen, broken, err := s.checker.Check(ctx, what)
	if broken == nil {
		broken = []string{}
	}
	return checkReport{seen, broken}, err
}
