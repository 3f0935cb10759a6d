package api

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// What package node passes to package feed, which this package cannot import.
type (
	ties    struct{ *contact.Service }
	authors struct{ *account.Service }
	library struct{}
)

func (t ties) Ties(ctx context.Context, u id.User, others []id.User) ([]feed.Tie, error) {
	found, err := t.Service.Ties(ctx, u, others)
	return each(found, tieOf), err
}

func (t ties) Standings(ctx context.Context, u id.User, others []id.User) ([]feed.Tie, error) {
	found, err := t.Service.Standings(ctx, u, others)
	return each(found, tieOf), err
}

func (t ties) Friends(ctx context.Context, u id.User) ([]feed.Friend, error) {
	found, err := t.Service.Friends(ctx, u)
	return each(found, func(f contact.Tied) feed.Friend { return feed.Friend{User: f.User, Tie: tieOf(f.Tie)} }), err
}

func tieOf(t contact.Tie) feed.Tie {
	return feed.Tie{Friends: t.Friends, Blocks: t.Blocks, Blocked: t.Blocked, Mine: feed.Switches(t.Mine), Theirs: feed.Switches(t.Theirs)}
}

func (a authors) Authors(ctx context.Context, users []id.User) ([]feed.Author, error) {
	out := make([]feed.Author, len(users))
	for i, u := range users {
		back, shown, err := a.Moments(ctx, u)
		if err != nil {
			return nil, err
		}
		out[i] = feed.Author{LookBack: back, Suspended: !shown}
	}
	return out, nil
}

// aMedium is one that everybody has uploaded.
const aMedium = "m-aaaaaaaaaaaaaaaaaaaaaaaaaa"

func (library) Media(_ context.Context, _ id.User, media []id.Media) ([]feed.Medium, error) {
	return each(media, func(m id.Media) feed.Medium {
		if m != aMedium {
			return feed.Medium{}
		}
		return feed.Medium{ID: m, Type: "image/png", Width: 32, Height: 24, Placeholder: "L00000fQfQfQ"}
	}), nil
}
func (library) Carry(context.Context, id.Post, []id.Media) error   { return nil }
func (library) Uncarry(context.Context, id.Post, []id.Media) error { return nil }

// share posts a moment and returns its id. to is an audience's kind.
func (h *house) share(token, text, to string) (post string) {
	h.t.Helper()
	h.pass(time.Millisecond)
	return h.post("/v1/moments", token, map[string]any{"text": text, "audience": map[string]any{"kind": to}}).want(201).object()["post"].(string)
}

