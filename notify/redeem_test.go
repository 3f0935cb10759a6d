package notify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// One act, one notice, with everything in it that was agreed to.
func TestHonestPath(t *testing.T) {
	h := open(t)
	user, tpl := h.guest(), h.template(h.app(), queue())
	answer, err := h.send(tpl, h.mint(user, tpl, "Table 4"), with{"page": "/queue?no=A17"})
	good(t, err)
	if answer.Status != grant.Accepted || !answer.Alert || answer.Left != 0 || answer.Replayed {
		t.Errorf("answered %+v", answer)
	}
	got := h.inbox(user.User)
	if len(got) != 1 {
		t.Fatalf("the inbox has %v", got)
	}
	n := got[0]
	want := `{"order":{"code":"A17"},"status":{"enum":"called"}}`
	if data, _ := json.Marshal(n.Data); string(data) != want || n.Notice != answer.Notice || n.App != tpl.App || n.Template != tpl.ID ||
		n.Title != tpl.Title || n.AppName != "Noodles" || n.Page != "/queue?no=A17" || n.Seq != 1 || !n.Alert {
		t.Errorf("it got %+v", n)
	}
	why, err := h.Why(h.ctx(), user.User, n.Notice)
	good(t, err)
	if g := why.Grant; g.Act.Kind != "tap" || g.Act.Page != "/queue" || g.Subject != "Table 4" || why.Notice.Version != 1 || g.Sheet == nil || g.Sheet.Uses != 1 {
		t.Errorf("it comes from %+v", g)
	}
	sent, err := h.Notice(h.ctx(), tpl.App, answer.Notice)
	if good(t, err); sent.Status != grant.Accepted || sent.Template != tpl.ID {
		t.Errorf("its app knows %+v", sent)
	}
	stats, err := h.Stats(h.ctx(), tpl.App)
	if good(t, err); len(stats.Days) != 1 || stats.Days[0].Accepted != 1 {
		t.Errorf("its app counts %+v", stats)
	}
}

