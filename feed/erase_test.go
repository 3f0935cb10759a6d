package feed_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// left tells what the store still has of somebody: posts, acts, references.
func (h *house) left(u id.User, posts ...id.Post) (out []string) {
	h.t.Helper()
	threads, err := h.store.Threads(ctx(h), posts)
	good(h.t, err)
	for _, t := range threads {
		if t.Author == u {
			out = append(out, "post")
		}
		for _, a := range t.Acts {
			if a.From == u {
				out = append(out, fmt.Sprint(a.Kind, " ", a.On))
			}
		}
	}
	for name, refs := range map[string]func() ([]id.Post, error){
		"profile":  func() ([]id.Post, error) { return h.store.Profile(ctx(h), u, "", 10) },
		"timeline": func() ([]id.Post, error) { return h.store.Timeline(ctx(h), u, "", 10) },
	} {
		found, err := refs()
		good(h.t, err)
		for range found {
			out = append(out, name)
		}
	}
	return out
}

// Of whoever has left there is no moment, no like and no comment, and nobody has
// been told of any; what others did stays.
func TestErase(t *testing.T) {
	h := open(t)
	h.befriend("ann", "bea", "cyd", "dov")
	h.befriend("bea", "cyd", "dov")
	old := h.post("eve", "before they were friends", forFriends)
	for i := range 60 { // more than new friends find in their timelines
		h.post("eve", fmt.Sprint(i), forFriends)
	}
	h.befriend("ann", "eve")
	p := h.draft("ann", feed.Draft{Text: "mine", Mentions: []string{"bea"}, Audience: forFriends}).ID
	secret := h.post("ann", "for me", forNobody)
	beas := h.draft("bea", feed.Draft{Text: "with ann", Mentions: []string{"ann"}, Audience: forFriends}).ID
	h.like("bea", p)
	h.say("cyd", p, "hello ann", "")
	h.like("ann", beas)
	h.like("cyd", beas)
	c := h.say("ann", beas, "lovely", "")
	h.say("cyd", beas, "indeed", c)
	h.say("cyd", beas, "by cyd", "")
	h.like("ann", old)
	good(t, h.Unlike(ctx(h), "ann", string(beas)))
	h.like("ann", beas)
	good(t, h.MuteAbout(ctx(h), "ann", string(beas)))
	h.Settled()
	good(t, h.contacts.Remove(ctx(h), "ann", "dov"))
	dovs := h.post("dov", "no friend any more", forFriends)
	if len(h.left("ann", p, secret, beas, old)) < 10 || len(h.heard("eve")) != 1 {
		t.Fatalf("too little to erase: %v, %v", h.left("ann", p, secret, beas, old), h.heard("eve"))
	}

	for range 2 {
		known, err := h.contacts.Known(ctx(h), "ann")
		good(t, err)
		good(t, h.Erase(ctx(h), "ann", known))
		h.quiet()
		equal(t, h.left("ann", p, secret, beas, old, dovs), nil)
		h.blind("bea", "ann", p)
		h.sees("cyd", beas)
		equal(t, h.likers("bea", beas), []id.User{"cyd"})
		equal(t, h.said("bea", beas), []string{"by cyd"}) // an answer goes with what it answers
		equal(t, h.likers("eve", old), nil)
		equal(t, h.heard("eve"), nil)
		equal(t, h.heard("bea"), []string{"like cyd", "comment cyd by cyd"})
		m, err := h.Get(ctx(h), "bea", string(beas))
		good(t, err)
		equal(t, m.Mentions, []id.User{"ann"})   // what bea wrote is hers
		good(t, h.contacts.Erase(ctx(h), "ann")) // and then once more
	}
}

// Wherever it is cut off, doing it again ends where doing it once ends, and nothing
// is left to be withdrawn.
func TestEraseThatWasCutOff(t *testing.T) {
	h := open(t)
	for _, stored := range []bool{false, true} {
		for step := 1; ; step++ {
			ann, bea := id.User(fmt.Sprintf("ann-%v-%d", stored, step)), id.User(fmt.Sprintf("bea-%v-%d", stored, step))
			h.befriend(ann, bea)
			mine, hers := h.post(ann, "mine", forFriends), h.post(bea, "hers", forFriends)
			h.like(bea, mine)
			h.like(ann, hers)
			h.say(ann, hers, "lovely", "")
			k := &cut{h: h, left: step, stored: stored}
			err := h.node(cutStore{h.store, k}, k, k).Erase(ctx(h), ann, []id.User{bea})
			if err != nil && !errors.Is(err, errCut) {
				t.Fatal(err)
			}
			good(t, h.Erase(ctx(h), ann, []id.User{bea}))
			h.advance(2 * feed.Early)
			h.Sweep(ctx(h))
			h.quiet()
			if left := slices.Concat(h.left(ann, mine, hers), h.heard(bea)); len(left) > 0 {
				t.Fatalf("cut at step %d (stored: %v): left %v", step, stored, left)
			}
			if err == nil {
				if step < 12 {
					t.Fatalf("only %d steps", step-1)
				}
				break
			}
		}
	}
}