func TestMoments(t *testing.T) {
	h := open(t)
	tokens := h.friends("ann", "bea")
	ann, bea, eve := tokens[0], tokens[1], h.user("eve")
	h.patch("/v1/contacts/bea", ann, `{"tags":["tea"]}`).want(200)

	made := h.post("/v1/moments", ann, `{"text":"first flush","media":["`+aMedium+`"],"mentions":["bea"],
		"audience":{"kind":"only","users":["bea"],"tags":["tea"],"mode":"snapshot"},"location":{"lat":30.25,"lng":120.5,"name":"Hangzhou"}}`).want(201).object()
	post := made["post"].(string)
	want := `{"at":"AT","audience":{"kind":"only","mode":"snapshot","tags":["tea"],"users":["bea"]},"author":"ann","comments":[],"likes":[],` +
		`"location":{"lat":30.25,"lng":120.5,"name":"Hangzhou"},` +
		`"media":[{"height":24,"media":"` + aMedium + `","placeholder":"L00000fQfQfQ","type":"image/png","width":32}],` +
		`"mentions":["bea"],"post":"` + post + `","text":"first flush"}`
	plain := func(m map[string]any) string {
		at, ok := m["at"].(string)
		if _, err := time.Parse(time.RFC3339, at); !ok || err != nil || !strings.HasSuffix(at, "Z") {
			t.Errorf("at is %v", m["at"])
		}
		m["at"] = "AT"
		raw, _ := json.Marshal(m)
		return string(raw)
	}
	if got := plain(made); got != want {
		t.Errorf("posted\n%s, want\n%s", got, want)
	}
	theirs := h.get("/v1/moments/"+post, bea).want(200).object()
	if theirs["audience"] != nil {
		t.Errorf("bea is told the audience: %v", theirs)
	}
	for _, path := range []string{"/v1/moments", "/v1/users/ann/moments"} {
		if items := h.get(path, ann).items(); len(items) != 1 || plain(items[0]) != want {
			t.Errorf("%s has %v", path, items)
		}
	}
	said := h.post("/v1/moments/"+post+"/comments", bea, `{"text":"lovely"}`).want(201).object()
	h.pass(time.Millisecond)
	again := h.post("/v1/moments/"+post+"/comments", ann, map[string]any{"text": "thanks", "reply_to": said["id"]}).want(201).object()
	if to, _ := again["reply_to"].(map[string]any); to["id"] != said["id"] || to["user"] != "bea" || again["from"] != "ann" || said["reply_to"] != nil {
		t.Errorf("comments %v and %v", said, again)
	}
	h.put("/v1/moments/"+post+"/like", bea, nil).want(204)
	h.put("/v1/moments/"+post+"/like", bea, nil).want(204)
	m := into[moment](h.get("/v1/moments/"+post+"?limit=3", ann).want(200))
	if len(m.Likes) != 1 || m.Likes[0].User != "bea" || len(m.Comments) != 2 || m.Comments[1].Text != "thanks" {
		t.Errorf("ann sees %+v", m)
	}
	h.delete("/v1/moments/"+post+"/like", bea).want(204)
	h.delete("/v1/moments/"+post+"/comments/"+again["id"].(string), bea).refused("forbidden")
	h.delete("/v1/moments/"+post+"/comments/"+said["id"].(string), ann).want(204)
	if m := into[moment](h.get("/v1/moments/"+post, bea).want(200)); len(m.Likes)+len(m.Comments) != 0 {
		t.Errorf("bea sees %+v", m)
	}
	h.put("/v1/moments/"+post+"/mute", bea, nil).want(204)
	h.delete("/v1/moments/"+post+"/mute", bea).want(204)

	// What eve may not see is like nothing.
	none := "p-0198c000-0000-7000-8000-000000000001"
	for _, path := range []string{post, none} {
		h.get("/v1/moments/"+path, eve).refused("not_found")
		h.put("/v1/moments/"+path+"/like", eve, nil).refused("not_found")
		h.post("/v1/moments/"+path+"/comments", eve, `{"text":"?"}`).refused("not_found")
		h.get("/v1/moments/"+path+"/why", eve).refused("not_found")
		h.delete("/v1/moments/"+path, eve).refused("not_found")
	}
	if items := h.get("/v1/users/ann/moments", eve).items(); len(items) != 0 {
		t.Errorf("eve sees %v", items)
	}
	h.get("/v1/moments/"+post+"/why", bea).refused("forbidden")
	h.patch("/v1/moments/"+post, bea, `{"audience":{"kind":"friends"}}`).refused("forbidden")
	h.delete("/v1/moments/"+post, bea).refused("forbidden")

	if got := h.patch("/v1/moments/"+post, ann, `{"audience":{"kind":"private"}}`).want(200).object(); got["audience"].(map[string]any)["kind"] != "private" {
		t.Errorf("changed to %v", got)
	}
	h.get("/v1/moments/"+post, bea).refused("not_found")
	h.delete("/v1/moments/"+post, ann).want(204)
	h.get("/v1/moments/"+post, ann).refused("not_found")
}

func TestMomentsAreExplained(t *testing.T) {
	h := open(t)
	tokens := h.friends("ann", "bea", "cyd")
	ann, bea := tokens[0], tokens[1]
	post := h.share(ann, "for all", "friends")
	hidden := h.share(ann, "for me", "private")
	h.patch("/v1/contacts/cyd", ann, `{"hide_my_moments":true}`).want(200)
	h.patch("/v1/contacts/ann", bea, `{"hide_their_moments":true}`).want(200) // which ann is not told
	var got []string
	for _, v := range h.get("/v1/moments/"+post+"/why", ann).items() {
		if sees, _ := v["sees"].(bool); sees {
			got = append(got, v["user"].(string))
		}
	}
	preview := into[previewed](h.post("/v1/moments/audience-preview", ann, `{"audience":{"kind":"friends"}}`).want(200))
	if !slices.Equal(got, []string{"bea"}) || !slices.Equal(preview.Users, got) || preview.Count != 1 {
		t.Errorf("why says %v, the preview %v", got, preview)
	}
	first := into[list[verdict]](h.get("/v1/moments/"+post+"/why?limit=1", ann).want(200))
	second := into[list[verdict]](h.get("/v1/moments/"+post+"/why?limit=1&cursor="+*first.Next, ann).want(200))
	if second.Next != nil || second.Items[0].User != "cyd" || second.Items[0].Rule == "" {
		t.Errorf("pages %v and %v", first, second)
	}
	for path, want := range map[string][]string{
		"/v1/users/me/moments": {hidden, post}, "/v1/users/me/moments?as=bea": {post}, "/v1/users/me/moments?as=cyd": nil, "/v1/users/me/moments?as=ann": {hidden, post},
	} {
		var posts []string
		for _, m := range h.get(path, ann).items() {
			posts = append(posts, m["post"].(string))
		}
		if !slices.Equal(posts, want) {
			t.Errorf("%s has %v, want %v", path, posts, want)
		}
	}
	h.get("/v1/users/me/moments?as=No+body", ann).refused("bad_request")
	h.post("/v1/moments/audience-preview", ann, `{"audience":{"kind":"only","users":["bea","zoe"]}}`).refused("not_friends")
}

