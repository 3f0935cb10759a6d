package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
)

func TestTheDirectory(t *testing.T) {
	h := open(t)
	a, ann := h.app(), h.as(session)
	other := h.newApp("dov", "Dumplings at four", "food")
	find := func(q string) map[string]map[string]any {
		found := map[string]map[string]any{}
		for _, item := range h.get("/v1/mini-programs"+q, ann).items() {
			found[item["app"].(string)] = item
		}
		return found
	}
	if all := find(""); len(all) != 2 || all[a.id]["name"] != "Noodles" || all[a.id]["following"] != false || all[a.id]["muted"] != false {
		t.Fatalf("there are %v", all)
	}
	if some := find("?q=dumplings"); len(some) != 1 || some[other.id] == nil {
		t.Fatalf("found %v", some)
	}
	h.get("/v1/mini-programs?limit=201", ann).refused("bad_request")
	h.get("/v1/mini-programs?cursor=garbled", ann).refused("bad_request")
	for _, method := range []string{"PUT", "DELETE"} {
		for _, what := range []string{"follow", "mute"} {
			for range 2 {
				h.call(method, "/v1/mini-programs/"+a.id+"/"+what, ann, nil).want(204)
			}
			for _, none := range []string{"app-nothere", "app-aaaaaaaaaaaaaaaaaaaaaaaaaa", "zoe"} {
				h.call("PUT", "/v1/mini-programs/"+none+"/"+what, ann, nil).refused("not_found")
			}
		}
		on := method == "PUT"
		one := h.get("/v1/mini-programs/"+a.id, ann).want(200).object()
		if one["following"] != on || one["muted"] != on || find("?q=noodles")[a.id]["following"] != on || find("")[other.id]["following"] != false {
			t.Errorf("after %s: %v", method, one)
		}
	}
	for _, on := range []bool{true, false} {
		h.call(map[bool]string{true: "PUT", false: "DELETE"}[on], "/v1/blocks/"+a.id, ann, nil).want(204)
		if one := h.get("/v1/mini-programs/"+a.id, ann).want(200).object(); one["blocked"] != on {
			t.Errorf("blocked %t: %v", on, one)
		}
	}
	for _, token := range []string{ann, a.developer} {
		for _, p := range []string{"/v1/mini-programs/" + a.id, "/v1/mini-programs"} {
			if body := string(h.get(p, token).want(200).body); strings.Contains(body, a.secret) || strings.Contains(body, "dana") {
				t.Errorf("%s shows %s", p, body)
			}
		}
	}
}

func TestOpenIDs(t *testing.T) {
	h := open(t)
	a, b := h.app(), h.newApp("dov", "Dumplings", "food")
	ann, bea := h.as(session), h.user("bea")
	code := func(token string, a *testApp) string {
		return h.post("/v1/mini-programs/"+a.id+"/login-codes", token, nil).want(201).object()["code"].(string)
	}
	login := func(token string, a *testApp) string {
		got := h.post("/v1/app/login", a.token, map[string]any{"code": code(token, a)}).want(200).object()
		if len(got) != 1 {
			t.Errorf("signing in tells %v", got)
		}
		return got["openid"].(string)
	}
	first := login(ann, a)
	if login(ann, a) != first || login(bea, a) == first || login(ann, b) == first {
		t.Error("an openid is not one of an app's user")
	}
	once := code(ann, a)
	h.post("/v1/app/login", b.token, map[string]any{"code": once}).refused("bad_request")
	h.post("/v1/app/login", a.token, map[string]any{"code": once + "x"}).refused("bad_request")
	h.post("/v1/mini-programs/"+a.id+"/openid/reset", ann, nil).want(204)
	if login(ann, a) == first {
		t.Error("the openid is the same after it was reset")
	}
}

