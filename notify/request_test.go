package notify_test

import (
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// with is a request that is fine, but for what is set; nil takes a member away.
type with map[string]any

func request(t notify.Template, handle string, over with) []byte {
	body := map[string]any{
		"grant": handle, "template": t.ID, "page": t.PagePattern, "idempotency_key": uuid.NewString(),
		"data": map[string]any{"status": map[string]any{"enum": "called"}},
	}
	if slices.ContainsFunc(t.Params, func(p notify.Param) bool { return p.Key == "note" }) {
		body["data"] = map[string]any{"note": map[string]any{"text20": "At the window seat"}}
	}
	for k, v := range over {
		if body[k] = v; v == nil {
			delete(body, k)
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return raw
}

func (h *house) send(t notify.Template, handle string, over with) (grant.Answer, error) {
	return h.Redeem(h.ctx(), t.App, request(t, handle, over))
}

// attempt is accepted, held, or the code of a refusal, which has left its trace.
func (h *house) attempt(t notify.Template, handle string, over with) string {
	h.t.Helper()
	return h.raw(t.App, request(t, handle, over))
}

func (h *house) raw(a id.App, body []byte) string {
	h.t.Helper()
	before := h.traces()
	answer, err := h.Redeem(h.ctx(), a, body)
	if err == nil {
		return answer.Status
	}
	return h.traced(a, before, err)
}

func (h *house) traces() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.refusals)
}

func (h *house) traced(a id.App, before int, err error) string {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	code := fault.From(err).Code
	if len(h.refusals) != before+1 || h.refusals[before].Code != code || h.refusals[before].App != a {
		h.t.Errorf("the refusal %v left %+v", err, h.refusals[before:])
	}
	return string(code)
}

// note says some words of a remark.
func note(text string) with {
	return with{"data": map[string]any{"note": map[string]any{"text20": text}}}
}

func (h *house) inbox(u id.User) []notify.Shown {
	h.t.Helper()
	page, next, err := h.MyNotices(h.ctx(), u, "", 200)
	good(h.t, err)
	if next != "" {
		h.t.Error("an inbox of more than a page")
	}
	return page
}

// delivered counts what a crowd has got.
func (h *house) delivered(all []member) (n int) {
	h.t.Helper()
	for _, m := range all {
		n += len(h.inbox(m.User))
	}
	return n
}

func (h *house) held() (all []notify.HeldNotice) {
	h.t.Helper()
	for cursor := ""; ; {
		page, next, err := h.HeldNotices(h.ctx(), cursor, 7)
		good(h.t, err)
		if all = append(all, page...); next == "" {
			return all
		}
		cursor = next
	}
}