func TestMomentsInPages(t *testing.T) {
	h := open(t)
	ann := h.user("ann")
	var want []string
	for range 7 {
		h.pass(time.Second)
		want = append(want, h.share(ann, "again", "friends"))
	}
	slices.Reverse(want)
	for _, path := range []string{"/v1/moments", "/v1/users/ann/moments", "/v1/users/me/moments"} {
		var got []string
		for next := ""; ; {
			page := into[list[moment]](h.get(path+"?limit=3"+next, ann).want(200))
			for _, m := range page.Items {
				got = append(got, m.Post)
			}
			if page.Next == nil {
				break
			}
			next = "&before=" + *page.Next
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", path, got, want)
		}
		h.get(path+"?limit=201", ann).refused("bad_request")
		h.get(path+"?before=garbled", ann).refused("bad_request")
	}
}

// A moment shows a page of a mini-program as a card.
func TestMomentWithACard(t *testing.T) {
	h := open(t)
	ann, app := h.user("ann"), h.app()
	card := map[string]any{"app": app.id, "title": "Our queue", "page": "/queue?no=17"}
	m := h.post("/v1/moments", ann, map[string]any{"text": "", "audience": map[string]any{"kind": "friends"}, "app_card": card}).want(201).object()
	if got := h.get("/v1/moments/"+m["post"].(string), ann).want(200).object(); !reflect.DeepEqual(got["app_card"], card) {
		t.Errorf("the card is %v", got["app_card"])
	}
}

func TestBadMoments(t *testing.T) {
	h := open(t)
	tokens := h.friends("ann", "bea")
	ann := tokens[0]
	post := h.share(ann, "x", "friends")
	const friends = `"audience":{"kind":"friends"}`
	for body, want := range map[string]string{
		`{"text":"x"}`:                                                     "bad_request",
		`{` + friends + `}`:                                                "bad_request",
		`{"text":" ",` + friends + `}`:                                     "bad_request",
		`{"text":"x","audience":{}}`:                                       "bad_request",
		`{"text":"x","audience":{"kind":"everybody"}}`:                     "bad_request",
		`{"text":"x","audience":{"kind":"friends","mode":"sometimes"}}`:    "bad_request",
		`{"text":"x","audience":{"kind":"only","users":"bea"}}`:            "bad_request",
		`{"text":"x","audience":{"kind":"friends","groups":[]}}`:           "unknown_field",
		`{"text":"x","audience":{"kind":"only","users":["zoe"]}}`:          "not_friends",
		`{"text":"x","colour":"green",` + friends + `}`:                    "unknown_field",
		`{"text":5,` + friends + `}`:                                       "bad_request",
		`{"text":"x","media":["no-such-media"],` + friends + `}`:           "bad_request",
		`{"text":"x","app_card":{"app":"app-none"},` + friends + `}`:       "bad_request",
		`{"text":"x","location":{},` + friends + `}`:                       "bad_request",
		`{"text":"x","location":{"lat":1},` + friends + `}`:                "bad_request",
		`{"text":"x","location":{"lng":1,"name":"here"},` + friends + `}`:  "bad_request",
		`{"text":"x","location":{"lat":91,"lng":0},` + friends + `}`:       "bad_request",
		`{"text":"` + strings.Repeat("茶", 2001) + `",` + friends + `}`:     "bad_request",
		`{"text":"x","mentions":["No body"],` + friends + `}`:              "bad_request",
		`{"text":"x","location":{"lat":1,"lng":0,"up":1},` + friends + `}`: "unknown_field",
	} {
		if p := h.post("/v1/moments", ann, body).refused(want); want != "unknown_field" && len(p.Errors) == 0 {
			t.Errorf("%.60s: nothing is pointed at: %v", body, p)
		}
	}
	for _, body := range []string{`{"text":""}`, `{"text":" "}`, `{"text":7}`, `{}`, `{"text":"` + strings.Repeat("x", 2001) + `"}`} {
		h.post("/v1/moments/"+post+"/comments", ann, body).refused("bad_request")
	}
	h.post("/v1/moments/"+post+"/comments", ann, `{"text":"x","reply_to":"c-1"}`).refused("not_found")
	h.post("/v1/moments/"+post+"/comments", ann, `{"text":"x","to":"bea"}`).refused("unknown_field")
	if got := len(h.get("/v1/moments", ann).items()); got != 1 {
		t.Errorf("there are %d moments", got)
	}
}
