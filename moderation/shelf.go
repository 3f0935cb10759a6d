package moderation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Cases are found on shelves: one part of the ledger for each month in which they were
// opened, with the rows
//
//	at/<case>                      a slot: which part has the case, and its row below
//	q/<group>/<severity>/<case>    the part; in the order in which cases are listed
//
// and a part that names the months. A case is on its shelf before it is stored, and is
// moved after it was changed: a slot carries the case's version, so whoever comes late
// moves nothing back. What is shown is always read from the case; a listing that finds one
// in a wrong place puts it right.
const monthsPart = ledger.Part("cases")

const (
	slotRow  = "at/"
	queueRow = "q/"
	// groups of a listing: what is to be done, and what was done.
	toDecide = "1"
	wasDone  = "2"
)

// A slot is where a case is.
type slot struct {
	Version int         `json:"version"`
	Key     string      `json:"key"` // its row in the queue
	Part    ledger.Part `json:"part"`
}

func monthPart(month string) ledger.Part { return monthsPart + "/" + ledger.Part(month) }

func monthOf(at time.Time) string { return at.Format("2006-01") }

// place is a case's row in the queue: most severe first, then oldest.
func (f *file) place() string { return queuePrefix(f.group(), f.Severity) + string(f.ID) }

func (f *file) group() string {
	if f.State == Decided {
		return wasDone
	}
	return toDecide
}

func queuePrefix(group string, severity int) string {
	return fmt.Sprintf("%s%s/%d/", queueRow, group, 5-severity)
}

// announce puts a case on its shelf before there is one.
func (s *Service) announce(ctx context.Context, f *file) error {
	month := monthOf(f.OpenedAt)
	if last, _ := s.month.Load().(string); last != month {
		err := s.store.ChangePart(ctx, monthsPart, ledger.Want{Keys: []string{month}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
			if v.Get(month) != nil {
				return nil, nil
			}
			return []ledger.Row{{Key: month, Value: []byte("{}")}}, nil
		})
		if err != nil {
			return err
		}
		s.month.Store(month)
	}
	return s.shelve(ctx, f)
}

// shelve brings a case to its place, unless somebody knows it newer.
func (s *Service) shelve(ctx context.Context, f *file) error {
	key := slotRow + string(f.ID)
	next := slot{f.Version, f.place(), partOf(f.Kind, f.Subject)}
	return s.store.ChangePart(ctx, monthPart(monthOf(f.OpenedAt)), ledger.Want{Keys: []string{key}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		old, err := readSlot(v.Get(key))
		if err != nil || old.Version >= next.Version {
			return nil, err
		}
		raw, err := json.Marshal(next)
		rows := []ledger.Row{{Key: key, Value: raw}, {Key: next.Key, Value: []byte(next.Part)}}
		if old.Key != "" && old.Key != next.Key {
			rows = append(rows, ledger.Row{Key: old.Key})
		}
		return rows, err
	})
}

// withdraw takes a case off its shelf that did not come to be.
func (s *Service) withdraw(ctx context.Context, f *file) error {
	want := ledger.Want{Keys: []string{slotRow + string(f.ID)}}
	return s.store.ChangePart(ctx, monthPart(monthOf(f.OpenedAt)), want, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if len(v.Rows) == 0 {
			return nil, nil
		}
		return []ledger.Row{{Key: want.Keys[0]}, {Key: f.place()}}, nil
	})
}

func readSlot(raw []byte) (at slot, err error) {
	if raw != nil {
		err = json.Unmarshal(raw, &at)
	}
	return at, err
}

// find tells where a case is. fault.NotFound.
func (s *Service) find(ctx context.Context, c id.Case) (slot, error) {
	_, at, ok := idTime(c)
	if !ok {
		return slot{}, fault.NotFound
	}
	key := slotRow + string(c)
	v, err := s.store.ReadPart(ctx, monthPart(monthOf(at)), ledger.Want{Keys: []string{key}})
	if err != nil {
		return slot{}, err
	}
	found, err := readSlot(v.Get(key))
	if err == nil && found.Part == "" {
		err = fault.NotFound
	}
	return found, err
}

