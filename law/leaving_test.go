package law

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// leaver is somebody of this scene who is going to leave, and then has no inbox
// that could be looked into.
func (s *scene) leaver(what string) *person {
	s.Helper()
	p := s.h.signIn(s, what)
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.h.people = slices.DeleteFunc(s.h.people, func(o *person) bool { return o == p })
	s.h.left = append(s.h.left, p)
	return p
}

// leave deletes somebody's account.
func (p *person) leave(s *scene) {
	s.Helper()
	must(s, p.api().DeleteAccount(s.Context()))
}

// leavings are attempts to reach somebody who has left, to learn that they did, or
// to be them.
var leavings = []attempt{
	{name: "telling the handles of somebody who has left from none", clause: "grant_invalid", want: invalid, honest: func(s *scene) func() refusals {
		of, other := s.app().approve(queue()), s.app().approve(queue())
		ann, bob := s.leaver("ann"), s.user("bob")
		sent, open, theirs := of.grant(ann), of.grant(ann), other.grant(bob)
		must(s, only(of.app.server().Notify(s.Context(), sent.draft("before"))))
		notice := got(client.Collect(ann.api().Notices(s.Context())))(s)[0].Notice
		muted := s.app().approve(queue())
		closed := muted.grant(ann)
		must(s, ann.api().MuteApp(s.Context(), muted.app.id))
		window := of.app.write(ann, "hello")
		of.app.mu.Lock()
		delete(of.app.spoke, ann.name)
		of.app.mu.Unlock()
		s.after(func() { theirs.deliver() })
		deliveries := func() string { return string(s.ask("GET", "/app/webhook/deliveries", of.app.token(), nil).body) }
		return func() refusals {
			told := deliveries()
			ann.leave(s)
			var out refusals
			bare := map[string]bool{}
			try := func(a *app, path string, b map[string]any) {
				for range 2 * len(s.h.urls) { // on every node, and again
					got := s.ask("POST", path, a.token(), b)
					bare[got.bare()] = true
					out = append(out, got.err())
				}
			}
			try(of.app, "/app/notices", sent.body("before")) // a replay, of what was answered with a notice
			try(of.app, "/app/notices", sent.body("after"))
			try(of.app, "/app/notices", open.body("open"))
			try(muted.app, "/app/notices", closed.body("closed"))
			try(of.app, "/app/notices", with(open, "grant", theirs.handle))
			try(of.app, "/app/notices", with(open, "grant", open.handle[:20]+string(open.handle[20]^1)+open.handle[21:]))
			try(of.app, "/app/notices", with(open, "grant", "gh1_"+strings.Repeat("A", len(open.handle)-4)))
			reply := func(window string) map[string]any {
				return map[string]any{"window": window, "kind": "text", "body": map[string]any{"text": "hi"}, "idempotency_key": "w"}
			}
			try(of.app, "/app/replies", reply(window))
			try(of.app, "/app/replies", reply("gh1_"+strings.Repeat("A", len(open.handle)-4)))
			if len(bare) != 1 {
				s.Errorf("the app is told %d different things: %v", len(bare), bare)
			}
			if items, _, err := of.app.server().Grants(s.Context(), ""); err != nil || len(items) > 0 {
				s.Errorf("still handed over: %v, %v", items, err)
			}
			if now := deliveries(); now != told || strings.Contains(now, ann.name) {
				s.Errorf("the app was told %s, and then %s", told, now)
			}
			eventually(s, "forgetting what was sent", func() bool {
				return s.ask("GET", "/app/notices/"+notice, of.app.token(), nil).bare() == s.ask("GET", "/app/notices/n-x", of.app.token(), nil).bare()
			})
			return append(out, only(open.send()), only(sent.send()))
		}
	}},
	{name: "timing the handles of somebody who has left", clause: "grant_invalid", want: invalid, alone: true, honest: func(s *scene) func() refusals {
		of := s.app().approve(queue())
		_, _, theirs := s.served(queue())
		ann := s.leaver("ann")
		sent, open := of.grant(ann), of.grant(ann)
		must(s, only(of.app.server().Notify(s.Context(), sent.draft("before"))))
		kinds := []map[string]any{
			with(open, "grant", "gh1_"+strings.Repeat("A", len(open.handle)-4)), with(open, "grant", open.handle[:20]+string(open.handle[20]^1)+open.handle[21:]),
			with(open, "grant", theirs.handle), open.body("open"), sent.body("before"), sent.body("after"),
		}
		return func() refusals {
			ann.leave(s)
			return s.alike(len(kinds), func(kind int) error { return of.app.raw(kinds[kind]) })
		}
	}},
	{name: "a thousand notices while their user leaves", clause: "grant_invalid", want: append([]fault.Code{"grant_consumed"}, invalid...), honest: func(s *scene) func() refusals {
		const apps, sheets = 7, 3 // of one app in a day
		ann := s.leaver("ann")
		var tickets []*ticket
		for range apps {
			of := s.app().approve(queue())
			of.app.token()
			tickets = append(tickets, of.grants(slices.Repeat([]*person{ann}, sheets), func(int) string { return s.h.name("s") })...)
		}
		return func() refusals { return s.race(ann, tickets) }
	}},
	{name: "an openid of somebody who has left", clause: "I7", want: malformed, quiet: true, honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.leaver("ann")
		a.login(ann)
		return func() refusals {
			code := got(ann.api().LoginCode(s.Context(), a.id))(s)
			ann.leave(s)
			var out refusals
			eventually(s, "forgetting openids", func() bool { // whoever swaps the code before that knows nothing else
				err := only(a.server().Login(s.Context(), code))
				return client.CodeOf(err) == "bad_request"
			})
			for range len(s.h.urls) {
				out = append(out, only(a.server().Login(s.Context(), code)))
			}
			return out
		}
	}},
	{name: "being somebody who has left", clause: "identity", want: append([]fault.Code{"user_taken"}, nobody...), quiet: true, honest: func(s *scene) func() refusals {
		ann := s.leaver("ann")
		return func() refusals {
			ann.leave(s)
			var out refusals
			for range len(s.h.urls) {
				assertion := got(s.h.signer.assertion(ann.name, s.h.clock.Now()))(s)
				out = append(
					out, only(apiAt(s, s.h.next()).SignInByAssertion(s.Context(), assertion, "phone")), only(apiAt(s, s.h.next()).SignUp(s.Context(), ann.name, "a good password", "Ann")),
					only(ann.api().Me(s.Context())), ann.api().DeleteAccount(s.Context()),
				)
			}
			return out
		}
	}},
	{name: "an app whose developer has left", clause: "identity", want: []fault.Code{"app_suspended"}, honest: func(s *scene) func() refusals {
		dev := s.leaver("dev")
		of := s.appOf(dev, "transport").approve(queue())
		ann := s.user("ann")
		of.grant(ann).deliver()
		k := of.grant(ann)
		token := of.app.token()
		return func() refusals {
			dev.leave(s)
			eventually(s, "suspending its apps", func() bool {
				return client.CodeOf(s.ask("POST", "/app/templates", token, of.draft).err()) == "app_suspended"
			})
			// Each node knows it a second later, if nobody tells it.
			eventually(s, "taking it off the directory", func() bool {
				found := 0
				for range len(s.h.urls) {
					a := s.ask("GET", "/mini-programs?q="+strings.ReplaceAll(of.app.name, " ", "%20"), ann.token, nil)
					must(s, a.err())
					found += strings.Count(string(a.body), of.app.id)
				}
				return found == 0
			})
			out := each(only(k.send()), only(k.send()), s.ask("POST", "/app/templates", token, of.draft).err())
			if a := s.ask("POST", "/moderation/actions", s.h.mo.token, map[string]any{
				"action": "resume", "subject": map[string]any{"kind": "app", "id": of.app.id}, "reason": "other",
			}); a.status != 409 {
				s.Errorf("a moderator who resumes it is answered %d %s", a.status, a.body)
			}
			return append(out, only(k.send()))
		}
	}},
}

