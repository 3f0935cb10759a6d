package api

import (
	"context"
	"testing"
)

// sound finds nothing, but in the audit one thing.
type sound struct{}

func (sound) Check(_ context.Context, what string) (string, []string, error) {
	if what == "audit" {
		return "7 rows", []string{"row 4 was changed"}, nil
	}
	return "3 people", nil, nil
}

func TestOperatorChecks(t *testing.T) {
	o := openOffice(t)
	got := o.post("/operator/check/notices", operatorToken, "{}").want(200).object()
	if got["seen"] != "3 people" || len(got["broken"].([]any)) != 0 {
		t.Errorf("notices: %v", got)
	}
	if got := o.post("/operator/check/audit", operatorToken, "").want(200).object(); got["broken"].([]any)[0] != "row 4 was changed" {
		t.Errorf("audit: %v", got)
	}
	o.post("/operator/check/nothing", operatorToken, "").want(404)
}
