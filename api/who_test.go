package api

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// mayDo says of every operation on a moment what comes of it, by who asks: its
// author; a friend; a friend who may not see it, and likewise somebody who is no
// friend. Where there is no such moment all are told what those two are told, and
// without a good token nobody is told anything.
var mayDo = map[string]struct{ author, friend, hidden string }{
	"getMoment":     {"200", "200", "not_found"},
	"changeMoment":  {"200", "forbidden", "not_found"},
	"deleteMoment":  {"204", "forbidden", "not_found"},
	"likeMoment":    {"204", "204", "not_found"},
	"unlikeMoment":  {"204", "204", "not_found"},
	"createComment": {"201", "201", "not_found"},
	"deleteComment": {"204", "forbidden", "not_found"}, // of a comment that another friend has written
	"muteMoment":    {"204", "204", "not_found"},
	"unmuteMoment":  {"204", "204", "not_found"},
	"explainMoment": {"200", "forbidden", "not_found"},
}

func TestWhoMayDoWhatToAMoment(t *testing.T) {
	h := open(t)
	tokens := h.friends("ann", "bea", "cyd", "dov")
	ann, bea, dov, eve := tokens[0], tokens[1], tokens[3], h.user("eve")
	h.patch("/v1/contacts/dov", ann, `{"hide_my_moments":true}`).want(200)

	for _, rt := range routes {
		want, ok := mayDo[rt.id]
		if strings.Contains(rt.path, "{post}") != ok {
			t.Errorf("%s %s: who may do it is written down: %v", rt.method, rt.path, ok)
		}
		if !ok {
			continue
		}
		const none = "p-0198c000-0000-7000-8000-000000000001"
		for _, c := range []struct {
			who, token, post, want string
		}{
			{"nobody", "", "", "unauthenticated"},
			{"somebody with a bad token", ann + "x", "", "unauthenticated"},
			{"the author", ann, "", want.author},
			{"a friend", bea, "", want.friend},
			{"a friend it is hidden from", dov, "", want.hidden},
			{"a stranger", eve, "", want.hidden},
			{"its author, were it there", ann, none, "not_found"},
			{"somebody, were it there", eve, none, "not_found"},
		} {
			h.pass(time.Second)
			post := h.share(ann, rt.id, "friends") // each time another one
			said := h.post("/v1/moments/"+post+"/comments", tokens[2], `{"text":"hello"}`).want(201).object()["id"].(string)
			if c.post != "" {
				post = c.post
			}
			body := expected[rt.id].body
			if rt.id == "createComment" {
				body = `{"text":"hello"}`
			}
			path := strings.NewReplacer("{post}", post, "{comment}", said).Replace(rt.path)
			a := h.call(rt.method, path, c.token, orNil(body))
			got := fmt.Sprint(a.status)
			if a.status >= 400 {
				got = into[problem](a).Code
			}
			if got != c.want {
				t.Errorf("%s by %s answers %s, want %s", rt.id, c.who, got, c.want)
			}
		}
	}
	for name := range mayDo {
		if expected[name].who == "" {
			t.Errorf("%s is no operation", name)
		}
	}
}

// Lists show to each what they may see, and to nobody else anything.
func TestWhoSeesWhichMoments(t *testing.T) {
	h := open(t)
	tokens := h.friends("ann", "bea", "dov")
	tokens = append(tokens, h.user("eve"))
	h.patch("/v1/contacts/dov", tokens[0], `{"chat_only":true}`).want(200)
	h.share(tokens[0], "for friends", "friends")
	h.share(tokens[0], "for me", "private")
	for path, want := range map[string][4]int{ // of ann, bea, dov and eve
		"/v1/moments": {2, -1, 0, 0}, "/v1/users/ann/moments": {2, 1, 0, 0}, "/v1/users/me/moments": {2, 0, 0, 0},
		"/v1/users/me/moments?as=bea": {1, 0, 0, 0}, "/v1/users/bea/moments": {0, 0, 0, 0}, "/v1/users/nobody/moments": {0, 0, 0, 0},
	} {
		h.get(path, "").refused("unauthenticated")
		for i, n := range want {
			got := len(h.get(path, tokens[i]).items())
			if n >= 0 && got != n || got > 1 && i > 0 { // -1: timelines of friends come a moment later
				t.Errorf("%s lists %d to number %d, want %d", path, got, i, n)
			}
		}
	}
}
