package law

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/wire"
)

// A life is what somebody has left everywhere by the time they leave.
type life struct {
	s       *scene
	ann     *person
	friends []*person
	groups  []string
	direct  string // with the first friend
	own     string // moment
	picture string // of the profile
	theirs  []string
	ticket  *ticket
}

// live has somebody make friends, write, share, like, and grant an app something.
func (s *scene) live(friends int) *life {
	s.Helper()
	l := &life{s: s, ann: s.leaver("ann")}
	ctx, api := s.Context(), l.ann.api
	for range friends {
		f := s.user("friend")
		l.friends = append(l.friends, f)
		got(f.api().RequestContact(ctx, l.ann.name, "hello"))(s)
		must(s, api().AcceptContact(ctx, f.name))
	}
	asks := s.user("asks")
	got(asks.api().RequestContact(ctx, l.ann.name, "and me"))(s)
	got(api().RequestContact(ctx, s.user("asked").name, "please"))(s)
	for i, f := range l.friends {
		l.groups = append(l.groups, got(api().CreateGroup(ctx, "Tea", f.name))(s).Stream)
		post := s.ask("POST", "/moments", f.token, moment(fmt.Sprint("of ", i)))
		must(s, post.err())
		l.theirs = append(l.theirs, post.object()["post"].(string))
		must(s, s.ask("PUT", "/moments/"+l.theirs[i]+"/like", l.ann.token, nil).err())
		must(s, s.ask("POST", "/moments/"+l.theirs[i]+"/comments", l.ann.token, map[string]any{"text": "lovely"}).err())
	}
	post := s.ask("POST", "/moments", l.ann.token, moment("mine"))
	must(s, post.err())
	l.own = post.object()["post"].(string)
	var portrait bytes.Buffer
	must(s, png.Encode(&portrait, image.NewGray(image.Rect(0, 0, 8, 8))))
	l.picture = got(api().Upload(ctx, "me.png", &portrait, int64(portrait.Len()), nil))(s).Media
	got(api().SetAvatar(ctx, l.picture))(s)
	must(s, s.ask("GET", "/media/"+l.picture, l.friends[0].token, nil).err())
	l.direct = got(api().OpenDirect(ctx, l.friends[0].name))(s)
	got(api().Post(ctx, client.Message{ID: newUUID(), Stream: l.direct, Body: client.Text{Text: "so long"}}))(s)
	of := s.app().approve(queue())
	of.app.token()
	l.ticket = of.grant(l.ann)
	return l
}

// reconnect has everybody speak to the nodes that are there now.
func (l *life) reconnect() {
	l.ann.connect(l.s)
	for _, p := range l.s.people {
		p.connect(l.s)
	}
	for _, a := range l.s.apps {
		a.connect()
	}
}

// gone checks what is so from the acknowledgement on, at every node.
func (l *life) gone() {
	s := l.s
	s.Helper()
	for _, at := range s.h.urls {
		ask := func(method, path, token string, body any) string {
			a := got(s.h.askAt(at, method, path, token, body))(s)
			if a.err() == nil {
				return "ok"
			}
			return strings.ReplaceAll(a.bare(), l.ann.name, "nobody")
		}
		friend := l.friends[0].token
		if is := ask("GET", "/me", l.ann.token, nil); !strings.Contains(is, `"unauthenticated"`) {
			s.Errorf("the token is answered %s", is)
		}
		if is, never := ask("GET", "/users/"+l.ann.name, friend, nil), ask("GET", "/users/nobody", friend, nil); is != never || is == "ok" {
			s.Errorf("a look at who has left is answered %s, at nobody %s", is, never)
		}
		if is := ask("GET", "/media/"+l.picture, friend, nil); !strings.Contains(is, `"not_found"`) {
			s.Errorf("the picture is answered %s", is)
		}
		sign := func(user string) string {
			return ask("POST", "/sessions", "", map[string]any{"user": user, "password": "a good password", "device": "d"})
		}
		if is, never := sign(l.ann.name), sign("nobody"); is != never || is == "ok" {
			s.Errorf("a sign-in is answered %s, nobody's %s", is, never)
		}
		assertion := got(s.h.signer.assertion(l.ann.name, s.h.clock.Now()))(s)
		if is := ask("POST", "/sessions", "", map[string]any{"assertion": assertion, "device": "d"}); !strings.Contains(is, `"unauthenticated"`) {
			s.Errorf("an assertion is answered %s", is)
		}
		if is := ask("POST", "/app/notices", l.ticket.t.app.token(), l.ticket.body(newUUID())); !strings.Contains(is, `"grant_invalid"`) {
			s.Errorf("the handle is answered %s", is)
		}
	}
}

