package notify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// A tally is what became of an app's requests on one day.
type tally struct {
	Sent    map[id.Template]int `json:"sent,omitempty"` // accepted at once, or released
	Held    map[id.Template]int `json:"held,omitempty"`
	Refused map[fault.Code]int  `json:"refused,omitempty"`
}

func (t *tally) add(o tally) {
	for _, m := range []struct{ to, from *map[id.Template]int }{{&t.Sent, &o.Sent}, {&t.Held, &o.Held}} {
		for k, n := range *m.from {
			up(m.to, k, n)
		}
	}
	for k, n := range o.Refused {
		up(&t.Refused, k, n)
	}
}

func up[K comparable](m *map[K]int, k K, n int) {
	if *m == nil {
		*m = map[K]int{}
	}
	(*m)[k] += n
}

// tallyKept is how many days of tallies are kept.
const tallyKept = 35

type appDay struct {
	app id.App
	day string
}

// counts are a node's own tallies. They go to the store a little later, as what
// they are by then, each node's in a row of its own: so writing one again changes
// nothing, and a crash loses the last second.
type counts struct {
	run string // tells this process from all others

	mu    sync.Mutex // guards what follows
	days  map[appDay]*tally
	dirty map[appDay]bool
}

func (c *counts) note(a id.App, at time.Time, note func(*tally)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := appDay{a, at.Format(time.DateOnly)}
	if c.days[k] == nil {
		if c.days == nil {
			c.days, c.dirty = map[appDay]*tally{}, map[appDay]bool{}
		}
		c.days[k] = &tally{}
	}
	c.dirty[k] = true
	note(c.days[k])
}

func (c *counts) sent(a id.App, t id.Template, at time.Time) {
	c.note(a, at, func(d *tally) { up(&d.Sent, t, 1) })
}

func (c *counts) held(a id.App, t id.Template, at time.Time) {
	c.note(a, at, func(d *tally) { up(&d.Held, t, 1) })
}

func (c *counts) refused(a id.App, at time.Time, code fault.Code) {
	c.note(a, at, func(d *tally) { up(&d.Refused, code, 1) })
}

// changed takes what is to be stored, of one app or of all, and forgets the days
// that are over.
func (c *counts) changed(a id.App, now time.Time) map[appDay][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[appDay][]byte{}
	for k := range c.dirty {
		if a == "" || k.app == a {
			out[k] = encode(c.days[k])
			delete(c.dirty, k)
		}
	}
	yesterday := now.Add(-48 * time.Hour).Format(time.DateOnly)
	maps.DeleteFunc(c.days, func(k appDay, _ *tally) bool { return k.day < yesterday && !c.dirty[k] })
	return out
}

func (c *counts) again(k appDay) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.days[k] != nil {
		c.dirty[k] = true
	}
}

func statsPart(a id.App) ledger.Part { return ledger.Part("stats/" + string(a)) }

// flush stores this node's tallies of an app, or of all if a is "".
func (s *Service) flush(ctx context.Context, a id.App) error {
	changed := s.counts.changed(a, s.now())
	var failed error
	for k, raw := range changed {
		if err := s.put(ctx, statsPart(k.app), ledger.Row{Key: k.day + "/" + s.counts.run, Value: raw}); err != nil {
			s.counts.again(k)
			failed = fmt.Errorf("store counts: %w", err)
		}
	}
	return failed
}

// tallies are an app's of the days from one on, over all nodes.
func (s *Service) tallies(ctx context.Context, a id.App, from string) (map[string]*tally, error) {
	if err := s.flush(ctx, a); err != nil {
		return nil, err
	}
	days := map[string]*tally{}
	oldest := s.now().AddDate(0, 0, -tallyKept).Format(time.DateOnly)
	for after := ""; ; {
		rows, err := s.store.ListPart(ctx, statsPart(a), "", after, limitMost)
		if err != nil {
			return nil, fmt.Errorf("read counts: %w", err)
		}
		if len(rows) == 0 {
			return days, nil
		}
		for _, r := range rows {
			after = r.Key
			day, _, _ := strings.Cut(r.Key, "/")
			if day < oldest {
				if err := s.put(ctx, statsPart(a), ledger.Row{Key: r.Key}); err != nil {
					return nil, fmt.Errorf("forget counts: %w", err)
				}
			}
			if day < from {
				continue
			}
			var t tally
			if _, err := decodeRow(ledger.View{Rows: []ledger.Row{r}}, r.Key, &t); err != nil {
				return nil, err
			}
			if days[day] == nil {
				days[day] = &tally{}
			}
			days[day].add(t)
		}
	}
}

// Stats are an app's own numbers. There is nothing in them of any one user.
type Stats struct {
	Days []Day `json:"days"` // that had any, of the last seven; the latest first
}

// A Day is what became of an app's requests on one day, in UTC.
type Day struct {
	Day      string             `json:"day"`
	Accepted int                `json:"accepted"`
	Held     int                `json:"held"`
	Refused  map[fault.Code]int `json:"refused"`
}

// Stats tells an app what became of its requests. It may be a second late.
func (s *Service) Stats(ctx context.Context, a id.App) (Stats, error) {
	days, err := s.tallies(ctx, a, s.since())
	if err != nil {
		return Stats{}, err
	}
	out := Stats{Days: []Day{}}
	for _, day := range slices.Backward(sorted(days)) {
		t := days[day]
		d := Day{Day: day, Accepted: total(t.Sent), Held: total(t.Held), Refused: t.Refused}
		if d.Refused == nil {
			d.Refused = map[fault.Code]int{}
		}
		out.Days = append(out.Days, d)
	}
	return out, nil
}

// since is the first day that counts.
func (s *Service) since() string {
	return s.now().AddDate(0, 0, 1-s.opt.ReportDays).Format(time.DateOnly)
}

func total[K comparable](m map[K]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}
