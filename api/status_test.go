package api

import (
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/fault"
)

// The statuses of what is told of notices, as they were promised.
func TestStatusesOfNotices(t *testing.T) {
	for status, codes := range map[int]string{
		403: "template_scope_denied recipient_not_accepted content_blocked app_suspended broadcast_shape ask_silenced mint_paused wrong_principal",
		404: "grant_invalid template_unknown",
		409: "grant_consumed grant_expired grant_closed grant_not_activated grant_template_mismatch template_paused state_illegal idempotency_mismatch " +
			"window_closed window_spent activation_invalid consent_expired consent_decided",
		422: "param_invalid param_locked page_invalid idempotency_required",
		429: "cadence app_reach_limit outstanding_limit ask_limit",
		503: "busy_retry",
	} {
		for _, code := range strings.Fields(codes) {
			if got := statusOf(fault.Code(code)); got != status {
				t.Errorf("%s answers %d, want %d", code, got, status)
			}
		}
	}
	explained := map[fault.Code]bool{}
	for _, c := range codeWords {
		if explained[c.code] {
			t.Errorf("%s is explained twice", c.code)
		}
		explained[c.code] = true
	}
	for code := range statuses {
		if !explained[code] && code != "screened" { // nothing answers that yet
			t.Errorf("%s is not explained", code)
		}
	}
}
