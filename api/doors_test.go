package api

import (
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/miniprogram"
)

// A door says what comes of calling an operation, by who calls it. "answered" is
// whatever the operation itself says.
type door struct{ anonymous, user, app, moderator, senior, auditor, operator string }

const (
	yes = "answered"
	who = "unauthenticated"
	not = "wrong_principal"
	may = "forbidden"
)

var (
	forAnybody    = door{yes, yes, yes, yes, yes, yes, yes}
	forUsers      = door{who, yes, not, yes, yes, yes, who}
	forModerators = door{who, may, not, yes, yes, may, who}
	forAuditors   = door{who, may, not, yes, yes, yes, who}
	forApps       = door{who, not, yes, not, not, not, who}
	forOperators  = door{who, who, who, who, who, who, yes} // on a listener of its own
)

// doors are all operations. One that is not here fails the test: whoever adds an
// operation decides here for whom it is. Nothing but what is for apps, and what is
// for anybody, answers an app's token.
var doors = map[string]door{
	// Accounts
	"POST /v1/accounts":             forAnybody,
	"POST /v1/sessions":             forAnybody,
	"GET /v1/sessions":              forUsers,
	"DELETE /v1/sessions/current":   forUsers,
	"DELETE /v1/sessions/{session}": forUsers,
	"GET /v1/me":                    forUsers,
	"PATCH /v1/me":                  forUsers,
	"DELETE /v1/me":                 forUsers,
	"PUT /v1/me/presence":           forUsers,
	"POST /v1/me/password":          forUsers,
	"GET /v1/users/{user}":          forUsers,

	// Contacts
	"POST /v1/contact-requests":                forUsers,
	"GET /v1/contact-requests":                 forUsers,
	"POST /v1/contact-requests/{from}/accept":  forUsers,
	"POST /v1/contact-requests/{from}/decline": forUsers,
	"GET /v1/contacts":                         forUsers,
	"PATCH /v1/contacts/{user}":                forUsers,
	"DELETE /v1/contacts/{user}":               forUsers,
	"PUT /v1/blocks/{user}":                    forUsers,
	"DELETE /v1/blocks/{user}":                 forUsers,
	"GET /v1/blocks":                           forUsers,

	// Conversations
	"GET /v1/conversations":                                 forUsers,
	"POST /v1/conversations":                                forUsers,
	"GET /v1/conversations/{stream}":                        forUsers,
	"PATCH /v1/conversations/{stream}":                      forUsers,
	"GET /v1/conversations/{stream}/messages":               forUsers,
	"POST /v1/conversations/{stream}/messages":              forUsers,
	"PUT /v1/conversations/{stream}/read":                   forUsers,
	"POST /v1/conversations/{stream}/messages/{seq}/recall": forUsers,

	// Groups
	"POST /v1/groups":                           forUsers,
	"PATCH /v1/groups/{stream}":                 forUsers,
	"DELETE /v1/groups/{stream}":                forUsers,
	"GET /v1/groups/{stream}/members":           forUsers,
	"POST /v1/groups/{stream}/members":          forUsers,
	"DELETE /v1/groups/{stream}/members/{user}": forUsers,
	"PUT /v1/groups/{stream}/members/{user}":    forUsers,
	"POST /v1/groups/{stream}/transfer":         forUsers,

	// Moments
	"POST /v1/moments":                             forUsers,
	"GET /v1/moments":                              forUsers,
	"GET /v1/users/me/moments":                     forUsers,
	"GET /v1/users/{user}/moments":                 forUsers,
	"POST /v1/moments/audience-preview":            forUsers,
	"GET /v1/moments/{post}":                       forUsers,
	"PATCH /v1/moments/{post}":                     forUsers,
	"DELETE /v1/moments/{post}":                    forUsers,
	"PUT /v1/moments/{post}/like":                  forUsers,
	"DELETE /v1/moments/{post}/like":               forUsers,
	"POST /v1/moments/{post}/comments":             forUsers,
	"DELETE /v1/moments/{post}/comments/{comment}": forUsers,
	"PUT /v1/moments/{post}/mute":                  forUsers,
	"DELETE /v1/moments/{post}/mute":               forUsers,
	"GET /v1/moments/{post}/why":                   forUsers,

	// Presence
	"GET /v1/presence": forUsers,

	// Push
	"GET /v1/push/key":           forUsers,
	"PUT /v1/me/push":            forUsers,
	"DELETE /v1/me/push":         forUsers,
	"GET /v1/me/push/settings":   forUsers,
	"PATCH /v1/me/push/settings": forUsers,

	// Media
	"POST /v1/media":                  forUsers,
	"GET /v1/media/{media}":           forUsers,
	"GET /v1/media/{media}/thumbnail": forUsers,

	// Mini-programs
	"GET /v1/mini-programs":                     forUsers,
	"GET /v1/mini-programs/{app}":               forUsers,
	"PUT /v1/mini-programs/{app}/follow":        forUsers,
	"DELETE /v1/mini-programs/{app}/follow":     forUsers,
	"PUT /v1/mini-programs/{app}/mute":          forUsers,
	"DELETE /v1/mini-programs/{app}/mute":       forUsers,
	"POST /v1/mini-programs/{app}/login-codes":  forUsers,
	"POST /v1/mini-programs/{app}/openid/reset": forUsers,
	"POST /v1/activations":                      forUsers,
	"POST /v1/consents":                         forUsers,
	"POST /v1/consents/{consent}/decision":      forUsers,
	"GET /v1/me/grants":                         forUsers,
	"DELETE /v1/me/grants/{grant}":              forUsers,
	"GET /v1/me/notices":                        forUsers,
	"GET /v1/me/notices/{notice}/why":           forUsers,
	"POST /v1/me/notices/{notice}/stop":         forUsers,
	"POST /v1/me/notices/{notice}/report":       forUsers,

	// App servers: nothing else answers an app's token
	"POST /v1/app/token":                                forAnybody,
	"POST /v1/app/login":                                forApps,
	"GET /v1/app/grants":                                forApps,
	"POST /v1/app/notices":                              forApps,
	"GET /v1/app/notices/{notice}":                      forApps,
	"POST /v1/app/replies":                              forApps,
	"POST /v1/app/templates":                            forApps,
	"GET /v1/app/templates":                             forApps,
	"GET /v1/app/templates/{template}":                  forApps,
	"GET /v1/app/webhook":                               forApps,
	"PUT /v1/app/webhook":                               forApps,
	"GET /v1/app/webhook/deliveries":                    forApps,
	"POST /v1/app/webhook/deliveries/{delivery}/replay": forApps,
	"GET /v1/app/stats":                                 forApps,

	// Developers
	"POST /v1/developer/apps":                          forUsers,
	"GET /v1/developer/apps":                           forUsers,
	"POST /v1/developer/apps/{app}/secrets":            forUsers,
	"GET /v1/developer/apps/{app}/secrets":             forUsers,
	"DELETE /v1/developer/apps/{app}/secrets/{secret}": forUsers,
	"PUT /v1/developer/apps/{app}/package":             forUsers,

	// Moderation
	"GET /v1/moderation/cases":                        forModerators,
	"GET /v1/moderation/cases/{case}":                 forModerators,
	"POST /v1/moderation/cases/{case}/claim":          forModerators,
	"POST /v1/moderation/cases/{case}/decision":       forModerators,
	"POST /v1/moderation/actions":                     forModerators,
	"GET /v1/moderation/templates":                    forModerators,
	"POST /v1/moderation/templates/{template}/review": forModerators,
	"GET /v1/moderation/held":                         forModerators,
	"GET /v1/moderation/audit":                        forAuditors,

	// Operation
	"POST /operator/users":                  forOperators,
	"POST /operator/users/{user}/password":  forOperators,
	"POST /operator/users/{user}/role":      forOperators,
	"POST /operator/users/{user}/suspend":   forOperators,
	"POST /operator/users/{user}/unsuspend": forOperators,
	"POST /operator/developers/{user}/tier": forOperators,
	"POST /operator/check/{what}":           forOperators,
}

