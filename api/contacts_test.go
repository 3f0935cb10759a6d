package api

import (
	"reflect"
	"testing"
)

func TestContacts(t *testing.T) {
	h := open(t)
	ann, bob := h.user("ann"), h.user("bob")
	asked := h.post("/v1/contact-requests", ann, `{"to":"bob","greeting":"tea?"}`).want(202).object()
	if !reflect.DeepEqual(asked, map[string]any{"to": "bob", "state": "pending"}) {
		t.Fatalf("asking answers %v", asked)
	}
	h.post("/v1/contact-requests", ann, `{"to":"ann"}`).refused("bad_request")
	h.post("/v1/contact-requests", ann, `{"to":"nobody"}`).refused("not_found")

	waiting := h.get("/v1/contact-requests", bob).items()
	if len(waiting) != 1 || waiting[0]["from"] != "ann" || waiting[0]["greeting"] != "tea?" {
		t.Fatalf("who asks: %v", waiting)
	}
	h.post("/v1/contact-requests/bob/accept", ann, nil).refused("not_found")
	h.post("/v1/contact-requests/ann/accept", bob, nil).want(204)
	if got := h.post("/v1/contact-requests", bob, `{"to":"ann"}`).want(202).object(); got["state"] != "friends" {
		t.Fatalf("asking a friend answers %v", got)
	}

	full := into[contacts](h.get("/v1/contacts", ann).want(200))
	if len(full.Items) != 1 || full.Items[0].User != "bob" || full.Items[0].DisplayName != "BOB" || full.Version == "" {
		t.Fatalf("friends: %v", full)
	}
	changed := h.patch("/v1/contacts/bob", ann, `{"alias":"Bo","tags":["kin"],"starred":true}`).want(200).object()
	if changed["alias"] != "Bo" || changed["starred"] != true || changed["chat_only"] != false {
		t.Fatalf("changed to %v", changed)
	}
	if got := h.patch("/v1/contacts/bob", ann, `{"starred":false}`).want(200).object(); got["alias"] != "Bo" || got["starred"] != false {
		t.Fatalf("changed to %v", got)
	}
	news := into[contacts](h.get("/v1/contacts?since="+full.Version, ann).want(200))
	if len(news.Items) != 1 || news.Items[0].Alias != "Bo" || len(news.Removed) != 0 {
		t.Fatalf("what changed: %v", news)
	}
	h.delete("/v1/contacts/bob", ann).want(204)
	h.delete("/v1/contacts/bob", ann).want(204)
	gone := into[contacts](h.get("/v1/contacts?since="+news.Version, ann).want(200))
	if len(gone.Items) != 0 || !reflect.DeepEqual(gone.Removed, []string{"bob"}) {
		t.Fatalf("what changed: %v", gone)
	}
	h.patch("/v1/contacts/bob", ann, `{"alias":"x"}`)

	h.user("cleo")
	h.post("/v1/contact-requests", ann, `{"to":"cleo"}`).want(202)
	cleo := h.signIn("cleo", "d")
	h.post("/v1/contact-requests/ann/decline", cleo, nil).want(204)
	h.post("/v1/contact-requests/ann/accept", cleo, nil).refused("not_found")
}

func TestBlocks(t *testing.T) {
	h := open(t)
	tokens := h.friends("ann", "bob")
	ann, bob := tokens[0], tokens[1]
	h.put("/v1/blocks/bob", ann, nil).want(204)
	h.put("/v1/blocks/bob", ann, nil).want(204)
	if items := h.get("/v1/blocks", ann).items(); len(items) != 1 || items[0]["user"] != "bob" || items[0]["at"] == nil {
		t.Fatalf("blocks: %v", items)
	}
	if items := h.get("/v1/blocks", bob).items(); len(items) != 0 {
		t.Fatalf("the other's blocks: %v", items)
	}
	h.post("/v1/conversations/d-ann~bob/messages", bob, text("hello?")).refused("blocked")
	h.delete("/v1/blocks/bob", ann).want(204)
	h.delete("/v1/blocks/bob", ann).want(204)
	h.post("/v1/conversations/d-ann~bob/messages", bob, text("hello!")).want(201)
}
