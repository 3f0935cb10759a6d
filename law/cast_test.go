package law

import (
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/client"
)

// A scene is one attempt on its stage, with people and apps of its own.
type scene struct {
	*testing.T
	h      *house
	alone  bool // the clock is this attempt's, while it lasts
	mu     sync.Mutex
	people []*person
	apps   []*app
	later  []func()
	raced  int // notices that came of a race, in which they may
}

// after has something done when the attack is judged, such as to show that a grant
// that was not spent is good.
func (s *scene) after(do func()) { s.later = append(s.later, do) }

// pass lets time go by. Only scenes that are alone move the clock; others wait, by
// real time, for what is as short as a look at a sheet.
func (s *scene) pass(d time.Duration) {
	s.Helper()
	switch {
	case s.alone:
		s.h.clock.Advance(d)
	case d <= time.Second:
		time.Sleep(d) // the least that has to go by, not something to happen
	default:
		s.Fatalf("this attempt needs %s to go by and is not marked alone", d)
	}
}

// look is how long somebody looks at a sheet; less than 400 ms is a false tap.
const look = 450 * time.Millisecond

// A person is a signed-in user.
type person struct {
	h     *house
	name  string
	token string
	apis  []*client.API
}

// signIn makes somebody of a name that begins so.
func (h *house) signIn(t testing.TB, what string) *person {
	t.Helper()
	return h.signInOn(t, h.name(what), "phone")
}

func (h *house) signInOn(t testing.TB, name, device string) *person {
	t.Helper()
	p := &person{h: h, name: name}
	assertion := got(h.signer.assertion(name, h.clock.Now()))(t)
	p.token = got(apiAt(t, h.next()).SignInByAssertion(t.Context(), assertion, device))(t).Token
	p.connect(t)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.ContainsFunc(h.people, func(o *person) bool { return o.name == name }) {
		h.people = append(h.people, p)
	}
	return p
}

// connect speaks to the nodes that are there now.
func (p *person) connect(t testing.TB) {
	p.apis = nil
	for _, url := range p.h.urls {
		p.apis = append(p.apis, apiAt(t, url).As(p.token))
	}
}

// api speaks to the nodes in turn.
func (p *person) api() *client.API { return p.apis[int(p.h.turn.Add(1))%len(p.apis)] }

// user makes somebody for this scene.
func (s *scene) user(what string) *person {
	s.Helper()
	return s.take(s.h.signIn(s, what))
}

func (s *scene) take(p *person) *person {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = append(s.people, p)
	return p
}

// crowd are so many people, who are in other scenes too.
func (s *scene) crowd(n int) []*person {
	s.Helper()
	h := s.h
	h.mu.Lock()
	missing := max(0, n-len(h.crowd))
	h.mu.Unlock()
	fresh := make([]*person, missing)
	places := make([]int, missing)
	for i := range places {
		places[i] = i
	}
	if together(s, 8, places, func(i int) error { fresh[i] = h.signIn(s, "crowd"); return nil }) > 0 {
		s.FailNow()
	}
	h.mu.Lock()
	h.crowd = append(h.crowd, fresh...)
	all := slices.Clone(h.crowd[:n])
	h.mu.Unlock()
	for _, p := range all {
		s.take(p)
	}
	return all
}

// inbox is how many notices and answers of the scene's apps somebody has.
func (s *scene) inbox(p *person) int {
	s.Helper()
	n := 0
	ours := func(app string) bool { return slices.ContainsFunc(s.apps, func(a *app_) bool { return a.id == app }) }
	for notice, err := range p.api().Notices(s.Context()) {
		must(s, err)
		if ours(notice.App) {
			n++
		}
	}
	for _, a := range s.apps {
		if a.spokenWith(p) {
			n += len(s.answers(p, a))
		}
	}
	return n
}

// answers are what an app has said in its service conversation with somebody.
func (s *scene) answers(p *person, a *app) (texts []string) {
	s.Helper()
	stream := got(p.api().OpenDirect(s.Context(), a.id))(s)
	got := s.ask("GET", "/conversations/"+url.PathEscape(stream)+"/messages?after=0&limit=200", p.token, nil)
	if got.status == 404 {
		return nil
	}
	must(s, got.err())
	items, _ := got.object()["items"].([]any)
	for _, i := range items {
		entry := i.(map[string]any)
		if entry["from"] == a.id {
			body, _ := entry["body"].(map[string]any)
			text, _ := body["text"].(string)
			texts = append(texts, text)
		}
	}
	return texts
}

// refusals are what an attack was answered; nil is an answer that is none.
type refusals []error

// each makes a list of outcomes.
func each(errs ...error) refusals { return errs }

// only is an outcome whose value does not matter.
func only[T any](_ T, err error) error { return err }

// parallel does something n times at once.
func (s *scene) parallel(n int, do func(i int) error) refusals {
	out := make(refusals, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() { <-start; out[i] = do(i) })
	}
	close(start)
	all.Wait()
	return out
}

// audited counts the audit's rows of what was refused to an app. What is new is
// read once for all scenes.
func (s *scene) audited(a *app) int {
	s.Helper()
	h := s.h
	h.audit.Lock()
	defer h.audit.Unlock()
	if h.audit.rows == nil {
		h.audit.rows = map[string]int{}
	}
	newest := h.audit.upTo
	for cursor, more := "", true; more; {
		got := s.ask("GET", "/moderation/audit?limit=200"+cursor, h.mo.token, nil)
		must(s, got.err())
		page := got.object()
		next, _ := page["next"].(string)
		more, cursor = next != "", "&cursor="+url.QueryEscape(next)
		for _, i := range page["items"].([]any) {
			row := i.(map[string]any)
			seq := int64(row["seq"].(float64))
			if seq <= h.audit.upTo {
				more = false
				break
			}
			newest = max(newest, seq)
			actor, _ := row["actor"].(string)
			h.audit.rows[actor]++
		}
	}
	h.audit.upTo = newest
	return h.audit.rows[a.id]
}

func newUUID() string { return uuid.Must(uuid.NewV7()).String() }
