package chat

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// A carrier is a message that shows a medium, or is about to: a message has no
// position before it is stored, but stands behind what was there when it was noted,
// and not for long.
type carrier struct {
	stream id.Stream
	id     uuid.UUID
	after  id.Seq
	noted  time.Time
}

func (c carrier) String() string {
	return fmt.Sprintf("%s/%s/%d/%d", c.stream, c.id, c.after, c.noted.UnixMilli())
}

func parseCarrier(s string) (c carrier, ok bool) {
	part := strings.Split(s, "/")
	if len(part) != 4 {
		return carrier{}, false
	}
	var err [3]error
	c.stream = id.Stream(part[0])
	c.id, err[0] = uuid.Parse(part[1])
	after, e := strconv.ParseInt(part[2], 10, 64)
	c.after, err[1] = id.Seq(after), e
	ms, e := strconv.ParseInt(part[3], 10, 64)
	c.noted, err[2] = time.UnixMilli(ms), e
	return c, errors.Join(err[:]...) == nil
}

// carry notes that a message is about to show a medium. The note comes before the
// message: whoever reads of it may read what it shows. One that is sent again needs
// no other note. errGone.
func (s *Service) carry(ctx context.Context, m *Medium, to id.Stream, msg uuid.UUID) error {
	if noted, err := s.noted(ctx, m, to, msg); noted || err != nil {
		return err
	}
	heads, err := s.log.Heads(ctx, []id.Stream{to})
	if err != nil {
		return err
	}
	err = s.opt.Media.Carry(ctx, m.ID, carrier{to, msg, heads[0].Seq, s.opt.Now()}.String())
	if errors.Is(err, fault.NotFound) {
		err = errGone
	}
	return err
}

// noted tells whether there is a note that leads to a message, or will as soon as it is stored.
func (s *Service) noted(ctx context.Context, m *Medium, to id.Stream, msg uuid.UUID) (bool, error) {
	for _, name := range m.Noted {
		c, ok := parseCarrier(name)
		if !ok || c.stream != to || c.id != msg {
			continue
		}
		if age := s.opt.Now().Sub(c.noted); age >= 0 && age < noteAgain {
			return true, nil
		}
		if _, there, err := s.stored(ctx, c); there || err != nil {
			return there, err
		}
	}
	return false, nil
}

const (
	appendWithin = 15 * time.Minute // a message that is not stored so long after its note never will be
	noteAgain    = appendWithin / 2 // after which a message that is not stored is noted anew
	carrierPage  = 16               // entries that are looked at first
	carrierMost  = 4096             // and at once at most
)

// find looks for the message of a carrier. ok is false if it does not show the
// medium: it never came, or was taken back.
func (s *Service) find(ctx context.Context, c carrier, m id.Media) (e stream.Entry, ok bool, err error) {
	e, ok, err = s.stored(ctx, c)
	shown, _ := mediumOf(e)
	return e, ok && shown == m, err
}

// stored looks for the message of a carrier, whatever it shows.
func (s *Service) stored(ctx context.Context, c carrier) (e stream.Entry, ok bool, err error) {
	for from, n := c.after+1, id.Seq(carrierPage); ; from, n = from+n, min(4*n, carrierMost) {
		page, err := s.log.Range(ctx, c.stream, from, from+n-1)
		if err != nil {
			return stream.Entry{}, false, err
		}
		for _, e := range page {
			if e.ID == c.id {
				return e, true, nil
			}
			if e.At.Sub(c.noted) > appendWithin {
				return stream.Entry{}, false, nil
			}
		}
		if id.Seq(len(page)) < n {
			return stream.Entry{}, false, nil
		}
	}
}

// MayReadMedium tells whether a user may read the message that a carrier names,
// and it shows the medium.
func (s *Service) MayReadMedium(ctx context.Context, u id.User, name string, m id.Media) (bool, error) {
	c, ok := parseCarrier(name)
	if !ok {
		return false, nil
	}
	a, err := s.access(ctx, u, string(c.stream))
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	e, ok, err := s.find(ctx, c, m)
	return ok && a.visible(e.Seq), err
}

// Carries tells whether the message that a carrier names shows the medium, to anybody.
func (s *Service) Carries(ctx context.Context, name string, m id.Media) (bool, error) {
	c, ok := parseCarrier(name)
	if !ok {
		return false, nil
	}
	_, ok, err := s.find(ctx, c, m)
	return ok, err
}
