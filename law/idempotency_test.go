package law

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// repeats are attempts to have one use bring two notices, or to lose one.
var repeats = []attempt{
	{name: "one grant, fifty keys at once", clause: "I4", want: []fault.Code{"grant_consumed"}, passes: 1, delivers: 1, honest: func(s *scene) func() refusals {
		_, _, k := s.served(queue())
		return func() refusals { return s.parallel(50, func(int) error { return only(k.send()) }) }
	}},
	{name: "one grant, fifty calls at once, again and again", clause: "I4", want: []fault.Code{"grant_consumed"}, passes: 25, delivers: 25, honest: func(s *scene) func() refusals {
		tickets := s.app().approve(queue()).spread(25)
		return func() refusals {
			var out refusals
			for _, k := range tickets {
				out = append(out, s.parallel(50, func(int) error { return only(k.send()) })...)
			}
			return out
		}
	}},
	{name: "one key, fifty times at once", clause: "I4", passes: 50, delivers: 1, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		return func() refusals {
			var mu sync.Mutex
			replayed, names := 0, map[string]bool{}
			out := s.parallel(50, func(int) error {
				sent, err := t.app.server().Notify(s.Context(), k.draft("same"))
				mu.Lock()
				defer mu.Unlock()
				if names[sent.Notice] = true; sent.Replayed {
					replayed++
				}
				return err
			})
			if replayed != 49 || len(names) != 1 {
				s.Errorf("50 calls with one key: %d were replays, of %d notices", replayed, len(names))
			}
			return out
		}
	}},
	{name: "no key, and keys that are none", clause: "idempotency_required", want: append([]fault.Code{"idempotency_required"}, malformed...), honest: bodies(func(k *ticket) (all []any) {
		none := k.body("a")
		delete(none, "idempotency_key")
		all = append(all, none)
		for _, key := range []any{"", nil, 1, []string{"a"}, strings.Repeat("k", 65), strings.Repeat("é", 33), "a\nb", "a\x00"} {
			all = append(all, with(k, "idempotency_key", key))
		}
		return all
	})},
	{name: "the same key for something else", clause: "idempotency_mismatch", want: []fault.Code{"idempotency_mismatch"}, honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		other := t.grant(ann)
		must(s, only(t.app.server().Notify(s.Context(), k.draft("once"))))
		s.after(func() { other.deliver() })
		return func() refusals {
			changed := k.body("once")
			changed["page"] = "/queue?no=2"
			again := k.body("once")
			again["data"] = client.Values{"status": {"enum": "moved"}}
			return each(t.app.raw(changed), t.app.raw(again), t.app.raw(other.body("once")))
		}
	}},
	{name: "the same key, spelled in another way", clause: "idempotent replay", passes: 3, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		must(s, only(t.app.server().Notify(s.Context(), k.draft("once"))))
		return func() refusals {
			b := encode(k.body("once"))
			return each(t.app.raw(strings.ReplaceAll(b, `,`, " ,\n\t")), t.app.raw(strings.Replace(b, `"called"`, `"c\u0061lled"`, 1)), t.app.raw(
				fmt.Sprintf(`{"template":%q,"idempotency_key":"once","page":"/queue","data":{"status":{"enum":"called"}},"grant":%q}`, k.t.id, k.handle),
			))
		}
	}},
	{name: "one key for two users", clause: "idempotent replay", want: []fault.Code{"grant_consumed"}, passes: 1, delivers: 1, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		must(s, only(t.app.server().Notify(s.Context(), k.draft("shared"))))
		other := t.grant(s.user("bob"))
		return func() refusals { // it is another notice, and not more than one
			return each(only(t.app.server().Notify(s.Context(), other.draft("shared"))), t.app.raw(other.body("shared2")))
		}
	}},
	{name: "an answer that got lost", clause: "idempotent replay", passes: 5, delivers: 1, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		return func() refusals {
			for range 8 { // sent, and gone before it is answered
				s.hangUp("/v1/app/notices", t.app.token(), encode(k.body("lost")))
			}
			return s.parallel(5, func(int) error { return t.app.raw(k.body("lost")) })
		}
	}},
	{name: "a replay after everything has changed", clause: "idempotent replay", want: []fault.Code{"grant_closed", "app_suspended"}, passes: 6, honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		spare := t.grant(ann)
		must(s, only(t.app.server().Notify(s.Context(), k.draft("once"))))
		again := func() error { return t.app.raw(k.body("once")) }
		return func() refusals {
			out := each(again())
			must(s, ann.api().MuteApp(s.Context(), t.app.id))
			out = append(out, again(), only(spare.send()))
			must(s, s.ask("PUT", "/blocks/"+t.app.id, ann.token, nil).err())
			out = append(out, again())
			must(s, s.ask("POST", "/mini-programs/"+t.app.id+"/openid/reset", ann.token, nil).err())
			out = append(out, again())
			s.act("pause_template", "template", t.id)
			out = append(out, again())
			s.act("suspend_notices", "app", t.app.id)
			return append(out, again())
		}
	}},
	{name: "a replay after a month", clause: "idempotent replay", want: []fault.Code{"grant_consumed"}, passes: 2, alone: true, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		first := got(t.app.server().Notify(s.Context(), k.draft("once")))(s)
		return func() refusals {
			s.pass(8 * 24 * time.Hour)
			t.app.tokens = nil
			out := each(t.app.raw(k.body("once")))
			s.pass(22 * 24 * time.Hour)
			t.app.tokens = nil
			sent, err := t.app.server().Notify(s.Context(), k.draft("once"))
			if sent.Notice != first.Notice || !sent.Replayed {
				s.Errorf("it is %+v", sent)
			}
			return append(out, err, only(k.send()))
		}
	}},
	{name: "the same key for a notice and an answer", clause: "idempotency_mismatch", want: []fault.Code{"idempotency_mismatch"}, honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		window := t.app.write(ann, "hello")
		must(s, only(t.app.server().Notify(s.Context(), k.draft("both"))))
		return func() refusals {
			return each(only(t.app.server().Reply(s.Context(), client.Answer{Window: window, Kind: "text", Body: map[string]string{"text": "hi"}, Key: "both"})))
		}
	}},
}