// A stretch is what a listing reads from one shelf at a time: all of one severity.
type stretch struct{ prefix, month string }

func (a stretch) compare(b stretch) int {
	return cmp.Or(strings.Compare(a.prefix, b.prefix), strings.Compare(a.month, b.month))
}

// stretches are those of a listing, in its order, from one on.
func stretches(groups []string, months []ledger.Row, from stretch) (all []stretch) {
	for _, group := range groups {
		for severity := 5; severity >= 1; severity-- {
			for _, m := range months {
				at := stretch{queuePrefix(group, severity), m.Key}
				if at.compare(from) >= 0 {
					all = append(all, at)
				}
			}
		}
	}
	return all
}

const (
	// casesMost bounds the cases that are looked at for one page, chunk those that are at a time.
	casesMost = 800
	chunk     = 50
	// monthsMost is a thousand years.
	monthsMost = 12_000
)

// Cases lists cases: what is to be decided before what was, the most severe first, then
// the oldest. state and kind choose; "" is any. Evidence is left out. A page may be short
// and still have a next one.
func (s *Service) Cases(ctx context.Context, state, kind, cursor string, limit int) (page []Case, next string, err error) {
	groups, ok := map[string][]string{
		"": {toDecide, wasDone}, Open: {toDecide}, Claimed: {toDecide}, Awaiting: {toDecide}, Decided: {wasDone},
	}[state]
	if !ok {
		return nil, "", fault.BadRequest.At("/state", "is none of open, claimed, awaiting_second, decided")
	}
	at, err := parsePlace(cursor)
	if err != nil {
		return nil, "", err
	}
	months, err := s.store.ListPart(ctx, monthsPart, "", "", monthsMost)
	if err != nil {
		return nil, "", err
	}
	l := listing{state: state, kind: kind, limit: pageSize(limit), at: at}
	for _, stretch := range stretches(groups, months, at.stretch) {
		if stretch != l.at.stretch {
			l.at = place{stretch: stretch}
		}
		if more, err := s.walk(ctx, &l); err != nil || more {
			return l.page, l.at.cursor(), err
		}
	}
	return l.page, "", nil
}

// A listing is a page in the making.
type listing struct {
	state, kind string
	limit       int
	looked      int
	at          place // the last row that was looked at
	page        []Case
}

// walk adds what the rest of a stretch has; more: the page ends before that does.
func (s *Service) walk(ctx context.Context, l *listing) (more bool, err error) {
	for {
		rows, err := s.store.ListPart(ctx, monthPart(l.at.month), l.at.prefix, l.at.key, chunk)
		if err != nil {
			return false, err
		}
		for _, r := range rows {
			if len(l.page) == l.limit || l.looked == casesMost {
				return true, nil
			}
			f, err := s.reread(ctx, r)
			if err != nil {
				return false, err
			}
			l.looked++
			l.at.key = r.Key
			if f == nil || !strings.HasPrefix(r.Key, queueRow+f.group()) || l.state != "" && f.State != l.state || l.kind != "" && f.Kind != l.kind {
				continue
			}
			c, err := f.shown(false)
			if err != nil {
				return false, err
			}
			l.page = append(l.page, c)
		}
		if len(rows) < chunk {
			return false, nil
		}
	}
}

// reread reads the case of a row in the queue; nil if there is none. One in a wrong place
// is brought to its own.
func (s *Service) reread(ctx context.Context, r ledger.Row) (*file, error) {
	c := id.Case(r.Key[strings.LastIndexByte(r.Key, '/')+1:])
	f, err := s.read(ctx, ledger.Part(r.Value), c)
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err == nil && f.place() != r.Key {
		err = s.shelve(ctx, f)
	}
	return f, err
}

// A place is how far a listing has come.
type place struct {
	stretch
	key string
}

func (p place) cursor() string { return makeCursor(p.prefix + " " + p.month + " " + p.key) }

func parsePlace(cursor string) (place, error) {
	if cursor == "" {
		return place{}, nil
	}
	text, ok := parseCursor(cursor)
	parts := strings.Split(text, " ")
	if !ok || len(parts) != 3 {
		return place{}, errCursor
	}
	return place{stretch{parts[0], parts[1]}, parts[2]}, nil
}
