package moderation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// A file is a case as it is stored. The cases of one kind about one subject are one
// part of the ledger:
//
//	now          the file of the one that is not decided
//	case/<case>  those that are
//	by/<user>    the latest case that this user's report went into
//
// So opening, joining, claiming and deciding are each one step. How a case is found
// by its name, and in which order they are listed, is the shelf's: see shelf.go.
type file struct {
	Case
	Version int       `json:"version"`           // grows with every change
	ClaimID uuid.UUID `json:"claim_id,omitzero"` // of the latest claim's audit row
	FirstID uuid.UUID `json:"first_id,omitzero"` // of the first decision's
	Attempt *attempt  `json:"attempt,omitempty"` // a decision that is being carried out

	Flood   *flood         `json:"flood,omitempty"`
	Reasons map[string]int `json:"reasons,omitempty"` // of reports
	Latest  []report       `json:"latest,omitempty"`  // reports, the newest first
}

// An attempt is a decision from when it is certain until it is carried out.
type attempt struct {
	ID       uuid.UUID `json:"id"`
	Role     string    `json:"role"`
	Decision Decision  `json:"decision"`
}

// A flood is what the gate knows of one.
type flood struct {
	Held int    `json:"held"`          // when it was last written down: about, if they are many
	Did  string `json:"did,omitempty"` // what the gate did about it, if anything
}

// A report is one user's.
type report struct {
	By     id.User   `json:"by"`
	Notice string    `json:"notice"`
	Reason string    `json:"reason"`
	Did    string    `json:"did,omitempty"`
	At     time.Time `json:"at"`
}

const (
	rowNow     = "now"
	decidedRow = "case/"
	byRow      = "by/"
	// latestMost bounds the reports that are shown in a case.
	latestMost = 20
	// joinTries bounds how often a case may be decided under the hands of who joins it.
	joinTries = 8
)

func partOf(kind string, of Subject) ledger.Part {
	return ledger.Part("case-of/" + kind + "/" + of.Kind + "/" + of.ID)
}

func readFile(raw []byte) (*file, error) {
	if raw == nil {
		return nil, nil
	}
	f := &file{}
	if err := json.Unmarshal(raw, f); err != nil {
		return nil, fmt.Errorf("a case cannot be read: %w", err)
	}
	return f, nil
}

// row is where a file stands now.
func (f *file) row() (ledger.Row, error) {
	raw, err := json.Marshal(f)
	key := rowNow
	if f.State == Decided {
		key = decidedRow + string(f.ID)
	}
	return ledger.Row{Key: key, Value: raw}, err
}

// shown is the case as moderators see it.
func (f *file) shown(evidence bool) (Case, error) {
	c := f.Case
	var err error
	if evidence {
		c.Evidence, err = json.Marshal(struct {
			*flood
			Reasons map[string]int `json:"reasons,omitempty"`
			Latest  []report       `json:"latest,omitempty"`
		}{f.Flood, f.Reasons, f.Latest})
	}
	return c, err
}

// joined is something that goes into the undecided case of its kind and subject, or opens one.
type joined struct {
	kind    string
	subject Subject
	app     id.App
	by      id.User          // of a report
	add     func(*file) bool // into the case; false: it says nothing new
}

var errDecidedMeanwhile = errors.New("the case was decided meanwhile")

// join puts something into its case.
func (s *Service) join(ctx context.Context, j joined) error {
	for range joinTries {
		err := s.tryJoin(ctx, j)
		if !errors.Is(err, errDecidedMeanwhile) {
			return err
		}
	}
	return fault.Unavailable
}

func (s *Service) tryJoin(ctx context.Context, j joined) error {
	part, want := partOf(j.kind, j.subject), ledger.Want{Keys: []string{rowNow}}
	if j.by != "" {
		want.Keys = append(want.Keys, byRow+string(j.by))
	}
	have, err := s.store.ReadPart(ctx, part, want)
	if err != nil {
		return err
	}
	var fresh *file // if there is no case, this becomes it
	if have.Get(rowNow) == nil {
		now := s.now()
		fresh = &file{Case: Case{ID: id.NewCase(now), Kind: j.kind, State: Open, Severity: 1, Subject: j.subject, App: j.app, OpenedAt: now}}
		j.add(fresh)
		fresh.Version = 1
		if err := s.announce(ctx, fresh); err != nil {
			return err
		}
	}
	f, moved, err := s.putJoined(ctx, part, want, have, j, fresh)
	switch {
	case err != nil:
		return err
	case fresh != nil && f.ID == fresh.ID:
		return s.opened(ctx, f)
	case fresh != nil:
		err = s.withdraw(ctx, fresh)
	}
	if moved {
		err = errors.Join(err, s.shelve(ctx, f))
	}
	return err
}

