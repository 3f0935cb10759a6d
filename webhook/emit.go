package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// What is owed says only that an app may have something to be sent by then. A
// delivery that is due at a time is owed not long after it, by when whoever made it
// due has usually sent it.
const (
	queueSend = "webhook"
	queueOld  = "webhook-old"

	firstWithin = 2 * time.Second // the emitting node has this long before others look
)

// send is what is owed about an app by a time, which is rounded up so that there is
// little of it.
func send(a id.App, by time.Time) ledger.Due {
	return ledger.Due{Queue: queueSend, At: ceil(by, time.Second), ID: string(a)}
}

func ceil(at time.Time, to time.Duration) time.Time { return at.Add(to - 1).Truncate(to) }

// event is the body of a call.
type event struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
}

// stamp is how times are written.
const stamp = "2006-01-02T15:04:05.000Z"

// Emit tells an app's server of an event: when it returns, the event will be
// delivered or have failed for 24 hours, whatever happens to this node. The same
// event again changes nothing while it is kept. An app without an endpoint is told
// nothing, also later.
func (s *Service) Emit(ctx context.Context, a id.App, e id.Delivery, kind string, data any) error {
	now := s.now()
	d := stored{Delivery: Delivery{ID: e, Type: kind, Status: Pending, At: now}, Since: now, Next: now}
	var err error
	if d.Body, err = json.Marshal(event{kind, now.Format(stamp), data}); err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	want := ledger.Want{Keys: []string{rowEndpoint, rowCount, d.key()}}
	v, err := s.store.ReadPart(ctx, part(a), want)
	if err != nil || v.Get(rowEndpoint) == nil || v.Get(d.key()) != nil {
		return err
	}
	day := ceil(now, 24*time.Hour)
	owed := []ledger.Due{send(a, now.Add(firstWithin)), {Queue: queueOld, At: day.Add(Kept), ID: string(a)}}
	count := 0
	err = s.store.ChangePart(ctx, part(a), want, v, owed, func(v ledger.View) ([]ledger.Row, error) {
		if v.Get(rowEndpoint) == nil || v.Get(d.key()) != nil {
			return nil, nil
		}
		n, _, err := ledger.Read[int](v, rowCount)
		if err != nil {
			return nil, err
		}
		count = n + 1
		return ledger.Rows(rowCount, count, d.key(), d, d.line(), struct{}{}, d.queued(), struct{}{})
	})
	if err != nil {
		return err
	}
	s.wake(a, owed[0].At)
	if count > KeptMost && count%trimEvery == 0 {
		if err := s.trim(ctx, a); err != nil {
			s.opt.Failed(fmt.Errorf("trim webhooks: %w", err)) // the next ones will
		}
	}
	return nil
}

// Replay sends a delivery again, with the same id and body, and retries it as if it
// were new. NotFound: the app has no such delivery.
func (s *Service) Replay(ctx context.Context, a id.App, delivery string) error {
	key, turn, now := underDeliveries+delivery, uuid.NewString(), s.now()
	v, err := s.store.ReadPart(ctx, part(a), ledger.Want{Keys: []string{rowEndpoint}})
	if err != nil {
		return err
	}
	if len(v.Rows) == 0 || len(delivery) > 100 {
		return fault.NotFound
	}
	due := send(a, now.Add(firstWithin))
	err = s.store.ChangePart(ctx, part(a), ledger.Want{Keys: []string{key}}, ledger.View{}, []ledger.Due{due}, func(v ledger.View) ([]ledger.Row, error) {
		d, ok, err := ledger.Read[stored](v, key)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, fault.NotFound
		case d.Turn == turn:
			return nil, nil
		}
		was := d
		d.Status, d.Since, d.Next, d.Tries, d.By, d.Turn = Pending, now, now, 0, "", turn
		return become(was, d)
	})
	if err != nil {
		return err
	}
	s.wake(a, due.At)
	return nil
}
