package law

import (
	"slices"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// probes are attempts to learn what is nobody's business.
var probes = []attempt{
	{name: "telling a forged handle from another app's", clause: "I7 indistinguishable", want: invalid, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		_, _, theirs := s.served(queue())
		return func() refusals {
			var out refusals
			told := map[string]bool{}
			for _, handle := range []string{theirs.handle, theirs.handle[:20] + "A" + theirs.handle[21:], k.handle[:len(k.handle)-1], "gh1_" + strings.Repeat("A", len(k.handle)-4), "gh1_", "x", ""} {
				b := k.body("probe")
				b["grant"] = handle
				a := s.ask("POST", "/app/notices", t.app.token(), b)
				told[a.bare()] = true
				out = append(out, a.err())
			}
			if len(told) != 1 {
				s.Errorf("the app is told %d different things: %v", len(told), told)
			}
			return out
		}
	}},
	{name: "telling somebody else's notice from none", clause: "I7 indistinguishable", want: absent, quiet: true, honest: func(s *scene) func() refusals {
		t, ann, _ := s.served(queue())
		notice := got(client.Collect(ann.api().Notices(s.Context())))(s)[0].Notice
		eve, other := s.user("eve"), s.app()
		return func() refusals {
			none := notice[:len(notice)-3] + "abc"
			var out refusals
			for _, pair := range [][2]answer{
				{s.ask("GET", "/me/notices/"+notice+"/why", eve.token, nil), s.ask("GET", "/me/notices/"+none+"/why", eve.token, nil)},
				{s.ask("GET", "/app/notices/"+notice, other.token(), nil), s.ask("GET", "/app/notices/"+none, other.token(), nil)},
				{s.ask("GET", "/app/notices/"+none, t.app.token(), nil), s.ask("GET", "/app/notices/n-x", t.app.token(), nil)},
			} {
				if pair[0].bare() != pair[1].bare() {
					s.Errorf("told apart: %s, %s", pair[0].bare(), pair[1].bare())
				}
				out = append(out, pair[0].err(), pair[1].err())
			}
			return out
		}
	}},
	{name: "telling from what it holds who muted it", clause: "probing", honest: func(s *scene) func() refusals {
		t := s.app().approve(queue())
		ann, bob := s.user("ann"), s.user("bob")
		one := t.grant(ann).deliver()
		two := t.grant(bob).deliver()
		return func() refusals {
			must(s, ann.api().MuteApp(s.Context(), t.app.id))
			seen := func(notice string) string {
				return strings.NewReplacer(notice, "N").Replace(s.ask("GET", "/app/notices/"+notice, t.app.token(), nil).bare())
			}
			a, b := seen(one.Notice), seen(two.Notice)
			if cut(a, `"at":"`) != cut(b, `"at":"`) {
				s.Errorf("a notice to somebody who muted is %s, another one %s", a, b)
			}
			for _, path := range []string{"/app/stats", "/app/grants", "/app/webhook/deliveries"} {
				if body := string(s.ask("GET", path, t.app.token(), nil).body); strings.Contains(body, "mute") || strings.Contains(body, ann.name) {
					s.Errorf("%s tells %s", path, body)
				}
			}
			return nil
		}
	}},
	{name: "timing a forged handle", clause: "I7 indistinguishable", want: invalid, alone: true, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		_, _, theirs := s.served(queue())
		kinds := []string{
			"gh1_" + strings.Repeat("A", len(k.handle)-4), k.handle[:20] + string(k.handle[20]^1) + k.handle[21:], theirs.handle, "gh1_short", "nothing of the kind",
		}
		return func() (out refusals) {
			out = s.alike(len(kinds), func(kind int) error {
				b := k.body("probe")
				b["grant"] = kinds[kind]
				return t.app.raw(b)
			})
			return out
		}
	}},
	{name: "timing a decision", clause: "minting 3", passes: 120, quiet: true, alone: true, costly: true, honest: func(s *scene) func() refusals {
		t := s.app().approve(queue())
		people := s.crowd(120)
		return func() refusals {
			sheets := map[*person]client.Sheet{}
			for _, p := range people {
				sheets[p] = got(t.sheet(p, "timed"))(s)
			}
			s.pass(look)
			var took [2][]time.Duration
			var out refusals
			for i, p := range people {
				began := time.Now()
				var err error
				if i%2 == 0 {
					err = t.accept(p, sheets[p])
				} else {
					err = p.api().Decide(s.Context(), sheets[p])
				}
				took[i%2] = append(took[i%2], time.Since(began))
				out = append(out, err)
			}
			if yes, no := median(took[0]), median(took[1]); yes > 2*no || no > 2*yes {
				s.Logf("yes takes %s, no %s", yes, no)
				s.Error("a page can tell from the time what was decided")
			}
			return out
		}
	}},
	{name: "looking for people", clause: "I7", want: append(wrongly, absent...), honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.user("ann")
		a.token()
		return func() refusals {
			var out refusals
			for _, path := range []string{"/users/" + ann.name, "/users/nobody-there", "/presence?users=" + ann.name, "/contacts", "/me", "/conversations", "/users/" + ann.name + "/moments", "/me/grants", "/me/notices", "/blocks"} {
				out = append(out, s.ask("GET", path, a.token(), nil).err())
			}
			return out
		}
	}},
	{name: "an answer in which a name stands", clause: "I7", honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		window := t.app.write(ann, "hello")
		return func() refusals {
			var all []string
			for _, a := range []answer{
				s.ask("GET", "/app/grants", t.app.token(), nil), s.ask("POST", "/app/replies", t.app.token(), map[string]any{"window": window, "kind": "text", "body": map[string]any{"text": "hi"}, "idempotency_key": "w"}),
				s.ask("POST", "/app/notices", t.app.token(), k.body("n")), s.ask("POST", "/app/notices", t.app.token(), with(k, "page", "/x")), s.ask("GET", "/app/stats", t.app.token(), nil),
			} {
				all = append(all, string(a.body))
			}
			s.raced = 2
			if text := strings.Join(all, "\n"); strings.Contains(text, ann.name) {
				s.Errorf("an app is told who its user is: %s", text)
			}
			return nil
		}
	}},
}