// Bodies that are not one plain request are refused, each with its code, and the
// grant that they name is as good as before.
func TestBodies(t *testing.T) {
	h := open(t)
	user, tpl := h.guest(), h.template(h.app(), queue())
	handle := h.mint(user, tpl, "a")
	fine := string(request(tpl, handle, nil))
	set := func(k, v string) string { return fmt.Sprintf(`{%q:%s,%s`, k, v, fine[1:]) }
	member := func(k, v string) string {
		raw := map[string]json.RawMessage{}
		good(t, json.Unmarshal([]byte(fine), &raw))
		if raw[k] = json.RawMessage(v); v == "" {
			delete(raw, k)
		}
		out, err := json.Marshal(raw)
		good(t, err)
		return string(out)
	}
	cases := map[string]string{
		"": "bad_request", "null": "bad_request", "[]": "bad_request", "[" + fine + "," + fine + "]": "bad_request", `"x"`: "bad_request", "7": "bad_request",
		fine[:len(fine)-1]: "bad_request", fine + fine: "bad_request", fine + "x": "bad_request", fine + " []": "bad_request", "\xff" + fine: "bad_request",
		set("grant", `"x"`): "bad_request", set("idempotency_key", `"x"`): "bad_request", set("page", `"/queue"`): "bad_request",
		set("data", `{}`): "bad_request", set("more", "1"): "unknown_field", set("version", "1"): "unknown_field", set("Grant", `"x"`): "unknown_field",
		set("schedule", `"now"`): "unknown_field", set("filter", `{}`): "unknown_field",
		strings.Replace(fine, `"enum":"called"`, `"enum":"called","enum":"waiting"`, 1): "bad_request",
		strings.Replace(fine, `"called"`, `"\ud800"`, 1):                                "bad_request",
		set("pad", `"`+strings.Repeat("x", 5000)+`"`):                                   "too_large",
		strings.Repeat(" ", 4097-len(fine)) + fine:                                      "too_large",
		member("grant", ""): "bad_request", member("template", ""): "bad_request", member("page", ""): "bad_request",
		member("idempotency_key", ""): "idempotency_required", member("idempotency_key", `""`): "idempotency_required",
		member("idempotency_key", `"`+strings.Repeat("k", 65)+`"`): "idempotency_required", member("idempotency_key", "7"): "bad_request",
		member("idempotency_key", "null"): "bad_request", member("idempotency_key", `"a\u0000"`): "bad_request", member("idempotency_key", `["k"]`): "bad_request",
		member("grant", "null"): "bad_request", member("grant", "[]"): "bad_request", member("grant", `["`+handle+`"]`): "bad_request", member("grant", `""`): "grant_invalid",
		member("template", "null"): "bad_request", member("template", "1"): "bad_request", member("template", `""`): "template_unknown",
		member("page", "null"): "bad_request", member("page", "{}"): "bad_request", member("state", "null"): "bad_request", member("state", "1"): "bad_request",
		member("data", "null"): "bad_request", member("data", "[]"): "bad_request", member("data", `"x"`): "bad_request", member("data", `{"status":null}`): "bad_request",
		member("data", `{"status":"called"}`): "bad_request", member("data", `{"status":{"enum":null}}`): "bad_request", member("data", `{"status":{"enum":["called"]}}`): "bad_request",
		member("data", `{"status":{"enum":7}}`): "bad_request", member("data", ""): "param_invalid", member("data", `{}`): "param_invalid",
	}
	for _, r := range []string{"to", "touser", "openid", "user", "users", "tag", "group", "stream", "channel", "all", "toUser", "TO_USER", "tags", "Group"} {
		for _, v := range []string{`"x"`, `[]`, "null", "true", `{"a":1}`} {
			cases[set(r, v)] = "recipient_not_accepted"
		}
		cases[fmt.Sprintf(`{%q:1}`, r)] = "recipient_not_accepted"
		cases[fmt.Sprintf(`{"nonsense":1,%q:1}`, r)] = "recipient_not_accepted"
	}
	for body, want := range cases {
		if got := h.raw(tpl.App, []byte(body)); got != want {
			t.Errorf("%.200s: %s, not %s", body, got, want)
		}
	}
	if got := h.inbox(user.User); len(got) != 0 {
		t.Fatalf("something came: %v", got)
	}
	spaced := bytes.ReplaceAll([]byte(fine), []byte(":"), []byte(" :\n\t"))
	if got := h.raw(tpl.App, append(spaced, " \n"...)); got != grant.Accepted {
		t.Errorf("the honest one: %s", got)
	}
}

// What is wrong first is told first: a request in which everything is wrong gets
// better step by step.
func TestOrderOfTheGate(t *testing.T) {
	h := open(t)
	a := h.app()
	tpl, other := h.template(a, remark()), h.template(a, queue())
	user := h.guest()
	handle := h.mint(user, tpl, "a")
	h.advance(8 * day) // the grant has expired
	good(t, h.PauseTemplate(h.ctx(), tpl.ID, time.Time{}, "look"))
	good(t, h.Suspend(h.ctx(), a, time.Time{}, "look"))
	bad := with{
		"touser": "x", "more": 1, "grant": handle[:len(handle)-1] + "!", "template": "t-nothere", "page": "https://evil.example",
		"data": map[string]any{"note": map[string]any{"text20": "50%\u200b OFF"}, "order": map[string]any{"code": "B1"}},
	}
	for _, step := range []struct {
		mend func()
		want string
	}{
		{func() {}, "recipient_not_accepted"},
		{func() { delete(bad, "touser") }, "unknown_field"},
		{func() { delete(bad, "more") }, "grant_invalid"},
		{func() { bad["grant"] = handle }, "app_suspended"},
		{func() { h.resume(a) }, "template_unknown"},
		{func() { bad["template"] = other.ID }, "grant_template_mismatch"},
		{func() { bad["template"] = tpl.ID }, "template_paused"},
		{func() { good(t, h.ResumeTemplate(h.ctx(), tpl.ID)) }, "param_invalid"},
		{func() { bad["data"].(map[string]any)["note"] = map[string]any{"text20": "50% OFF"} }, "param_locked"},
		{func() { delete(bad["data"].(map[string]any), "order") }, "page_invalid"},
		{func() { bad["page"] = "/queue" }, "content_blocked"},
		{func() { bad["data"] = map[string]any{"note": map[string]any{"text20": "ready"}} }, "grant_expired"},
	} {
		step.mend()
		// Params are not in an order; the invalid and the locked one may come either way.
		if got := h.attempt(tpl, handle, bad); got != step.want && (step.want != "param_invalid" || got != "param_locked") {
			t.Errorf("%s, not %s", got, step.want)
		}
	}
	if got := h.inbox(user.User); len(got) != 0 {
		t.Errorf("something came: %v", got)
	}
	if got := h.attempt(tpl, h.mint(user, tpl, "b"), nil); got != grant.Accepted {
		t.Errorf("the honest one: %s", got)
	}
}

