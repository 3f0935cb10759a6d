package api

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAccounts(t *testing.T) {
	h := open(t)
	made := h.post("/v1/accounts", "", `{"user":"ann","password":"correct horse battery","display_name":"Ann Ång 李"}`).want(201).object()
	if made["user"] != "ann" || made["display_name"] != "Ann Ång 李" || made["avatar"] != "" {
		t.Fatalf("made %v", made)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", made["created_at"].(string)); err != nil {
		t.Fatal(err)
	}
	h.post("/v1/accounts", "", `{"user":"ann","password":"another password"}`).refused("user_taken")
	h.post("/v1/accounts", "", `{"user":"bob","password":"short"}`).refused("weak_password")
	h.post("/v1/accounts", "", `{"user":"A B","password":"correct horse battery"}`).refused("bad_request")

	token := h.signIn("ann", "phone")
	me := h.get("/v1/me", token).want(200).object()
	if me["user"] != "ann" || me["created_at"] != made["created_at"] {
		t.Fatalf("me is %v", me)
	}
	if got := h.patch("/v1/me", token, `{"display_name":"Neu ☕"}`).want(200).object(); got["display_name"] != "Neu ☕" {
		t.Fatalf("changed to %v", got)
	}
	h.patch("/v1/me", token, `{}`).want(200)
	if me["moments_look_back"] != "all" || me["presence_visible_to"] != "friends" || me["invisible"] != false || me["status_text"] != "" {
		t.Fatalf("me is %v", me)
	}
	h.patch("/v1/me", token, `{"moments_look_back":"2d","display_name":"Zoe"}`).refused("bad_request")
	h.put("/v1/me/presence", token, `{"visible_to":"everybody"}`).refused("bad_request")
	h.patch("/v1/me", token, `{"moments_look_back":"3d"}`).want(200)
	h.put("/v1/me/presence", token, `{"visible_to":"nobody"}`).want(204)
	if me = h.get("/v1/me", token).want(200).object(); me["moments_look_back"] != "3d" || me["presence_visible_to"] != "nobody" || me["display_name"] != "Neu ☕" {
		t.Fatalf("me is %v", me)
	}
	other := h.user("bea")
	if got := h.get("/v1/users/ann", other).want(200).object(); got["display_name"] != "Neu ☕" || len(got) != 3 {
		t.Fatalf("others see %v", got)
	}
	h.get("/v1/users/nobody", other).refused("not_found")
	h.get("/v1/users/No%2Fbody", other).refused("not_found")
}

func TestSignIns(t *testing.T) {
	h := open(t)
	phone := h.user("ann")
	desk := h.signIn("ann", "desk")

	items := h.get("/v1/sessions", phone).items()
	if len(items) != 2 {
		t.Fatalf("two devices, and the list has %v", items)
	}
	var other string
	for _, of := range items {
		if of["current"] != (of["device"] == "phone") {
			t.Fatalf("the phone asks, and the list says %v", of)
		}
		if of["device"] == "desk" {
			other = of["session"].(string)
		}
	}
	// The list comes in pages like any other.
	first := into[list[signIn]](h.get("/v1/sessions?limit=1", phone).want(200))
	if len(first.Items) != 1 || first.Next == nil {
		t.Fatalf("a page of one is %v", first)
	}
	second := into[list[signIn]](h.get("/v1/sessions?limit=1&cursor="+*first.Next, phone).want(200))
	if len(second.Items) != 1 || second.Next != nil || second.Items[0].Session == first.Items[0].Session {
		t.Fatalf("the second page is %v", second)
	}
	h.get("/v1/sessions?cursor=garbled", phone).refused("bad_request")

	h.user("bob")
	h.delete("/v1/sessions/"+other, h.signIn("bob", "x")).refused("not_found")
	h.delete("/v1/sessions/"+other, phone).want(204)
	h.get("/v1/me", desk).refused("unauthenticated")
	h.delete("/v1/sessions/"+other, phone).refused("not_found")

	desk = h.signIn("ann", "desk")
	h.post("/v1/me/password", phone, map[string]any{"old": "wrong", "new": "a brand new password"}).want(403)
	h.post("/v1/me/password", phone, map[string]any{"old": password, "new": "short"}).refused("weak_password")
	h.post("/v1/me/password", phone, map[string]any{"old": password, "new": "a brand new password"}).want(204)
	h.get("/v1/me", desk).refused("unauthenticated")

	h.delete("/v1/sessions/current", phone).want(204)
	h.get("/v1/me", phone).refused("unauthenticated")
}