// putJoined is the one step of a join. It returns the case as it is then, and whether its
// place among the others is another one.
func (s *Service) putJoined(ctx context.Context, part ledger.Part, want ledger.Want, have ledger.View, j joined, fresh *file) (f *file, moved bool, err error) {
	err = s.store.ChangePart(ctx, part, want, have, nil, func(v ledger.View) ([]ledger.Row, error) {
		var err error
		if f, err = readFile(v.Get(rowNow)); err != nil {
			return nil, err
		}
		moved = false
		switch {
		case f == nil && fresh == nil:
			return nil, errDecidedMeanwhile
		case f == nil:
			f = fresh
		case j.by != "" && string(v.Get(byRow+string(j.by))) == string(f.ID):
			return nil, nil // it is in it, perhaps by this very call
		default:
			before := f.place()
			if !j.add(f) {
				return nil, nil
			}
			f.Version++
			moved = f.place() != before
		}
		row, err := f.row()
		rows := []ledger.Row{row}
		if j.by != "" {
			rows = append(rows, ledger.Row{Key: byRow + string(j.by), Value: []byte(f.ID)})
		}
		return rows, err
	})
	return f, moved, err
}

// opened leaves an audit row, once however often it is called.
func (s *Service) opened(ctx context.Context, f *file) error {
	u, _, _ := idTime(f.ID)
	return s.Record(ctx, Act{
		ID:    id.Derive(u, "opened"),
		Actor: system, Role: roleSystem, Action: "case_opened", Subject: f.Subject, At: f.OpenedAt,
		After: object(map[string]any{"case": f.ID, "kind": f.Kind, "app": string(f.App)}),
	})
}

// change changes a case by name: do says how, may be called again with what is there
// then, and returns false if there is nothing to change. It returns the case as it is then.
func (s *Service) change(ctx context.Context, c id.Case, do func(*file) (bool, error)) (*file, error) {
	at, err := s.find(ctx, c)
	if err != nil {
		return nil, err
	}
	var f *file
	want := ledger.Want{Keys: []string{rowNow, decidedRow + string(c)}}
	err = s.store.ChangePart(ctx, at.Part, want, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if f, err = fileIn(v, c); err != nil {
			return nil, err
		}
		before := f.State
		change, err := do(f)
		if err != nil || !change {
			return nil, err
		}
		f.Version++
		row, err := f.row()
		rows := []ledger.Row{row}
		if before != Decided && f.State == Decided {
			rows = append(rows, ledger.Row{Key: rowNow})
		}
		return rows, err
	})
	if err == nil && f.place() != at.Key {
		err = s.shelve(ctx, f)
	}
	return f, err
}

// fileIn finds a case among the rows of its part.
func fileIn(v ledger.View, c id.Case) (*file, error) {
	for _, key := range []string{rowNow, decidedRow + string(c)} {
		if f, err := readFile(v.Get(key)); err != nil || f != nil && f.ID == c {
			return f, err
		}
	}
	return nil, fault.NotFound
}

// read finds a case whose part is known.
func (s *Service) read(ctx context.Context, part ledger.Part, c id.Case) (*file, error) {
	v, err := s.store.ReadPart(ctx, part, ledger.Want{Keys: []string{rowNow, decidedRow + string(c)}})
	if err != nil {
		return nil, err
	}
	return fileIn(v, c)
}

// Case finds a case, with its evidence. fault.NotFound.
func (s *Service) Case(ctx context.Context, c string) (Case, error) {
	at, err := s.find(ctx, id.Case(c))
	if err != nil {
		return Case{}, err
	}
	f, err := s.read(ctx, at.Part, id.Case(c))
	if err != nil {
		return Case{}, err
	}
	return f.shown(true)
}

// idTime is the id and the time in a case's name.
func idTime(c id.Case) (uuid.UUID, time.Time, bool) {
	text, found := strings.CutPrefix(string(c), "case-")
	u, err := uuid.Parse(text)
	if !found || err != nil || u.String() != text || u.Version() != 7 {
		return uuid.Nil, time.Time{}, false
	}
	sec, nsec := u.Time().UnixTime()
	return u, time.Unix(sec, nsec).UTC(), true
}

// object is JSON for the audit, of members that can be written.
func object(members map[string]any) []byte {
	for key, value := range members {
		if text, ok := value.(string); ok && text == "" {
			delete(members, key)
		}
	}
	raw, err := json.Marshal(members)
	if err != nil {
		panic(err) // a member is of a type that has no JSON
	}
	return raw
}