func TestDevelopers(t *testing.T) {
	h := open(t)
	a := h.app()
	mine := h.get("/v1/developer/apps", a.developer).want(200)
	if items := mine.items(); len(items) != 1 || items[0]["app"] != a.id || items[0]["reach"] != 250.0 || strings.Contains(string(mine.body), a.secret) {
		t.Fatalf("my apps are %s", mine.body)
	}
	if items := h.get("/v1/developer/apps", h.as(session)).items(); len(items) != 0 {
		t.Fatalf("somebody else's are %v", items)
	}
	h.pass(time.Second)
	secrets := "/v1/developer/apps/" + a.id + "/secrets"
	second := h.post(secrets, a.developer, nil).want(201).object()
	for _, secret := range []string{a.secret, second["secret"].(string)} {
		h.askToken(a.id, secret, "grant_type=client_credentials").want(200)
	}
	all := h.get(secrets, a.developer)
	if items := all.items(); len(items) != 2 || items[0]["ends_at"] == nil || items[1]["ends_at"] != nil || strings.Contains(string(all.body), second["secret"].(string)) {
		t.Fatalf("its secrets are %s", all.body)
	}
	for _, call := range []struct{ method, path string }{{"POST", secrets}, {"GET", secrets}, {"DELETE", secrets + "/" + second["id"].(string)}} {
		h.call(call.method, call.path, h.as(session), nil).refused("not_found")
	}
	h.delete(secrets+"/"+all.items()[0]["id"].(string), a.developer).want(204)
	h.askToken(a.id, a.secret, "grant_type=client_credentials").refused("unauthenticated")
	h.post("/v1/developer/apps", a.developer, `{"name":"","category":"food"}`).refused("bad_request")
}

func TestAnswersInAWindow(t *testing.T) {
	h := open(t)
	a, ann := h.app(), h.as(session)
	s := h.post("/v1/conversations", ann, map[string]any{"with": a.id}).want(200).object()["stream"].(string)
	h.post("/v1/conversations", ann, `{"with":"app-aaaaaaaaaaaaaaaaaaaaaaaaaa"}`).refused("not_found")
	h.post("/v1/conversations/"+s+"/messages", ann, text("hello?")).want(201)
	window := h.handed(a, "")
	if window["scope"] != "window" || window["template"] != "" || window["uses_left"] != 5.0 {
		t.Fatalf("a window is %v", window)
	}
	body := map[string]any{"window": window["grant"], "kind": "text", "body": map[string]any{"text": "here we are"}, "idempotency_key": "k"}
	got := h.post("/v1/app/replies", a.token, body).want(201).object()
	if got["status"] != "accepted" || got["uses_left"] != 4.0 || got["replayed"] != false {
		t.Fatalf("the answer is answered %v", got)
	}
	if again := h.post("/v1/app/replies", a.token, body).want(http.StatusOK).object(); again["replayed"] != true || again["uses_left"] != 4.0 {
		t.Fatalf("the same again is answered %v", again)
	}
	said := h.get("/v1/conversations/"+s+"/messages", ann).items()
	if len(said) != 2 || said[1]["from"] != a.id {
		t.Fatalf("said is %v", said)
	}
	if c := h.get("/v1/conversations/"+s, ann).want(200).object(); c["kind"] != "service" || c["title"] != "Noodles" {
		t.Fatalf("the conversation is %v", c)
	}
	h.put("/v1/blocks/"+a.id, ann, nil).want(204)
	body["idempotency_key"] = "k2"
	h.post("/v1/app/replies", a.token, body).refused("window_closed")
	h.post("/v1/conversations/"+s+"/messages", ann, text("no")).refused("blocked")
	h.delete("/v1/blocks/"+a.id, ann).want(204)
	h.post("/v1/conversations/"+s+"/messages", ann, text("well")).want(201)
	h.put("/v1/blocks/app-aaaaaaaaaaaaaaaaaaaaaaaaaa", ann, nil).refused("not_found")
	h.post("/v1/app/replies", a.token, strings.Repeat("x", replyMost+1)).refused("too_large")
	h.post("/v1/app/notices", a.token, strings.Repeat(" ", noticeMost)+"{}").refused("too_large")
	h.post("/v1/app/notices", a.token, strings.Repeat(" ", bodyMost+1)).refused("too_large")
}

