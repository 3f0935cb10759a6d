package api

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

func TestDirectConversations(t *testing.T) {
	h := open(t)
	tokens := h.friends("ann", "bob")
	ann, bob := tokens[0], tokens[1]
	cleo := h.user("cleo")
	stream := h.post("/v1/conversations", ann, `{"with":"bob"}`).want(200).object()["stream"].(string)
	at := "/v1/conversations/" + stream

	first := text("good evening")
	sent := h.post(at+"/messages", ann, first).want(201).object()
	again := h.post(at+"/messages", ann, first).want(200).object()
	if sent["seq"] != 1.0 || sent["stream"] != stream || !reflect.DeepEqual(sent, again) {
		t.Fatalf("sent %v, and again %v", sent, again)
	}
	first["body"] = map[string]any{"text": "another"}
	h.post(at+"/messages", ann, first).refused("message_id_reused")
	for i := range 4 {
		h.post(at+"/messages", ann, text(fmt.Sprint(i))).want(201)
	}
	page := into[messages](h.get(at+"/messages?limit=2", bob).want(200))
	if page.Head != 5 || len(page.Items) != 2 || page.Items[0].Seq != 4 || string(page.Items[1].Body) != `{"text":"3"}` {
		t.Fatalf("the newest page is %v", page)
	}
	page = into[messages](h.get(at+"/messages?after=1&limit=1", bob).want(200))
	if len(page.Items) != 1 || page.Items[0].Seq != 2 {
		t.Fatalf("the page after 1 is %v", page)
	}
	if page = into[messages](h.get(at+"/messages?before=1", bob).want(200)); page.Items == nil || len(page.Items) != 0 {
		t.Fatalf("the page before 1 is %v", page)
	}
	if got := h.put(at+"/read", bob, `{"seq":3}`).want(200).object(); got["seq"] != 3.0 || got["unread"] != 2.0 {
		t.Fatalf("read: %v", got)
	}
	listed := h.get("/v1/conversations", bob).items()
	if len(listed) != 1 || listed[0]["stream"] != stream || listed[0]["unread"] != 2.0 || listed[0]["peer"] != "ann" || listed[0]["entries"] != nil {
		t.Fatalf("the list is %v", listed)
	}
	if got := h.get(at, bob).want(200).object(); got["kind"] != "direct" || got["peer"] != "ann" || got["title"] != "ANN" || got["owner"] != nil {
		t.Fatalf("the conversation is %v", got)
	}
	if got := h.patch(at, bob, `{"muted":true}`).want(200).object(); got["muted"] != true || got["pinned"] != false {
		t.Fatalf("changed to %v", got)
	}
	recall := h.post(at+"/messages/5/recall", ann, nil).want(200).object()
	if recall["seq"] != 6.0 || !reflect.DeepEqual(recall, h.post(at+"/messages/5/recall", ann, nil).want(200).object()) {
		t.Fatalf("recalled at %v", recall)
	}
	h.post(at+"/messages/4/recall", bob, nil).refused("forbidden")
	h.pass(3 * time.Minute)
	h.post(at+"/messages/4/recall", ann, nil).refused("recall_expired")

	for _, foreign := range []string{at, "/v1/conversations/d-ann~zoe"} {
		for _, a := range []answer{
			h.get(foreign, cleo), h.patch(foreign, cleo, `{}`), h.get(foreign+"/messages", cleo), h.post(foreign+"/messages", cleo, text("x")),
			h.put(foreign+"/read", cleo, `{"seq":1}`), h.post(foreign+"/messages/1/recall", cleo, nil),
		} {
			a.refused("not_found")
		}
	}
	h.post("/v1/conversations/d-ann~cleo/messages", cleo, text("x")).refused("not_friends")
}