// A handle is good for one app, its own template and version, and only whole.
func TestForeignHandles(t *testing.T) {
	h := open(t)
	a, b := h.app(), h.app()
	tpl, theirs := h.template(a, queue()), h.template(b, queue())
	user := h.guest()
	handle := h.mint(user, tpl, "a")
	if got := h.attempt(theirs, handle, nil); got != "grant_invalid" {
		t.Errorf("by another app: %s", got)
	}
	if got := h.attempt(tpl, handle, with{"template": theirs.ID}); got != "template_unknown" {
		t.Errorf("with another app's template: %s", got)
	}
	if got := h.attempt(tpl, handle, with{"template": id.NewTemplate()}); got != "template_unknown" {
		t.Errorf("with a template of nobody: %s", got)
	}
	for i := range handle {
		for _, c := range []byte("aB7_") {
			if bent := handle[:i] + string(c) + handle[i+1:]; bent != handle {
				if got := h.attempt(tpl, bent, nil); got != "grant_invalid" {
					t.Errorf("%s: %s", bent, got)
				}
			}
		}
	}
	for _, bent := range []string{handle + "=", handle + " ", " " + handle, strings.ToUpper(handle), "gh1_", strings.Repeat("g", 900)} {
		if got := h.attempt(tpl, bent, nil); got != "grant_invalid" {
			t.Errorf("%s: %s", bent, got)
		}
	}
	if got := h.attempt(tpl, handle, nil); got != grant.Accepted {
		t.Errorf("the honest one: %s", got)
	}
}

func TestPages(t *testing.T) {
	h := open(t)
	user, tpl := h.guest(), h.template(h.app(), queue())
	handle := h.mint(user, tpl, "a")
	for _, page := range []string{
		"", "/", "queue", "/queue/", "/queue/1", "/Queue", "//queue", "/./queue", "/x/../queue", "/queue/..", `/queue\x`, `\queue`, "/queue#a", "/queue?a#b",
		"https://evil.example/queue", "javascript:alert(1)", "//evil.example/queue", "/queue ", " /queue", "/queue\n", "/%71ueue", "/queue%2f", "/queue?" + strings.Repeat("x", 257),
		"/queue?a\nb", "/queue?a b", `/queue?a\b`, "/queue?\u202ea", "/queue?<script>", "/other",
	} {
		if got := h.attempt(tpl, handle, with{"page": page}); got != "page_invalid" {
			t.Errorf("%q: %s", page, got)
		}
	}
	if got := h.attempt(tpl, handle, with{"page": "/queue?no=A17&next=/x/../y&q=%20" + strings.Repeat("x", 200)}); got != grant.Accepted {
		t.Errorf("the honest one: %s", got)
	}
}

// Along the edges, one notice each.
func TestStates(t *testing.T) {
	h := open(t)
	user, tpl := h.guest(), h.template(h.app(), ride())
	handle := h.mint(user, tpl, "a")
	at := func(state any) with { return with{"state": state} }
	for i, step := range []struct {
		state any
		want  string
	}{
		{nil, "state_illegal"},
		{"cooking", "state_illegal"},
		{"there", "state_illegal"},
		{"placed", grant.Accepted},
		{"placed", "state_illegal"},
		{"riding", "state_illegal"},
		{"Cooking", "state_illegal"},
		{"cooking ", "state_illegal"},
		{"", "state_illegal"},
		{"cooking", grant.Accepted},
		{"placed", "state_illegal"},
		{"riding", grant.Accepted},
		{"there", grant.Accepted},
		{"there", "state_illegal"},
	} {
		if got := h.attempt(tpl, handle, at(step.state)); got != step.want {
			t.Errorf("step %d, %v: %s, not %s", i, step.state, got, step.want)
		}
	}
	var alerts []bool
	for _, n := range h.inbox(user.User) {
		alerts = append(alerts, n.Alert)
	}
	if fmt.Sprint(alerts) != "[true true false true]" { // the latest first
		t.Errorf("alerts: %v", alerts)
	}
	once := h.template(tpl.App, queue())
	if got := h.attempt(once, h.mint(user, once, "b"), with{"state": "placed"}); got != "state_illegal" {
		t.Errorf("a state of a template without: %s", got)
	}
}