// race has a thousand notices sent, grant by grant, and their user leave when a
// third of the grants are spent. What is accepted was sent before.
func (s *scene) race(ann *person, tickets []*ticket) refusals {
	s.Helper()
	const tries, senders = 50, 16
	var left atomic.Bool
	var next, before, after atomic.Int64
	enough := make(chan struct{})
	all := make(refusals, len(tickets)*tries)
	var wait sync.WaitGroup
	for range senders {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(all); i = int(next.Add(1)) - 1 {
				k, late := tickets[i/tries], left.Load()
				switch all[i] = k.t.app.raw(k.body(fmt.Sprint("race", i))); {
				case all[i] == nil && late:
					after.Add(1)
				case all[i] == nil:
					if int(before.Add(1)) == len(tickets)/3 {
						close(enough)
					}
				}
			}
		})
	}
	<-enough
	ann.leave(s)
	left.Store(true)
	wait.Wait()
	if after.Load() > 0 {
		s.Errorf("%d notices were accepted after their user had left", after.Load())
	}
	if n := int(before.Load()); n == len(tickets) {
		s.Errorf("all %d were sent before their user had left", n)
	}
	for _, k := range tickets {
		if err := only(k.send()); client.CodeOf(err) != "grant_invalid" {
			s.Errorf("afterwards a handle is answered %v", err)
		}
	}
	s.Logf("%d of %d were accepted", before.Load(), len(tickets))
	return slices.DeleteFunc(all, func(err error) bool { return err == nil })
}