// alike makes calls of several kinds in turn, and fails if one kind takes far
// longer than another, by the median, three times over.
func (s *scene) alike(kinds int, call func(kind int) error) (out refusals) {
	s.Helper()
	rounds := 200
	if len(s.h.urls) > 1 {
		rounds = 40 // each costs a database more than the clock can tell
	}
	for try := range 3 {
		took := make([][]time.Duration, kinds)
		for range rounds {
			for kind := range kinds {
				began := time.Now()
				out = append(out, call(kind))
				took[kind] = append(took[kind], time.Since(began))
			}
		}
		var medians []time.Duration
		for _, all := range took {
			medians = append(medians, median(all))
		}
		s.Logf("medians are %v", medians)
		if slices.Max(medians) <= 2*slices.Min(medians) {
			return out
		}
		if try == 2 {
			s.Error("the kinds can be told apart by time")
		}
	}
	return out
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// cut takes a member's value out of a text.
func cut(s, member string) string {
	at := strings.Index(s, member)
	if at < 0 {
		return s
	}
	end := strings.IndexByte(s[at+len(member):], '"')
	return s[:at] + s[at+len(member)+end:]
}

// openids are attempts to know users who are to be strangers.
var openids = []attempt{
	{name: "joining users by their openids", clause: "I7", honest: func(s *scene) func() refusals {
		a, b := s.app(), s.app()
		sister := s.appOf(a.developer, "transport")
		ann, bob := s.user("ann"), s.user("bob")
		return func() refusals {
			seen := map[string]bool{}
			for _, x := range []*app{a, b, sister} {
				for _, p := range []*person{ann, bob} {
					one, two := x.login(p), x.login(p)
					if one != two {
						s.Errorf("an openid is %s, then %s", one, two)
					}
					if seen[one] || len(one) != 32 {
						s.Errorf("the openid %s is another's too, or has not 128 bits", one)
					}
					seen[one] = true
				}
			}
			before := a.login(ann)
			must(s, s.ask("POST", "/mini-programs/"+a.id+"/openid/reset", ann.token, nil).err())
			if after := a.login(ann); after == before || seen[after] {
				s.Errorf("a new openid is %s", after)
			}
			return nil
		}
	}},
	{name: "a code of another app, used, old or made up", clause: "identity", want: append([]fault.Code{"not_found"}, malformed...), quiet: true, alone: true, honest: func(s *scene) func() refusals {
		a, b, ann := s.app(), s.app(), s.user("ann")
		a.login(ann)
		return func() refusals {
			code := func() string { return got(ann.api().LoginCode(s.Context(), a.id))(s) }
			use := func(x *app, code any) error {
				return s.ask("POST", "/app/login", x.token(), map[string]any{"code": code}).err()
			}
			used, old := code(), code()
			must(s, use(a, used))
			out := each(use(a, used), use(b, code()), use(a, "x"), use(a, ""), use(a, nil), use(a, code()+"x"), use(a, []string{code()}))
			s.pass(5*time.Minute + time.Second)
			a.tokens = nil
			return append(out, use(a, old), use(a, ann.name))
		}
	}},
	{name: "a code swapped many times at once", clause: "identity", want: malformed, quiet: true, passes: 1, honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.user("ann")
		a.login(ann)
		return func() refusals {
			code := got(ann.api().LoginCode(s.Context(), a.id))(s)
			return s.parallel(20, func(int) error { return only(a.server().Login(s.Context(), code)) })
		}
	}},
	{name: "an app making a code, or setting an openid", clause: "identity", want: append([]fault.Code{"wrong_principal"}, malformed...), quiet: true, honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.user("ann")
		openid := a.login(ann)
		return func() refusals {
			code := got(ann.api().LoginCode(s.Context(), a.id))(s)
			return each(
				s.ask("POST", "/mini-programs/"+a.id+"/login-codes", a.token(), nil).err(), s.ask("POST", "/mini-programs/"+a.id+"/openid/reset", a.token(), nil).err(),
				s.ask("POST", "/app/login", a.token(), map[string]any{"code": code, "openid": openid}).err(), s.ask("POST", "/app/login", a.token(), map[string]any{"openid": openid}).err(),
				s.ask("POST", "/app/login", a.token(), map[string]any{"code": code, "user": ann.name}).err(),
			)
		}
	}},
	{name: "reviving grants by the old openid", clause: "I5", want: append(closed, invalid...), honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		openid := t.app.login(ann)
		return func() refusals {
			must(s, s.ask("POST", "/mini-programs/"+t.app.id+"/openid/reset", ann.token, nil).err())
			return each(only(k.send()), t.app.raw(with(k, "grant", openid)))
		}
	}},
}

// login swaps a user's code for their openid.
func (a *app) login(p *person) string {
	a.s.Helper()
	return got(a.server().Login(a.s.Context(), got(p.api().LoginCode(a.s.Context(), a.id))(a.s)))(a.s)
}