// What was handed over is walked by next, which keeps its place when nothing is new.
func TestHandedKeepsItsPlace(t *testing.T) {
	h := open(t)
	a := h.app()
	place := func(after string) (items []any, next string) {
		got := h.get("/v1/app/grants?limit=1&after="+after, a.token).want(200).object()
		return got["items"].([]any), got["next"].(string)
	}
	_, at := place("")
	tmpl := h.template(a)
	for i, user := range []string{h.as(session), h.user("bea")} {
		h.mint(user, a, tmpl, []string{"one", "two"}[i])
	}
	var seen []string
	for range 2 {
		items, next := place(at)
		if len(items) != 1 || next == at {
			t.Fatalf("behind %q are %v, then %q", at, items, next)
		}
		seen, at = append(seen, items[0].(map[string]any)["subject"].(string)), next
	}
	if items, next := place(at); len(items) != 0 || next == "" {
		t.Errorf("at the end %q: %v, %q", at, items, next)
	}
	if seen[0] != "one" || seen[1] != "two" {
		t.Errorf("they came as %v", seen)
	}
	h.get("/v1/app/grants?after=garbled", a.token).refused("bad_request")
	h.get("/v1/app/grants?limit=201", a.token).refused("bad_request")
	h.get("/v1/app/grants?cursor=x", a.token).refused("bad_request")
}

func TestModerators(t *testing.T) {
	h := open(t)
	a, ann, mo := h.app(), h.as(session), h.as(moderator)
	tmpl := h.template(a)
	handle := h.mint(ann, a, tmpl, "one")
	notice := map[string]any{"grant": handle, "template": tmpl, "data": map[string]any{"status": map[string]any{"enum": "called"}}, "page": "/queue", "idempotency_key": "k"}
	name := h.post("/v1/app/notices", a.token, notice).want(201).object()["notice"].(string)
	h.post("/v1/me/notices/"+name+"/report", ann, `{"reason":"nonsense"}`).refused("bad_request")
	h.post("/v1/me/notices/"+name+"/report", ann, `{"reason":"fraud"}`).want(204)

	cases := h.get("/v1/moderation/cases?state=open&kind=report", mo).items()
	if len(cases) != 1 || cases[0]["reports"] != 1.0 || cases[0]["subject"].(map[string]any)["id"] != tmpl {
		t.Fatalf("the cases are %v", cases)
	}
	if none := h.get("/v1/moderation/cases?kind=flood", mo).items(); len(none) != 0 {
		t.Fatalf("floods are %v", none)
	}
	h.get("/v1/moderation/cases?state=nonsense", mo).refused("bad_request")
	at := "/v1/moderation/cases/" + cases[0]["case"].(string)
	if got := h.get(at, mo).want(200).object(); got["evidence"] == nil {
		t.Fatalf("a case without evidence: %v", got)
	}
	heavy := map[string]any{"decision": "suspend_app", "reason": "fraud", "note": "really"}
	h.post(at+"/decision", mo, heavy).refused("conflict")
	if got := h.post(at+"/claim", mo, nil).want(200).object(); got["state"] != "claimed" || got["claimed_by"] != "mo-moderator" {
		t.Fatalf("claimed: %v", got)
	}
	h.post(at+"/decision", mo, `{"decision":"nonsense","reason":"fraud"}`).refused("bad_request")
	h.post(at+"/decision", mo, `{"decision":"warn","reason":"fraud","hours":0}`).refused("bad_request")
	if got := h.post(at+"/decision", mo, heavy).want(http.StatusAccepted).object(); got["state"] != "awaiting_second" {
		t.Fatalf("the first of two: %v", got)
	}
	sen := h.withRole("sen", account.RoleSenior)
	h.post(at+"/claim", sen, nil).want(200)
	if got := h.post(at+"/decision", sen, heavy).want(200).object(); got["state"] != "decided" {
		t.Fatalf("the second of two: %v", got)
	}

	// Of an app that is suspended what was sent is told again, and nothing else is done.
	h.post("/v1/app/notices", a.token, notice).want(http.StatusOK)
	notice["idempotency_key"] = "k2"
	h.post("/v1/app/notices", a.token, notice).refused("app_suspended")
	h.post("/v1/app/login", a.token, `{"code":"x"}`).refused("app_suspended")
	h.get("/v1/app/stats", a.token).want(200)
	h.get("/m/"+a.id+"/", "").refused("app_suspended")

	aud := h.withRole("aud", account.RoleAuditor)
	rows := h.get("/v1/moderation/audit?subject_kind=template&subject_id="+tmpl+"&action=suspend_app", aud).items()
	if len(rows) == 0 || rows[0]["hash"] == "" || rows[0]["role"] != "senior" {
		t.Fatalf("the audit has %v", rows)
	}
	first := h.get("/v1/moderation/audit?limit=1", aud).want(200).object()
	second := h.get("/v1/moderation/audit?limit=1&cursor="+first["next"].(string), aud).items()
	if len(second) != 1 || second[0]["seq"] != first["items"].([]any)[0].(map[string]any)["seq"].(float64)-1 {
		t.Fatalf("after %v comes %v", first, second)
	}
}