// Whoever has left looks like somebody who never was; only the name is taken.
func TestLeaving(t *testing.T) {
	h := open(t)
	phone, ben := h.user("ann"), h.user("ben")
	desk := h.signIn("ann", "desk")
	h.delete("/v1/me?sure=yes", phone).refused("bad_request")
	h.delete("/v1/me", "").refused("unauthenticated")
	if a := h.delete("/v1/me", phone).want(204); len(a.body) > 0 {
		t.Fatalf("it answers %s", a.body)
	}
	for _, token := range []string{phone, desk} {
		h.get("/v1/me", token).refused("unauthenticated")
		h.delete("/v1/me", token).refused("unauthenticated")
	}
	h.post("/v1/accounts", "", `{"user":"ann","password":"another password"}`).refused("user_taken")
	for path, body := range map[string]string{
		"/v1/users/%s": "", "/v1/contact-requests": `{"to":"%s"}`, "/v1/conversations": `{"with":"%s"}`,
	} {
		ask := func(name string) problem {
			method, at := "POST", path
			if body == "" {
				method, at = "GET", fmt.Sprintf(path, name)
			}
			p := h.call(method, at, ben, orNil(strings.ReplaceAll(body, "%s", name))).refused("not_found")
			p.TraceID = ""
			return p
		}
		if left, never := ask("ann"), ask("nobody"); !reflect.DeepEqual(left, never) {
			t.Errorf("%s answers %v and %v", path, left, never)
		}
	}
	ask := func(name string) problem {
		p := h.post("/v1/sessions", "", `{"user":"`+name+`","password":"`+password+`","device":"d"}`).refused("unauthenticated")
		p.TraceID = ""
		return p
	}
	if left, never := ask("ann"), ask("nobody"); !reflect.DeepEqual(left, never) {
		t.Errorf("signing in answers %v and %v", left, never)
	}
}

func TestSignInIsByPasswordOrByAssertion(t *testing.T) {
	h := open(t)
	h.user("ann")
	for _, body := range []string{
		`{"device":"d"}`,
		`{"user":"ann","device":"d"}`,
		`{"password":"correct horse battery","device":"d"}`,
		`{"user":"ann","password":"correct horse battery"}`,
		`{"user":"ann","password":"correct horse battery","assertion":"x.y.z","device":"d"}`,
		`{"user":"ann","assertion":"x.y.z","device":"d"}`,
		`{"password":"correct horse battery","assertion":"","device":"d"}`,
		`{"assertion":"x.y.z"}`,
	} {
		h.post("/v1/sessions", "", body).refused("bad_request")
	}
	h.post("/v1/sessions", "", `{"user":"ann","password":"wrong","device":"d"}`).refused("unauthenticated")
	h.post("/v1/sessions", "", `{"user":"nobody","password":"wrong","device":"d"}`).refused("unauthenticated")
}

// Whether somebody exists can be told neither by the body nor by the headers.
func TestUnknownUserAndWrongPasswordLookAlike(t *testing.T) {
	h := open(t)
	h.user("ann")
	wrong := h.post("/v1/sessions", "", `{"user":"ann","password":"wrong","device":"d"}`)
	nobody := h.post("/v1/sessions", "", `{"user":"bob","password":"wrong","device":"d"}`)
	a, b := wrong.refused("unauthenticated"), nobody.refused("unauthenticated")
	a.TraceID, b.TraceID = "", ""
	if a.Detail != b.Detail || len(a.Errors) != 0 || len(b.Errors) != 0 {
		t.Fatalf("%v and %v", a, b)
	}
	for name := range wrong.header {
		if nobody.header[name] == nil {
			t.Fatalf("only the wrong password has %s", name)
		}
	}
	if len(wrong.header) != len(nobody.header) {
		t.Fatalf("%v and %v", wrong.header, nobody.header)
	}
}
