package api

import (
	"strings"
	"testing"
)

func TestClientCredentials(t *testing.T) {
	h := open(t)
	a := h.app()
	const grant = "grant_type=client_credentials"
	got := h.askToken(a.id, a.secret, grant).want(200)
	token := got.object()
	if token["token_type"] != "Bearer" || token["expires_in"] != 7200.0 || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("a token is %v, %v", token, got.header)
	}
	other := h.askToken(a.id, a.secret, grant+"&scope=").want(200).object()
	if other["access_token"] == token["access_token"] {
		t.Fatal("a token came twice")
	}
	for _, of := range []map[string]any{token, other} {
		h.get("/v1/app/stats", of["access_token"].(string)).want(200)
	}

	bad := map[string][2]string{
		"a wrong secret": {a.id, "wrong"}, "no secret": {a.id, ""}, "an unknown app": {"app-aaaaaaaaaaaaaaaaaaaaaaaaaa", a.secret}, "a user": {"dana", a.secret},
		"a longer secret": {a.id, a.secret + " "}, "nobody": {"", ""}, "a token": {a.id, a.token}, "a long name": {strings.Repeat("x", 5000), "x"},
	}
	first := ""
	for what, of := range bad {
		refused := h.askToken(of[0], of[1], grant)
		p := refused.refused("unauthenticated")
		if !strings.HasPrefix(refused.header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s is told to sign in by %q", what, refused.header.Get("WWW-Authenticate"))
		}
		body := strings.ReplaceAll(string(refused.body), p.TraceID, "")
		if first == "" {
			first = body
		}
		if body != first {
			t.Errorf("%s can be told from others: %s and %s", what, body, first)
		}
	}
	for _, form := range []string{"", "grant_type=password", "grant_type=authorization_code&code=x", "x=1", grant + "&" + grant, "grant_type", "%zz", grant + "&client_secret=" + a.secret} {
		h.askToken(a.id, a.secret, form).refused("bad_request")
	}
	h.askToken(a.id, a.secret, grant+"&x="+strings.Repeat("x", 9<<10)).refused("too_large")
	r := h.request("POST", "/v1/app/token", "", `{"grant_type":"client_credentials"}`)
	r.SetBasicAuth(a.id, a.secret)
	h.do(r).refused("unsupported_media_type")
	r = h.request("POST", "/v1/app/token", a.token, grant)
	r.Header.Set("Content-Type", urlType)
	h.do(r).refused("unauthenticated")
	if log := h.log.String(); strings.Contains(log, a.secret) || strings.Contains(log, a.token) {
		t.Error("the log has what it must not have")
	}
}

func TestLimitsOfApps(t *testing.T) {
	h := open(t, func(_ *Parts, o *Options) {
		o.Limits = Limits{AppToken: Rate{Burst: 7}, AppGuess: Rate{Burst: 2}, App: Rate{Burst: 3}, Page: Rate{Burst: 2}}
	})
	a, b := h.newApp("dana", "Noodles", "transport"), h.newApp("dov", "Dumplings", "transport") // two tokens
	const grant = "grant_type=client_credentials"
	h.askToken(a.id, "wrong", grant).refused("unauthenticated")
	h.askToken(a.id, "wrong", grant).refused("unauthenticated")
	h.askToken(a.id, a.secret, grant).refused("rate_limited") // until guessing from here has cooled down
	h.askToken(b.id, b.secret, grant).want(200)
	h.askToken(b.id, b.secret, grant).want(200)
	if got := h.askToken(b.id, b.secret, grant); got.header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After: %v", got.header)
	} else {
		got.refused("rate_limited") // whoever asks from here
	}
	for range 3 {
		h.get("/v1/app/stats", a.token).want(200)
	}
	h.get("/v1/app/stats", a.token).refused("rate_limited")
	h.get("/v1/app/stats", b.token).want(200)
	h.get("/m/"+a.id+"/", "").refused("not_found")
	h.get("/m/"+a.id+"/", "").refused("not_found")
	h.get("/m/"+a.id+"/", "").refused("rate_limited")
}
