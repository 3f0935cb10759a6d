package webhook

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	lease      = 30 * time.Second // an attempt's; then others may try. More than callMost.
	settleMost = 5 * time.Second  // to write down how it ended, in real time
)

// attempt claims what stands in the queue, calls, and writes down how that ended.
func (s *Service) attempt(ctx context.Context, a id.App, queued string) report {
	r := report{id: id.Delivery(lineID(queued))}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return r
	}
	d, e, ok, err := s.claim(ctx, a, queued)
	if err != nil || !ok {
		r.err = err
		return r
	}
	o := s.call(ctx, e, d)
	r.called, r.success = !o.aborted, o.success
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleMost)
	defer cancel()
	r.err = s.settle(ctx, a, d, o)
	return r
}

// claim makes an attempt this node's until its lease ends. ok is false if it is not
// to be made: somebody else makes it, or it is not needed.
func (s *Service) claim(ctx context.Context, a id.App, queued string) (d stored, e storedEndpoint, ok bool, err error) {
	key, by, now := underDeliveries+lineID(queued), uuid.NewString(), s.now()
	until := now.Add(lease)
	due := send(a, ceil(until, lookAgain))
	err = s.store.ChangePart(ctx, part(a), ledger.Want{Keys: []string{rowEndpoint, key}}, ledger.View{}, []ledger.Due{due}, func(v ledger.View) ([]ledger.Row, error) {
		ok = false
		if e, _, err = ledger.Read[storedEndpoint](v, rowEndpoint); err != nil {
			return nil, err
		}
		var there bool
		if d, there, err = ledger.Read[stored](v, key); err != nil {
			return nil, err
		}
		switch {
		case there && d.By == by:
			ok = true
			return nil, nil
		case !there || d.Status != Pending || d.queued() != queued:
			return ledger.Rows(queued, nil) // a line of nothing
		}
		was := d
		d.By, d.Next, d.Code, d.Error = by, until, 0, ""
		d.Attempts++
		d.Tries++
		ok = true
		return become(was, d)
	})
	if err == nil && ok {
		s.mu.Lock()
		s.soon(due.At)
		s.mu.Unlock()
	}
	return d, e, ok && err == nil, err
}

// settle writes down how an attempt ended, and owes the next one.
func (s *Service) settle(ctx context.Context, a id.App, d stored, o outcome) error {
	now := s.now()
	end := d
	end.Code, end.Error = o.code, o.error
	switch {
	case o.success:
		end.Status = Delivered
	case o.final:
		end.Status = Failed
	case o.aborted:
		end.Next, end.Tries = now, d.Tries-1
	default:
		end.Next = now.Add(pause(d.Tries))
		if end.Next.After(d.Since.Add(retriedFor)) {
			end.Status = Failed
		}
	}
	var owed []ledger.Due
	if end.Status == Pending {
		owed = append(owed, send(a, end.Next))
	}
	err := s.store.ChangePart(ctx, part(a), ledger.Want{Keys: []string{d.key()}}, ledger.View{}, owed, func(v ledger.View) ([]ledger.Row, error) {
		is, ok, err := ledger.Read[stored](v, d.key())
		switch {
		case err != nil || !ok:
			return nil, err
		case is.By == d.By:
			return become(is, end)
		case o.success && is.Turn == d.Turn && is.Status == Pending: // after its lease somebody else has begun
			was := is
			is.Status, is.Code, is.Error = Delivered, end.Code, end.Error
			return become(was, is)
		}
		return nil, nil
	})
	if len(owed) > 0 {
		s.mu.Lock()
		s.soon(owed[0].At)
		s.mu.Unlock()
	}
	return err
}

// pause is how long to wait after so many tries: up to a tenth longer than backOff,
// so that what failed together does not come back together.
func pause(tries int) time.Duration {
	d := backOff[min(max(tries, 1), len(backOff))-1]
	return d + rand.N(d/10)
}