func TestDoors(t *testing.T) {
	o := openOffice(t)
	h := o.public
	h.user("zoe")
	callers := []struct {
		name, token string
		want        func(door) string
	}{
		{"anonymous", "", func(d door) string { return d.anonymous }},
		{"a user", h.as(session), func(d door) string { return d.user }},
		{"a developer", h.app().developer, func(d door) string { return d.user }},
		{"an app", h.as(app), func(d door) string { return d.app }},
		{"a moderator", h.as(moderator), func(d door) string { return d.moderator }},
		{"a senior moderator", h.withRole("sen", account.RoleSenior), func(d door) string { return d.senior }},
		{"an auditor", h.withRole("aud", account.RoleAuditor), func(d door) string { return d.auditor }},
		{"the operator", operatorToken, func(d door) string { return d.operator }},
	}
	known := map[string]bool{}
	for _, rt := range routes {
		name := rt.method + " " + rt.path
		known[name] = true
		want, ok := doors[name]
		if !ok {
			t.Errorf("%s: it is not written down who may call it", name)
			continue
		}
		for _, c := range callers {
			if got := o.knock(rt, c.token); got != c.want(want) {
				t.Errorf("%s by %s is %s, want %s", name, c.name, got, c.want(want))
			}
		}
	}
	for name := range doors {
		if !known[name] {
			t.Errorf("%s is no operation", name)
		}
	}
}