// erased waits until nothing is left that anybody could see.
func (l *life) erased() {
	s := l.s
	s.Helper()
	eventually(s, "erasing", func() bool {
		left := ""
		for i, f := range l.friends {
			if n := len(got(f.api().Contacts(s.Context(), ""))(s).Items); n > 0 {
				left += " friend"
			}
			members := s.ask("GET", "/groups/"+url.PathEscape(l.groups[i])+"/members", f.token, nil)
			must(s, members.err())
			if strings.Contains(string(members.body), l.ann.name) {
				left += " member"
			}
			post := s.ask("GET", "/moments/"+l.theirs[i], f.token, nil)
			must(s, post.err())
			if strings.Contains(string(post.body), l.ann.name) {
				left += " moment"
			}
			if s.ask("GET", "/moments/"+l.own, f.token, nil).status != 404 {
				left += " post"
			}
		}
		for _, p := range s.people {
			asks := s.ask("GET", "/contact-requests", p.token, nil)
			must(s, asks.err())
			if strings.Contains(string(asks.body), l.ann.name) {
				left += " request"
			}
		}
		return left == ""
	})
	f := l.friends[0]
	if c := got(f.api().Conversation(s.Context(), l.direct))(s); c.Title != l.ann.name || c.Peer != l.ann.name {
		s.Errorf("the conversation is called %+v", c)
	}
	page := s.ask("GET", "/conversations/"+url.PathEscape(l.direct)+"/messages?after=0", f.token, nil)
	if must(s, page.err()); !strings.Contains(string(page.body), "so long") {
		s.Errorf("what was said is gone: %s", page.body)
	}
	err := only(f.api().Post(s.Context(), client.Message{ID: uuid.Must(uuid.NewV7()).String(), Stream: l.direct, Body: client.Text{Text: "are you there?"}}))
	if client.CodeOf(err) != "not_friends" {
		s.Errorf("an answer is answered %v", err)
	}
}

// TestLeaving has somebody with a life leave: with the answer they are gone on every
// node, their connections end, and soon nothing of them is left to be seen.
func TestLeaving(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { leaving(t, embedded(t)) })
	t.Run("cluster", func(t *testing.T) { leaving(t, cluster(t)) })
}

func leaving(t *testing.T, h *house) {
	s := &scene{T: t, h: h}
	l := s.live(3)
	var ended []<-chan struct{}
	var devices []*client.Client
	for i, at := range h.urls {
		device := fmt.Sprint("device", i)
		p := h.signInOn(t, l.ann.name, device)
		c := got(client.Dial(t.Context(), client.Options{Server: client.Server{URL: at}, Token: p.token, Device: device}))(t)
		defer c.Close()
		devices, ended = append(devices, c), append(ended, c.Done())
	}
	h.forget(l.ann)
	watcher := got(client.Dial(t.Context(), client.Options{Server: client.Server{URL: h.urls[0]}, Token: l.friends[0].token, Device: "phone"}))(t)
	defer watcher.Close()
	if seen := got(watcher.Watch(t.Context(), l.ann.name))(t); len(seen) != 1 || seen[0].State == "offline" {
		t.Fatalf("the friend sees %+v", seen)
	}
	l.ann.leave(s)
	l.gone()
	for i, done := range ended {
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatal("a connection stays open")
		}
		if closed, ok := errors.AsType[*client.CloseError](devices[i].Err()); !ok || closed.Code != wire.CloseSignedOut {
			t.Errorf("a connection ended with %v", devices[i].Err())
		}
	}
	l.erased()
	eventually(t, "being seen as offline", func() bool {
		seen := got(watcher.Watch(t.Context(), l.ann.name))(t)
		return len(seen) == 1 && seen[0].State == "offline" && seen[0].LastSeen == nil && seen[0].Text == ""
	})
	h.clock.Advance(10 * time.Minute) // and once more, for what was on its way
	l.gone()
	l.erased()
	h.lawful(t)
}

// forget takes somebody off the list of those whose inboxes are looked into.
func (h *house) forget(p *person) {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := h.people[:0]
	for _, o := range h.people {
		if o.name != p.name {
			kept = append(kept, o)
		}
	}
	h.people = kept
}

// TestLeavingKilled kills the node that somebody leaves at, before or after it
// answers: they are there as before, or another node finishes; nothing in between.
func TestLeavingKilledEmbedded(t *testing.T) {
	h, nodes := processes(t, "pebble:", "memory:", t.TempDir(), 1)
	for round := range 3 {
		leavingKilled(&scene{T: t, h: h}, nodes, round)
	}
}

// TestLeavingKilledCluster has the other node finish.
func TestLeavingKilledCluster(t *testing.T) {
	h, nodes := processes(t, keyspace(t), redistest.Shared(t, "law"), t.TempDir(), 2)
	for round := range 3 {
		leavingKilled(&scene{T: t, h: h}, nodes, round)
	}
}

// leavingKilled kills the first node at the answer, or within the request.
func leavingKilled(s *scene, nodes []*process, round int) {
	s.Helper()
	l := s.live(6)
	acked := make(chan bool, 1)
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	go func() { acked <- apiAt(s, nodes[0].url).As(l.ann.token).DeleteAccount(ctx) == nil }()
	done := false
	if round%2 == 0 {
		if done = <-acked; !done {
			s.Fatal("nobody could leave")
		}
	} else {
		time.Sleep(rand.N(6 * time.Millisecond)) // somewhere within the request
	}
	nodes[0].kill()
	if round%2 == 1 {
		done = <-acked
	}
	all := s.h.urls
	if len(nodes) > 1 {
		s.h.urls = all[1:] // the other one finishes
	} else {
		nodes[0].start()
	}
	l.reconnect()
	there := client.CodeOf(only(l.ann.api().Me(s.Context()))) != "unauthenticated"
	s.Logf("answered: %v, there: %v", done, there)
	if there {
		if done {
			s.Fatal("the answer was that they have left")
		}
		l.ticket.deliver() // all is as before
		l.ann.leave(s)
	} else if !done { // the work that is owed ends all grants
		eventually(s, "ending grants", func() bool { return client.CodeOf(only(l.ticket.send())) == "grant_invalid" })
	}
	l.gone()
	l.erased()
	if len(nodes) > 1 {
		nodes[0].start()
		s.h.urls = all
		l.reconnect()
		l.gone()
	}
}