func TestCadence(t *testing.T) {
	h := open(t)
	user, tpl := h.guest(), h.template(h.app(), line())
	s, err := h.ask(user, tpl, item(tpl, "Line 5"))
	good(t, err)
	if s.Items[0].Uses != 1 || s.Items[0].Cadence == nil {
		t.Errorf("the sheet shows %+v", s.Items[0])
	}
	h.accept(user, s)
	handle := h.handle(tpl, "Line 5")
	if first, again := h.attempt(tpl, handle, nil), h.attempt(tpl, handle, nil); first != grant.Accepted || again != "cadence" {
		t.Errorf("first %s, again %s", first, again)
	}
	h.advance(25 * hour)
	if got := h.attempt(tpl, handle, nil); got != grant.Accepted {
		t.Errorf("the next day: %s", got)
	}
}

// A grant keeps the version it was given for.
func TestVersions(t *testing.T) {
	h := open(t)
	user, tpl := h.guest(), h.template(h.app(), queue())
	old := h.mint(user, tpl, "a")
	draft := remark()
	draft.Template = tpl.ID
	next, err := h.Submit(h.ctx(), tpl.App, draft)
	good(t, err)
	if next.ID != tpl.ID || next.Version != 2 || next.Status != notify.Review {
		t.Fatalf("handed in: %+v", next)
	}
	still := h.mint(h.guest(), tpl, "b")
	if got := h.attempt(tpl, still, nil); got != grant.Accepted {
		t.Errorf("while the second is in review: %s", got)
	}
	_, err = h.ReviewTemplate(h.ctx(), "mo", string(tpl.ID), 2, true, "fine")
	good(t, err)
	next.ID = tpl.ID
	young := h.mint(user, next, "c")
	for _, c := range []struct {
		t      notify.Template
		handle string
		want   string
	}{{tpl, young, "param_invalid"}, {next, old, "param_invalid"}, {next, young, grant.Accepted}, {tpl, old, grant.Accepted}} {
		if got := h.attempt(c.t, c.handle, nil); got != c.want {
			t.Errorf("%s, not %s", got, c.want)
		}
	}
	if n := h.inbox(user.User); len(n) != 2 || n[0].Title != queue().Title || n[1].Title != remark().Title {
		t.Errorf("the inbox has %+v", n)
	}
}

// A refusal that cannot be recorded is not answered as one.
func TestNoRefusalWithoutATrace(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), queue())
	h.Service = h.node(deafened{h, fault.Unavailable}, func(*notify.Options) {})
	for _, body := range []string{"[]", string(request(tpl, "gh1_x", nil))} {
		_, err := h.Redeem(h.ctx(), tpl.App, []byte(body))
		is(t, err, fault.Unavailable)
		_, err = h.Reply(h.ctx(), tpl.App, []byte(body))
		is(t, err, fault.Unavailable)
	}
}

// What fails for the server's own reasons is no refusal.
func TestOwnFailuresAreNoRefusals(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), queue())
	user := h.guest()
	handle := h.mint(user, tpl, "a")
	body := request(tpl, handle, nil)
	h.end()
	h.start(&failing{Store: h.store, parts: []string{"notices/"}})
	_, err := h.Redeem(h.ctx(), tpl.App, body)
	is(t, err, grant.ErrBusy)
	if h.traces() != 0 {
		t.Errorf("it left %v", h.refusals)
	}
	h.restart()
	if answer, err := h.Redeem(h.ctx(), tpl.App, body); err != nil || answer.Status != grant.Accepted {
		t.Errorf("the same again: %+v, %v", answer, err)
	}
}