func TestActionsAndReviews(t *testing.T) {
	h := open(t)
	a, mo := h.app(), h.as(moderator)
	waiting := h.post("/v1/app/templates", a.token, expected["submitTemplate"].body).want(201).object()["template"].(string)
	if queue := h.get("/v1/moderation/templates", mo).items(); len(queue) != 1 || queue[0]["template"] != waiting || queue[0]["app"] != a.id {
		t.Fatalf("to be reviewed are %v", queue)
	}
	review := "/v1/moderation/templates/" + waiting + "/review"
	h.post(review, mo, `{"version":1,"decision":"maybe","reason":"x"}`).refused("bad_request")
	h.post(review, mo, `{"version":2,"decision":"approve","reason":"x"}`).refused("conflict")
	if got := h.post(review, mo, `{"version":1,"decision":"reject","reason":"unclear"}`).want(200).object(); got["status"] != "rejected" || got["version"] != 1.0 {
		t.Fatalf("reviewed is %v", got)
	}
	if got := h.get("/v1/app/templates/"+waiting, a.token).want(200).object(); got["reason"] != "unclear" || got["status"] != "rejected" {
		t.Fatalf("its developer sees %v", got)
	}
	other := h.newApp("dov", "Dumplings", "food")
	h.get("/v1/app/templates/"+waiting, other.token).refused("template_unknown")

	did := h.post("/v1/moderation/actions", mo, map[string]any{"action": "suspend_app", "subject": map[string]any{"kind": "app", "id": a.id}, "reason": "spam", "hours": 24}).want(201).object()
	if did["action_id"] == "" {
		t.Fatalf("done is %v", did)
	}
	h.post("/v1/app/templates", a.token, expected["submitTemplate"].body).refused("app_suspended")
	h.pass(24*time.Hour + time.Minute)
	a.token = h.appToken(a)
	h.post("/v1/app/templates", a.token, expected["submitTemplate"].body).want(201)
	h.post("/v1/moderation/actions", h.signIn("mo-moderator", "desk"), `{"action":"suspend_app","subject":{"kind":"app","id":"app-aaaaaaaaaaaaaaaaaaaaaaaaaa"},"reason":"spam","hours":1}`).refused("not_found")
}

func TestWebhooks(t *testing.T) {
	h := open(t)
	a, other := h.app(), h.newApp("dov", "Dumplings", "food")
	got := make(chan http.Header, 10)
	ear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }))
	defer ear.Close()
	h.get("/v1/app/webhook", a.token).refused("not_found")
	for _, bad := range []string{"", "x", "ftp://example.com/", "//example.com", "javascript:alert(1)", "http://10.0.0.1/", "http://[::1]/"} {
		h.put("/v1/app/webhook", a.token, map[string]any{"url": bad}).refused("bad_request")
	}
	set := h.put("/v1/app/webhook", a.token, map[string]any{"url": ear.URL}).want(200).object()
	if set["url"] != ear.URL || !strings.HasPrefix(set["secret"].(string), "whsec_") {
		t.Fatalf("set to %v", set)
	}
	if seen := h.get("/v1/app/webhook", a.token).want(200); seen.object()["url"] != ear.URL || strings.Contains(string(seen.body), "whsec_") {
		t.Fatalf("seen as %s", seen.body)
	}
	h.mint(h.as(session), a, h.template(a), "one")
	first := <-got
	all := h.get("/v1/app/webhook/deliveries", a.token).items()
	if len(all) != 1 || all[0]["type"] != "grant.minted" || all[0]["id"] != first.Get("Webhook-Id") {
		t.Fatalf("the deliveries are %v", all)
	}
	replay := "/v1/app/webhook/deliveries/" + first.Get("Webhook-Id") + "/replay"
	h.post(replay, other.token, nil).refused("not_found")
	h.post(replay, a.token, nil).want(http.StatusAccepted)
	if again := <-got; again.Get("Webhook-Id") != first.Get("Webhook-Id") {
		t.Errorf("replayed as %v", again)
	}
}
