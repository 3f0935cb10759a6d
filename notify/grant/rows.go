package grant

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const day = 24 * time.Hour

// millis are times as rows keep many of them, in milliseconds since 1970.
type millis []int64

// since are those of the last d.
func (m millis) since(now time.Time, d time.Duration) millis {
	from := now.Add(-d).UnixMilli()
	return slices.DeleteFunc(slices.Clone(m), func(at int64) bool { return at <= from })
}

// userRow is what a user has whichever the app.
type userRow struct {
	Alerts millis `json:"alerts,omitempty"` // of the last day
}

// appRow is how one app stands with the user.
type appRow struct {
	Taps     []tap               `json:"taps,omitempty"`    // that may still ask
	Sheets   []shown             `json:"sheets,omitempty"`  // of the last day
	Rejects  millis              `json:"rejects,omitempty"` // with no accept in between
	Silent   time.Time           `json:"silent,omitzero"`   // until then it may not ask
	Never    []id.Template       `json:"never,omitempty"`   // may it ask for
	Muted    bool                `json:"muted,omitzero"`
	Blocked  bool                `json:"blocked,omitzero"`
	Alerts   millis              `json:"alerts,omitempty"`   // of the last day
	Shut     int                 `json:"shut,omitzero"`      // how often all its grants were closed
	Stops    map[id.Template]int `json:"stops,omitempty"`    // how often a template was stopped
	Messages []uuid.UUID         `json:"messages,omitempty"` // the latest that the user wrote
	Wrote    time.Time           `json:"wrote,omitzero"`     // when the latest of all was
}

// A tap is an activation.
type tap struct {
	Name    id.Activation `json:"name"`
	Session id.Session    `json:"session"`
	Page    string        `json:"page"`
	At      time.Time     `json:"at"`
	Spent   id.Consent    `json:"spent,omitempty"` // by whom
}

// shown is a sheet of the last day.
type shown struct {
	Consent id.Consent `json:"consent"`
	At      time.Time  `json:"at"`
}

// stops counts what the user did against this app and template. What was held
// when it was less does not come any more.
func (a *appRow) stops(t id.Template) int { return a.Shut + a.Stops[t] }

// shut tells whether nothing of this app is wanted at all.
func (a *appRow) shut() bool { return a.Muted || a.Blocked }

// A consent is a sheet with what becomes of it.
type consent struct {
	App     id.App    `json:"app"`
	AppName string    `json:"app_name"`
	By      By        `json:"by"`
	Tap     tap       `json:"tap"`
	Asked   time.Time `json:"asked"`
	Expires time.Time `json:"expires"`
	Items   []asked   `json:"items"`
	Decided id.Grant  `json:"decided,omitempty"` // names the decision
	At      time.Time `json:"at,omitzero"`       // of the decision
	Took    []bool    `json:"took,omitempty"`    // what was accepted, by item
}

// asked is one item: what was shown, and what accepting it would mint.
type asked struct {
	Shown    SheetItem   `json:"shown"`
	Template id.Template `json:"template"`
	Version  int         `json:"version"`
	Lives    Span        `json:"lives,omitzero"`
	Within   Span        `json:"within,omitzero"`
}

// answered is the answer to one idempotency key.
type answered struct {
	Hash    [32]byte  `json:"hash"`
	Notice  uuid.UUID `json:"notice"`
	Status  string    `json:"status"`
	Alert   bool      `json:"alert"`
	Left    int       `json:"left"`
	Expires time.Time `json:"expires"`
}

// get reads a row into v, and tells whether it was there.
func get(view ledger.View, key string, v any) (bool, error) {
	raw := view.Get(key)
	if raw == nil {
		return false, nil
	}
	return true, decode(key, raw, v)
}

func decode(key string, raw []byte, v any) (err error) {
	if r, ok := v.(record); ok && len(raw) > 0 && raw[0] == recordMark {
		err = decodeRecord(raw, r)
	} else {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		return fmt.Errorf("read the row %s: %w", key, err)
	}
	return nil
}

// encode is always the same for the same value: it may be compared.
func encode(v any) ([]byte, error) {
	if r, ok := v.(record); ok {
		return encodeRecord(r), nil
	}
	return json.Marshal(v, json.Deterministic(true))
}

// grantIn reads a grant from where it lives or where it has gone to.
func grantIn(view ledger.View, a id.App, g id.Grant) (grant Grant, found bool, err error) {
	for _, key := range grantKeys(a, g) {
		if found, err = get(view, key, &grant); found || err != nil {
			return grant, found, err
		}
	}
	return grant, false, nil
}

// grantsUnder are the grants that stand under a prefix.
func grantsUnder(view ledger.View, prefix string) ([]Grant, error) {
	rows := view.Under(prefix)
	all := make([]Grant, len(rows))
	for i, r := range rows {
		if err := decode(r.Key, r.Value, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// pending are the rows a change is going to store.
type pending struct {
	rows []ledger.Row
	err  error
}

func (p *pending) put(key string, v any) {
	raw, err := encode(v)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("write the row %s: %w", key, err)
	}
	p.rows = append(p.rows, ledger.Row{Key: key, Value: raw})
}

func (p *pending) drop(key string) { p.rows = append(p.rows, ledger.Row{Key: key}) }

func (p *pending) done() ([]ledger.Row, error) { return p.rows, p.err }

// retire moves grants that are over out of the way, and gives the others. What a
// user has of one app is read for every question: it has to stay short.
func (p *pending) retire(all []Grant, now time.Time) (rest []Grant) {
	for _, g := range all {
		if g.open(now) {
			rest = append(rest, g)
			continue
		}
		p.drop(liveKey(g.App, g.ID))
		p.put(pastKey(g.App, g.ID), &g)
	}
	return rest
}

// live tells whether a grant has neither ended nor run out.
func (g *Grant) live(now time.Time) bool { return g.End == "" && now.Before(g.ExpiresAt) }

// open tells whether anything can still come of a grant: of a window that has run
// out, when the user writes again.
func (g *Grant) open(now time.Time) bool { return g.live(now) || g.Scope == Window && g.End == "" }

// Remaining is how many more notices may come of a grant: of a standing one, at this time.
func (g *Grant) Remaining(now time.Time) int {
	if g.Scope != Standing {
		return g.Left
	}
	return max(0, g.Cadence.Uses-len(g.recent(now)))
}

// recent is what was sent within the cadence's period.
func (g *Grant) recent(now time.Time) []time.Time {
	from := now.Add(-g.Cadence.period())
	return slices.DeleteFunc(slices.Clone(g.Sent), func(at time.Time) bool { return !at.After(from) })
}

func (c *Cadence) period() time.Duration {
	switch c.Per {
	case "day":
		return day
	case "week":
		return 7 * day
	}
	return 30 * day
}

// appOf gives the app of a key such as "grant/app-…/…".
func appOf(key string) id.App {
	_, rest, _ := strings.Cut(key, "/")
	a, _, _ := strings.Cut(rest, "/")
	return id.App(a)
}
