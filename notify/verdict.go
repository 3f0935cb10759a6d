package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// A ruling is what a moderator has decided about all that was held of a template.
type ruling struct {
	Template id.Template `json:"template"`
	Release  bool        `json:"release"`
	At       time.Time   `json:"at"`
}

// ReleaseHeld delivers all that is held of a template, and tells how many; what
// their users have stopped meanwhile does not come. If it fails midway, the rest is
// done later.
func (s *Service) ReleaseHeld(ctx context.Context, t id.Template) (int, error) {
	return s.rule(ctx, ruling{t, true, s.now()})
}

// DropHeld sees to it that nothing that is held of a template ever comes, and
// tells how many there were. If it fails midway, the rest is done later.
func (s *Service) DropHeld(ctx context.Context, t id.Template) (int, error) {
	return s.rule(ctx, ruling{t, false, s.now()})
}

func (s *Service) rule(ctx context.Context, r ruling) (int, error) {
	if _, ok := pausable(r.Template); !ok {
		return 0, ErrTemplate
	}
	due := ledger.Due{Queue: verdictQueue, At: r.At.Add(s.opt.SweepAfter), ID: uuid.NewString(), Body: encode(r)}
	if err := s.store.Owe(ctx, due); err != nil {
		return 0, fmt.Errorf("decide held notices: %w", err)
	}
	ctx = context.WithoutCancel(ctx)
	n, err := s.carryOut(ctx, r)
	if err != nil {
		return n, fmt.Errorf("decide held notices: %w", err)
	}
	s.settle(ctx, due)
	return n, nil
}

// carryOut decides what was held by the time of a ruling.
func (s *Service) carryOut(ctx context.Context, r ruling) (n int, err error) {
	if r.Release {
		if err := s.board.Forget(ctx, r.Template); err != nil {
			return 0, err
		}
	}
	p := heldPart(r.Template)
	for after := ""; ; {
		rows, err := s.store.ListPart(ctx, p, "", after, limitMost)
		if err != nil {
			return n, err
		}
		if len(rows) == 0 {
			return n, s.unlist(ctx, r.Template)
		}
		for _, row := range rows {
			after = row.Key
			var h heldRow
			if err := json.Unmarshal(row.Value, &h); err != nil {
				return n, fmt.Errorf("read a held notice: %w", err)
			}
			notice, err := uuid.Parse(row.Key)
			if err != nil {
				return n, fmt.Errorf("read a held notice: %w", err)
			}
			if h.At.After(r.At) {
				continue
			}
			if err := s.unhold(ctx, r.Template, notice, h, r.Release); err != nil {
				return n, err
			}
			n++
		}
	}
}

// unlist takes a template off the index if nothing is held of it any more.
func (s *Service) unlist(ctx context.Context, t id.Template) error {
	for _, r := range []ledger.Row{{Key: string(t)}, {Key: string(t), Value: []byte("{}")}} {
		rows, err := s.store.ListPart(ctx, heldPart(t), "", "", 1)
		if err != nil || len(rows) > 0 == (r.Value == nil) {
			return err
		}
		if err := s.put(ctx, heldIndex, r); err != nil {
			return err
		}
	}
	return nil
}
