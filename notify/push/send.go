package push

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// A lane is a place on a screen: of what is sent there, the latest counts.
type lane struct {
	user   id.User
	device id.Device
	tag    string
}

// A parcel is a push on its way. What it says is read when it is sent.
type parcel struct {
	stream   id.Stream
	seq      id.Seq
	withdraw bool
	count    int64
	title    string // of the stream
	loud     bool   // somebody means this user
	tries    int    // so far
}

// A letter is a push as it goes to one device, at once.
type letter struct {
	device
	Message
	lives  time.Duration // how long the push service is to try
	urgent urgency
}

// urgency is the header of RFC 8030.
type urgency string

const (
	low    urgency = "low"    // may wait until the device is charged
	normal urgency = "normal" // may wait a little
	high   urgency = "high"   // wakes it
)

const (
	messageLives = 24 * time.Hour
	// retryMost bounds how long a push service may make us wait.
	retryMost = time.Minute
	// answerMost bounds what is read of an answer, in bytes.
	answerMost = 8 << 10
)

// A sender speaks one push service's protocol.
type sender interface {
	// send hands a letter over. errGone: the device will never be there again.
	// *laterError: not now. Other errors are final.
	send(ctx context.Context, l *letter) error
	close()
}

var errGone = errors.New("the device is gone")

// A laterError is a push service's that may do better soon.
type laterError struct {
	after time.Duration // 0: it does not say
	cause error
}

func (e *laterError) Error() string { return e.cause.Error() }
func (e *laterError) Unwrap() error { return e.cause }

// enqueue sends a parcel, in place of an earlier one for the same place that waits.
func (s *Service) enqueue(to lane, p parcel, wait time.Duration) {
	s.parcels.put(to, wait, func(old *parcel) *parcel {
		if old != nil && (old.seq > p.seq || old.seq == p.seq && old.withdraw && !p.withdraw) {
			return old
		}
		return &p
	})
}

// deliver makes one attempt.
func (s *Service) deliver(ctx context.Context, to lane, p *parcel) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	l, err := s.letter(ctx, to, p)
	if err == nil && l == nil {
		return // it is not to be sent any more
	}
	if err == nil {
		err = s.senders[l.Kind].send(ctx, l)
	}
	later, isLater := errors.AsType[*laterError](err)
	switch {
	case err == nil:
		s.sent.Add(1)
	case errors.Is(err, errGone):
		if err := s.lose(ctx, to, l); err != nil {
			s.wrong(err)
		}
	case isLater && p.tries < len(s.opt.Retry):
		next := *p
		next.tries++
		s.enqueue(to, next, max(s.opt.Retry[p.tries], min(later.after, retryMost)))
	default:
		s.failed.Add(1)
		s.wrong(fmt.Errorf("push: %w", err))
	}
}

// letter is what a parcel says at this moment; nil if it says nothing any more:
// it was read, recalled, overtaken, or the device is gone.
func (s *Service) letter(ctx context.Context, to lane, p *parcel) (*letter, error) {
	who, err := s.person(ctx, to.user)
	if err != nil || who == nil {
		return nil, err
	}
	dev, ok := who.devices[to.device]
	if !ok || s.senders[dev.Kind] == nil {
		return nil, nil
	}
	now := who.shown[to.tag]
	if p.withdraw {
		if now.Seq > p.seq {
			return nil, nil // something newer stands there
		}
		m := Message{Type: TypeWithdraw, Tag: to.tag, Stream: p.stream.Name(), Seq: p.seq}
		who.hide(&dev, &m)
		return &letter{device: dev, Message: m, lives: messageLives, urgent: normal}, nil
	}
	if now.Seq != p.seq {
		return nil, nil
	}
	e, err := s.entry(ctx, p.stream, p.seq)
	if err != nil || e == nil {
		return nil, err
	}
	m := Message{Type: TypeMessage, Tag: to.tag, Stream: p.stream.Name(), Seq: p.seq, Count: p.count, URL: urlOf(p.stream)}
	if m.Title, m.Text, err = s.words(ctx, to.user, e, p.title, who.settings.Show); err != nil {
		return nil, err
	}
	who.hide(&dev, &m)
	return &letter{device: dev, Message: m, lives: messageLives, urgent: urgencyOf(p)}, nil
}

// hide takes out of a message what its user wants nobody to see. A browser's is
// sealed, and only its screen shows it; others' can be read on their way.
func (p *person) hide(d *device, m *Message) {
	if p.settings.Show == ShowNothing && d.Kind != Web {
		m.Stream, m.URL = "", ""
	}
}

func urgencyOf(p *parcel) urgency {
	switch {
	case p.loud || p.stream.Kind() == id.Service || p.stream.Name() == id.Notices:
		return high
	case p.stream.Name() == id.Moments:
		return low
	}
	return normal
}

// lose removes a device that is gone, unless it has come back in between.
func (s *Service) lose(ctx context.Context, to lane, l *letter) error {
	target, same := l.target(), false
	err := s.drop(ctx, to.user, to.device, func(d *device) bool {
		same = d.target() == target && d.Created.Equal(l.Created)
		return same
	})
	if err != nil || !same {
		return err
	}
	s.removed.Add(1)
	return s.disown(ctx, owner{to.user, to.device}, target)
}

// answered sorts an HTTP status that has no meaning of its own.
func answered(who string, r *http.Response, detail string) error {
	err := fmt.Errorf("%s answered %d %s", who, r.StatusCode, detail)
	if r.StatusCode == http.StatusTooManyRequests || r.StatusCode >= 500 {
		return &laterError{retryAfter(r.Header), err}
	}
	return err
}

// retryAfter is the header's, in seconds; its other form is not worth a clock.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 1<<20)) * time.Second
}

// unreached is what a request failed with. Whoever knows the address of a
// subscription may use it, so it is not repeated.
func unreached(who string, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	later := &laterError{0, fmt.Errorf("%s: %w", who, err)}
	if prohibited(err) {
		return later.cause
	}
	return later
}