// knock calls an operation and tells how far that came.
func (o *office) knock(rt route, token string) string {
	o.t.Helper()
	h := o.public
	if rt.who == operator {
		h = o.house
	}
	path, body := o.public.example(rt.path), expected[rt.id].body
	switch rt.id {
	case "endCurrentSession", "changePassword", "deleteMe": // would end what comes next
		path += "?x=1"
	case "createSession": // another body's refusal looks like one at the door
		body = `{"user":"zoe","password":"correct horse battery","device":"door"}`
	case "createAppToken":
		if token != "" {
			return yes // where a bearer token would be are the app's credentials
		}
		o.public.askToken(o.public.app().id, o.public.app().secret, "grant_type=client_credentials").want(200)
		return yes
	}
	a := h.call(rt.method, path, token, orNil(body))
	if a.status < 400 {
		return yes
	}
	switch code := into[problem](a).Code; code {
	case who, not, may:
		return code
	case "internal":
		o.t.Errorf("%s %s answers %s", rt.method, rt.path, a.body)
	}
	return yes
}

// A live token of one kind is told that it is of the wrong kind; one that is none,
// or none any more, is told only that.
func TestTokensThatAreNoneOpenNoDoor(t *testing.T) {
	h := open(t)
	a := h.app()
	for _, token := range []string{a.token + "x", a.token[:len(a.token)-1], "tha_", "tha_x", a.secret, strings.ToUpper(a.token), h.as(session) + "x"} {
		for _, p := range []string{"/v1/me", "/v1/app/stats", "/v1/moderation/cases"} {
			h.get(p, token).refused("unauthenticated")
		}
	}
	h.get("/v1/me", a.token).refused("wrong_principal")
	h.get("/v1/app/stats", a.token).want(200)
	h.get("/v1/app/stats", h.as(session)).refused("wrong_principal")
	h.pass(miniprogram.TokenLives + time.Minute)
	for _, p := range []string{"/v1/me", "/v1/app/stats"} {
		h.get(p, a.token).refused("token_expired")
	}
}

// What an app's server is refused behind the door leaves one row too, the gate or not.
func TestRefusalsAreRecorded(t *testing.T) {
	h := open(t)
	a := h.app()
	audit := "/v1/moderation/audit?actor=" + a.id
	for n, ask := range []func(){
		func() { h.post("/v1/app/login", a.token, `{"code":"none"}`).refused("bad_request") },
		func() { h.get("/v1/app/templates/t-foreign", a.token).refused("template_unknown") },
		func() { h.post("/v1/app/templates", a.token, `{"touser":"ann"}`).refused("unknown_field") },
		func() { h.get("/v1/app/notices/n-foreign", a.token).refused("not_found") },
		func() { h.get("/v1/app/grants?touser=ann", a.token).refused("bad_request") },
		func() { h.post("/v1/app/replies", a.token, `{"touser":"ann"}`).refused("recipient_not_accepted") },
		func() { h.post("/v1/app/webhook/deliveries/foreign/replay", a.token, nil).refused("not_found") },
	} {
		ask()
		if rows := h.get(audit, h.as(moderator)).items(); len(rows) != n+1 {
			t.Fatalf("after %d refusals the audit has %v", n+1, rows)
		}
	}
}

// What an app's server is refused at the door leaves a row.
func TestWrongDoorsAreRecorded(t *testing.T) {
	h := open(t)
	a := h.app()
	h.post("/v1/conversations", a.token, `{"with":"ann"}`).refused("wrong_principal")
	r := h.request("POST", "/v1/app/notices", a.token, `{}`)
	r.Header.Set("Content-Type", "text/plain")
	h.do(r).refused("unsupported_media_type")
	rows := h.get("/v1/moderation/audit?actor="+a.id, h.as(moderator)).items()
	if len(rows) != 2 || rows[0]["reason"] != "unsupported_media_type" || rows[0]["action"] != "notice_refused" ||
		rows[1]["reason"] != "wrong_principal" || rows[1]["after"].(map[string]any)["operation"] != "openConversation" {
		t.Fatalf("the audit has %v", rows)
	}
}
