package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
)

// Who may see a message may see what it shows, for as long as it does; for others
// it is what does not exist.
func TestMediaOfMessages(t *testing.T) {
	h := open(t)
	people := h.friends("ann", "bob", "cat")
	ann, bob, cat := people[0], people[1], people[2]
	dan := h.user("dan")
	m := h.upload(ann, aPicture(t, 40, 30))
	path := "/v1/media/" + m.Media
	absent := "/v1/media/" + string(id.NewMedia())
	nobody := func(when string, tokens ...string) {
		t.Helper()
		for _, token := range tokens {
			for _, p := range []string{path, path + "/thumbnail"} {
				got, want := h.get(p, token), h.get(absent, token)
				a, b := got.refused("not_found"), want.refused("not_found")
				a.TraceID, b.TraceID = "", ""
				if fmt.Sprint(a) != fmt.Sprint(b) || fmt.Sprint(len(got.header)) != fmt.Sprint(len(want.header)) {
					t.Errorf("%s: %s differs from what does not exist: %+v, %+v", when, p, a, b)
				}
			}
		}
	}
	h.get(path, ann).want(200)
	nobody("before it is sent", bob, cat, dan)

	with := h.direct(ann, "bob")
	draft := message("image", map[string]any{"media": m.Media, "width": 1, "height": 2, "caption": "tea"})
	sent := h.post("/v1/conversations/"+with+"/messages", ann, draft).want(201).object()
	again := h.post("/v1/conversations/"+with+"/messages", ann, draft).want(200).object()
	if sent["seq"] != again["seq"] {
		t.Errorf("sent at %v, and again at %v", sent["seq"], again["seq"])
	}
	entry := h.get("/v1/conversations/"+with+"/messages", bob).items()[0]
	if got := fmt.Sprint(entry["body"]); got != fmt.Sprintf("map[caption:tea height:30 media:%s width:40]", m.Media) {
		t.Errorf("bob reads %s", got)
	}
	for _, token := range []string{ann, bob} {
		h.get(path, token).want(200)
		h.get(path+"/thumbnail", token).want(200)
	}
	nobody("in a conversation of others", cat, dan)
	h.post("/v1/conversations/"+h.direct(bob, "cat")+"/messages", bob, message("image", map[string]any{"media": m.Media, "width": 1, "height": 1})).refused("not_found")
	nobody("after bob tried to pass it on", cat, dan)

	group := h.post("/v1/groups", ann, map[string]any{"name": "Tea", "members": []string{"bob", "cat"}}).want(201).object()["stream"].(string)
	two := h.post("/v1/conversations/"+group+"/messages", ann, message("file", map[string]any{"media": m.Media, "name": "tea.png", "size": 1})).want(201).object()
	h.get(path, cat).want(200)
	nobody("in a group of others", dan)
	h.delete("/v1/groups/"+group+"/members/bob", bob).want(204)
	h.get(path, bob).want(200) // of what was there before
	late := h.upload(ann, noise(100))
	h.post("/v1/conversations/"+group+"/messages", ann, message("file", map[string]any{"media": late.Media, "name": "late", "size": 1})).want(201)
	h.get("/v1/media/"+late.Media, cat).want(200)
	h.get("/v1/media/"+late.Media, bob).refused("not_found")

	h.post(fmt.Sprintf("/v1/conversations/%s/messages/%v/recall", group, two["seq"]), ann, nil).want(200)
	nobody("after it was taken back in the group", cat, dan)
	h.get(path, bob).want(200)
	h.post(fmt.Sprintf("/v1/conversations/%s/messages/%v/recall", with, sent["seq"]), ann, nil).want(200)
	nobody("after it was taken back everywhere", bob, cat, dan)
	h.get(path, ann).want(200)
}

// A file may be taken back for longer than a text.
func TestFilesAreTakenBackLate(t *testing.T) {
	h := open(t)
	people := h.friends("ann", "bob")
	with := h.direct(people[0], "bob")
	send := func(m map[string]any) string {
		seq := h.post("/v1/conversations/"+with+"/messages", people[0], m).want(201).object()["seq"]
		return fmt.Sprintf("/v1/conversations/%s/messages/%v/recall", with, seq)
	}
	file := send(message("file", map[string]any{"media": h.upload(people[0], noise(10)).Media, "name": "a.bin", "size": 10}))
	late := send(message("file", map[string]any{"media": h.upload(people[0], noise(10)).Media, "name": "b.bin", "size": 10}))
	image := send(message("image", map[string]any{"media": h.upload(people[0], aPicture(t, 4, 4)).Media, "width": 4, "height": 4}))
	h.pass(2*time.Hour + 59*time.Minute)
	h.post(image, people[0], nil).refused("recall_expired")
	h.post(file, people[0], nil).want(200)
	h.pass(2 * time.Minute)
	h.post(late, people[0], nil).refused("recall_expired")
}