// hangUp sends a request and closes the connection without waiting for its answer.
func (s *scene) hangUp(path, token, body string) {
	s.Helper()
	at := strings.TrimPrefix(s.h.next(), "http://")
	c, err := net.Dial("tcp", at)
	must(s, err)
	defer c.Close()
	r, err := http.NewRequest("POST", "http://"+at+path, strings.NewReader(body))
	must(s, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	w := bufio.NewWriter(c)
	must(s, r.Write(w))
	must(s, w.Flush())
}

// wishes are attempts to reach somebody who does not want it any more.
var wishes = []attempt{
	{name: "sending after a mute, and after it was lifted", clause: "I5", want: closed, honest: ended(func(s *scene, t *template, ann *person, _ string) {
		must(s, ann.api().MuteApp(s.Context(), t.app.id))
	}, func(s *scene, t *template, ann *person) { must(s, ann.api().UnmuteApp(s.Context(), t.app.id)) })},
	{name: "sending after a block, and after it was lifted", clause: "I5", want: closed, honest: ended(func(s *scene, t *template, ann *person, _ string) {
		must(s, s.ask("PUT", "/blocks/"+t.app.id, ann.token, nil).err())
	}, func(s *scene, t *template, ann *person) {
		must(s, s.ask("DELETE", "/blocks/"+t.app.id, ann.token, nil).err())
	})},
	{name: "sending after a stop", clause: "I5", want: closed, honest: ended(func(s *scene, t *template, ann *person, notice string) {
		must(s, ann.api().StopNotices(s.Context(), notice))
	}, nil)},
	{name: "sending after all was taken back", clause: "I5", want: closed, honest: ended(func(s *scene, t *template, ann *person, _ string) {
		for g, err := range ann.api().Grants(s.Context()) {
			must(s, err)
			must(s, ann.api().RevokeGrant(s.Context(), g.ID))
		}
	}, nil)},
	{name: "sending to somebody with a new openid", clause: "I5", want: closed, honest: ended(func(s *scene, t *template, ann *person, _ string) {
		must(s, s.ask("POST", "/mini-programs/"+t.app.id+"/openid/reset", ann.token, nil).err())
	}, nil)},
	{name: "telling a mute from a block, a stop and a new openid", clause: "indistinguishable", want: closed, honest: func(s *scene) func() refusals {
		t := s.app().approve(queue())
		ends := []func(p *person, notice string) error{
			func(p *person, _ string) error { return p.api().MuteApp(s.Context(), t.app.id) },
			func(p *person, _ string) error { return s.ask("PUT", "/blocks/"+t.app.id, p.token, nil).err() },
			func(p *person, notice string) error { return p.api().StopNotices(s.Context(), notice) },
			func(p *person, _ string) error {
				return s.ask("POST", "/mini-programs/"+t.app.id+"/openid/reset", p.token, nil).err()
			},
			func(p *person, _ string) error {
				for g, err := range p.api().Grants(s.Context()) {
					if err != nil {
						return err
					}
					if err := p.api().RevokeGrant(s.Context(), g.ID); err != nil {
						return err
					}
				}
				return nil
			},
		}
		var tickets []*ticket
		for _, end := range ends {
			p := s.user("p")
			notice := t.grant(p).deliver().Notice
			tickets = append(tickets, t.grant(p))
			must(s, end(p, notice))
			if a := s.ask("GET", "/app/notices/"+notice, t.app.token(), nil); a.object()["status"] != "accepted" {
				s.Errorf("the app sees of the notice: %s", a.body)
			}
		}
		return func() refusals {
			var out refusals
			told := map[string]bool{}
			for _, k := range tickets {
				a := s.ask("POST", "/app/notices", t.app.token(), k.body("a"))
				told[a.bare()] = true
				out = append(out, a.err())
			}
			if len(told) != 1 {
				s.Errorf("the app is told %d different things: %v", len(told), told)
			}
			if items, _, err := t.app.server().Grants(s.Context(), ""); err != nil || len(items) != 0 {
				s.Errorf("the app is still handed %v, %v", items, err)
			}
			return out
		}
	}},
	{name: "a mute racing sends", clause: "I5", want: closed, honest: func(s *scene) func() refusals {
		return racing(s, 4, 6, func(t *template, p *person) error { return p.api().MuteApp(s.Context(), t.app.id) })
	}},
	{name: "a mute racing a thousand sends", clause: "I5", costly: true, honest: func(s *scene) func() refusals {
		return racing(s, 20, 50, func(t *template, p *person) error { return p.api().MuteApp(s.Context(), t.app.id) })
	}},
	{name: "a stop racing sends", clause: "I5", honest: func(s *scene) func() refusals {
		return racing(s, 4, 6, func(t *template, p *person) error {
			for n, err := range p.api().Notices(s.Context()) {
				if err != nil || n.App == t.app.id {
					return errors.Join(err, p.api().StopNotices(s.Context(), n.Notice))
				}
			}
			return errors.New("there is nothing to stop")
		})
	}},
	{name: "a block racing sends", clause: "I5", want: closed, honest: func(s *scene) func() refusals {
		return racing(s, 4, 6, func(t *template, p *person) error { return s.ask("PUT", "/blocks/"+t.app.id, p.token, nil).err() })
	}},
	{name: "a new openid racing sends", clause: "I5", want: closed, honest: func(s *scene) func() refusals {
		return racing(s, 4, 6, func(t *template, p *person) error {
			return s.ask("POST", "/mini-programs/"+t.app.id+"/openid/reset", p.token, nil).err()
		})
	}},
}

var closed = []fault.Code{"grant_closed"}

// ended sends by grants whose user has ended them, and again after they took that back.
func ended(end func(s *scene, t *template, ann *person, notice string), lift func(s *scene, t *template, ann *person)) func(s *scene) func() refusals {
	return func(s *scene) func() refusals {
		t := s.app().approve(queue())
		ann := s.user("ann")
		notice := t.grant(ann).deliver().Notice
		one, two := t.grant(ann), t.grant(ann)
		return func() refusals {
			end(s, t, ann, notice)
			out := each(only(one.send()), only(two.send()))
			if lift != nil {
				lift(s, t, ann)
				out = append(out, only(one.send()), only(two.send()))
			}
			if left := got(client.Collect(ann.api().Grants(s.Context())))(s); len(left) != 0 {
				s.Errorf("there are still %v", left)
			}
			return out
		}
	}
}

// racing sends by the grants of several people on all nodes while they end them.
// What is sent after the end was acknowledged is refused; what came before is
// there, and no more than that.
func racing(s *scene, many, callers int, end func(t *template, p *person) error) func() refusals {
	s.Helper()
	t := s.app().approve(queue())
	people := []*person{}
	for range many {
		people = append(people, s.user("racer"))
	}
	for _, k := range t.grants(people, func(i int) string { return fmt.Sprint("first", i) }) {
		k.deliver()
	}
	tickets := t.grants(people, func(i int) string { return fmt.Sprint("race", i) })
	return func() refusals {
		for i, k := range tickets {
			before := s.inbox(k.by)
			var all sync.WaitGroup
			sent := make([]error, callers)
			for c := range callers {
				all.Go(func() { sent[c] = only(k.send()) })
			}
			if err := end(t, people[i]); err != nil {
				s.Error(err)
			}
			if code := client.CodeOf(only(k.send())); code != "grant_closed" && code != "grant_consumed" {
				s.Errorf("after the end was acknowledged a notice is answered %q", code)
			}
			all.Wait()
			won := 0
			for _, err := range sent {
				switch code := client.CodeOf(err); {
				case err == nil:
					won++
				case code != "grant_closed" && code != "grant_consumed":
					s.Errorf("a racing notice is answered %v", err)
				}
			}
			if came := s.inbox(k.by) - before; came != won || won > 1 {
				s.Errorf("%d notices were acknowledged and %d came", won, came)
			}
			s.raced += won
		}
		return nil
	}
}