func TestGroups(t *testing.T) {
	h := open(t)
	tokens := h.friends("ann", "bob", "cleo", "dora")
	ann, bob, cleo := tokens[0], tokens[1], tokens[2]
	erin := h.user("erin")

	refused := h.post("/v1/groups", ann, `{"name":"Tea","members":["bob","erin"]}`).refused("not_friends")
	if len(refused.Errors) != 1 || refused.Errors[0].Pointer != "/members/1" {
		t.Errorf("who is no friend: %v", refused.Errors)
	}
	group := h.post("/v1/groups", ann, `{"name":"Tea at four","members":["bob","cleo"]}`).want(201).object()
	if group["owner"] != "ann" || group["member_count"] != 3.0 || group["my_role"] != "owner" || group["admins"] == nil {
		t.Fatalf("made %v", group)
	}
	stream := group["stream"].(string)
	at := "/v1/groups/" + stream
	if got := h.get("/v1/conversations/"+stream, bob).want(200).object(); got["my_role"] != "member" || got["name"] != "Tea at four" || got["settings"] == nil {
		t.Fatalf("the group is %v", got)
	}
	if got := h.patch(at, ann, `{"name":"Tea at five","mute_all":true}`).want(200).object(); got["name"] != "Tea at five" || got["settings"].(map[string]any)["mute_all"] != true {
		t.Fatalf("changed to %v", got)
	}
	h.post("/v1/conversations/"+stream+"/messages", bob, text("x")).refused("muted")
	h.patch(at, bob, `{"mute_all":false}`).refused("forbidden")
	h.patch(at, ann, `{"mute_all":false}`).want(200)

	if got := h.post(at+"/members", bob, `{"users":["dora","cleo"]}`).want(200).object(); !reflect.DeepEqual(got["added"], []any{"dora"}) {
		t.Fatalf("added %v", got)
	}
	h.post(at+"/members", bob, `{"users":["erin"]}`).refused("not_friends")
	members := h.get(at+"/members?limit=2", cleo).items()
	if len(members) != 2 || members[0]["user"] != "ann" || members[0]["role"] != "owner" || members[1]["display_name"] != "BOB" {
		t.Fatalf("members: %v", members)
	}

	until := h.time().Add(time.Hour).UTC().Format("2006-01-02T15:04:05.000Z")
	h.put(at+"/members/bob", ann, map[string]any{"muted_until": until}).want(204)
	h.post("/v1/conversations/"+stream+"/messages", bob, text("x")).refused("muted")
	if got := h.get(at+"/members", ann).items()[1]; got["muted_until"] != until {
		t.Fatalf("muted: %v", got)
	}
	h.put(at+"/members/bob", ann, `{"role":"admin"}`).want(204) // what is left out stays
	if got := h.get(at+"/members", ann).items()[1]; got["muted_until"] != until || got["role"] != "admin" {
		t.Fatalf("an admin: %v", got)
	}
	h.put(at+"/members/bob", ann, `{"muted_until": null ,"role":"member"}`).want(204)
	h.post("/v1/conversations/"+stream+"/messages", bob, text("x")).want(201)
	h.put(at+"/members/bob", bob, `{"nickname":"Bo"}`).want(204)
	h.put(at+"/members/bob", ann, `{"role":null}`).refused("bad_request")
	h.put(at+"/members/bob", ann, `{"muted_until":null,"role":null}`).refused("bad_request")
	h.put(at+"/members/bob", ann, `{"muted_until":null,"x":1}`).refused("unknown_field")
	h.put(at+"/members/bob", ann, `{"muted_until":null,"muted_until":null}`).refused("bad_request")
	h.put(at+"/members/bob", ann, `{"muted_until":"soon"}`).refused("bad_request")
	h.put(at+"/members/bob", ann, `{"muted_until":5}`).refused("bad_request")
	h.put(at+"/members/bob", ann, `{"role":"emperor"}`).refused("bad_request")
	h.put(at+"/members/nobody", ann, `{"role":"admin"}`).refused("not_found")

	for _, a := range []answer{
		h.get("/v1/conversations/"+stream, erin), h.patch(at, erin, `{"name":"x"}`), h.delete(at, erin), h.get(at+"/members", erin),
		h.post(at+"/members", erin, `{"users":["ann"]}`), h.delete(at+"/members/bob", erin), h.put(at+"/members/bob", erin, `{}`), h.post(at+"/transfer", erin, `{"to":"bob"}`),
	} {
		a.refused("not_found")
	}
	h.delete(at+"/members/cleo", ann).want(204)
	h.get(at+"/members", cleo).refused("not_member")
	h.post("/v1/conversations/"+stream+"/messages", cleo, text("x")).refused("not_member")
	h.post(at+"/transfer", bob, `{"to":"bob"}`).refused("forbidden")
	h.post(at+"/transfer", ann, `{"to":"bob"}`).want(204)
	h.delete(at, bob).want(204)
	h.post("/v1/conversations/"+stream+"/messages", bob, text("x")).refused("stream_closed")
}