func TestBadMediaMessages(t *testing.T) {
	h := open(t)
	people := h.friends("ann", "bob")
	ann := people[0]
	with := h.direct(ann, "bob")
	pic, file := h.upload(ann, aPicture(t, 40, 30)).Media, h.upload(ann, noise(10)).Media
	bobs := h.upload(people[1], aPicture(t, 4, 4)).Media
	absent := string(id.NewMedia())
	for _, c := range []struct {
		kind, body, code string
	}{
		{"image", `{}`, "bad_request"},
		{"image", `{"media":"` + pic + `"}`, "bad_request"},
		{"image", `{"media":"` + pic + `","width":1}`, "bad_request"},
		{"image", `{"width":1,"height":1}`, "bad_request"},
		{"image", `{"media":"` + pic + `","width":-1,"height":1}`, "bad_request"},
		{"image", `{"media":"` + pic + `","width":1.5,"height":1}`, "bad_request"},
		{"image", `{"media":"` + pic + `","width":"1","height":1}`, "bad_request"},
		{"image", `{"media":"` + pic + `","width":1,"height":1,"size":3}`, "unknown_field"},
		{"image", `{"media":"` + pic + `","width":1,"height":1,"caption":"` + strings.Repeat("x", 9000) + `"}`, "bad_request"},
		{"image", `{"media":"` + file + `","width":1,"height":1}`, "bad_request"},
		{"image", `{"media":"` + bobs + `","width":1,"height":1}`, "not_found"},
		{"image", `{"media":"` + absent + `","width":1,"height":1}`, "not_found"},
		{"image", `{"media":"m-none","width":1,"height":1}`, "not_found"},
		{"image", `{"media":["` + pic + `"],"width":1,"height":1}`, "bad_request"},
		{"voice", `{"media":"` + pic + `","duration_ms":1}`, "bad_request"},
		{"voice", `{"media":"m-none","duration_ms":1}`, "not_found"},
		{"voice", `{"media":"` + pic + `"}`, "bad_request"},
		{"voice", `{"media":"` + pic + `","duration_ms":99999999999999}`, "bad_request"},
		{"video", `{"media":"` + pic + `","duration_ms":1,"width":1,"height":1}`, "bad_request"},
		{"file", `{"media":"` + file + `","name":"a"}`, "bad_request"},
		{"file", `{"media":"` + file + `","size":1}`, "bad_request"},
		{"file", `{"media":"` + file + `","name":" ","size":1}`, "bad_request"},
		{"file", `{"media":"` + file + `","name":"../a","size":1}`, "bad_request"},
		{"file", `{"media":"` + file + `","name":"a\u0000","size":1}`, "bad_request"},
		{"file", `{"media":"` + file + `","name":"gpj.\u202eexe","size":1}`, "bad_request"},
		{"file", `{"media":"` + file + `","name":"` + strings.Repeat("茶", 256) + `","size":1}`, "too_large"},
		{"file", `{"media":"` + file + `","name":"a","size":-1}`, "bad_request"},
		{"file", `{"media":"` + bobs + `","name":"a","size":1}`, "not_found"},
	} {
		draft := fmt.Sprintf(`{"message_id":"%s","kind":"%s","body":%s}`, uuid.Must(uuid.NewV7()), c.kind, c.body)
		got := h.post("/v1/conversations/"+with+"/messages", ann, draft)
		if p := into[problem](got); p.Code != c.code || len(p.Errors) != 1 || !strings.HasPrefix(p.Errors[0].Pointer, "/body") {
			t.Errorf("%s %s: %d %s, want %s", c.kind, c.body, got.status, got.body, c.code)
		}
	}
	if n := len(h.get("/v1/conversations/"+with+"/messages", ann).items()); n != 0 {
		t.Errorf("%d messages are stored", n)
	}
}
