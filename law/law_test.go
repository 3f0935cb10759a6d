package law

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// An attempt is one try to get past the law.
type attempt struct {
	name   string
	clause string // of the law that forbids it
	// honest goes the way the attempt abuses, and fails if it is closed. It returns
	// the attack, which tells how each of its tries was answered.
	honest func(s *scene) (attack func() refusals)
	want   []fault.Code // each refusal is one of them
	// passes are tries that are not refused; delivers is how many notices come of
	// the attack. Both are exact.
	passes, delivers int
	quiet            bool // a refusal to a user or to nobody, which the audit of the gate need not have
	alone            bool // it moves the clock
	costly           bool // too much for a database, and for -short, for what it adds
}

// themes are all attempts, by what they are about.
var themes = []struct {
	name     string
	attempts []attempt
}{
	{"recipients", recipients},
	{"routes", routes},
	{"handles", handles},
	{"consent", consents},
	{"templates", templates},
	{"content", contents},
	{"repeats", repeats},
	{"wishes", wishes},
	{"scopes", scopes},
	{"windows", windows},
	{"broadcast", broadcasts},
	{"pictures", pictures},
	{"probing", probes},
	{"openids", openids},
	{"pages", pages},
	{"leaving", leavings},
}

// workers is how many attempts are made at once; most of them wait for somebody to
// look at a sheet.
const workers = 12

// TestLaw makes all attempts, both ways.
func TestLaw(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { attack(t, embedded(t), !testing.Short()) })
	t.Run("cluster", func(t *testing.T) { attack(t, cluster(t), false) })
}

// attack makes all attempts in a house: those that share the clock at once, then
// the others.
func attack(t *testing.T, h *house, all bool) {
	for _, alone := range []bool{false, true} {
		type one struct {
			theme string
			attempt
		}
		var todo []one
		for _, th := range themes {
			for _, a := range th.attempts {
				if a.alone == alone && (all || !a.costly) {
					todo = append(todo, one{th.name, a})
				}
			}
		}
		next := make(chan one)
		var wait sync.WaitGroup
		for range map[bool]int{false: workers, true: 1}[alone] {
			wait.Go(func() {
				for a := range next {
					t.Run(a.theme+"/"+a.name, func(t *testing.T) { a.make(&scene{T: t, h: h, alone: alone}) })
				}
			})
		}
		for _, a := range todo {
			next <- a
		}
		close(next)
		wait.Wait()
	}
	h.lawful(t)
}

// make goes the honest way, attacks, and looks at what came of it.
func (a *attempt) make(s *scene) {
	attack := a.honest(s)
	if s.Failed() {
		s.Fatalf("%s: the honest way is closed", a.clause)
	}
	before, audit := s.inboxes(), s.audits()
	answers := attack()
	refused := 0
	for i, err := range answers {
		if err == nil {
			continue
		}
		refused++
		told, ok := errors.AsType[*client.Error](err)
		switch {
		case !ok:
			s.Errorf("%s: try %d of %d ended in %v", a.clause, i+1, len(answers), err)
		case !slices.Contains(a.want, told.Code):
			s.Errorf("%s: try %d of %d was refused with %v, not %v", a.clause, i+1, len(answers), told, a.want)
		case told.Status != statuses[told.Code] || told.Status == 0:
			s.Errorf("%s: %s came with status %d, not %d", a.clause, told.Code, told.Status, statuses[told.Code])
		}
	}
	if passed := len(answers) - refused; passed != a.passes {
		s.Errorf("%s: %d of %d tries were not refused, %d should be", a.clause, passed, len(answers), a.passes)
	}
	if after := s.inboxes(); after-before != a.delivers+s.raced {
		s.Errorf("%s: the attack brought %d notices, not %d", a.clause, after-before, a.delivers)
	}
	if after := s.audits(); !a.quiet && after-audit < refused {
		s.Errorf("I8: %d refusals left %d rows in the audit", refused, after-audit)
	}
	for _, do := range s.later {
		do()
	}
}

// inboxes counts what the scene's apps have brought to its people.
func (s *scene) inboxes() (n int) {
	s.Helper()
	for _, p := range s.people {
		n += s.inbox(p)
	}
	return n
}

// audits counts what was refused to the scene's apps.
func (s *scene) audits() (n int) {
	s.Helper()
	for _, a := range s.apps {
		n += s.audited(a)
	}
	return n
}

// statuses are those of HTTP that refusals come with, as the contract has them.
var statuses = map[fault.Code]int{
	"bad_request": 400, "unknown_field": 400, "too_large": 413, "unsupported_media_type": 415, "method_not_allowed": 405,
	"unauthenticated": 401, "token_expired": 401, "forbidden": 403, "wrong_principal": 403, "blocked": 403, "not_found": 404, "conflict": 409,
	"stream_closed": 409, "recipient_not_accepted": 403, "grant_invalid": 404, "grant_consumed": 409, "grant_expired": 409, "grant_closed": 409,
	"grant_not_activated": 409, "grant_template_mismatch": 409, "template_unknown": 404, "template_paused": 409, "template_scope_denied": 403,
	"param_invalid": 422, "param_locked": 422, "page_invalid": 422, "state_illegal": 409, "idempotency_required": 422, "idempotency_mismatch": 409,
	"busy_retry": 503, "content_blocked": 403, "broadcast_shape": 403, "app_suspended": 403, "app_reach_limit": 429, "cadence": 429,
	"window_closed": 409, "window_spent": 409, "activation_invalid": 409, "consent_expired": 409, "consent_decided": 409,
	"user_taken": 409, "outstanding_limit": 429, "ask_limit": 429, "ask_silenced": 403, "mint_paused": 403,
}
