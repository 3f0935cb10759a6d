package chat

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Recall takes a message back and returns where the stream says so. The content
// goes first: whatever fails afterwards, it is not read again, and doing it once
// more finishes. A second recall answers as the first did.
func (s *Service) Recall(ctx context.Context, u id.User, name string, seq int64) (int64, error) {
	a, err := s.member(ctx, u, name)
	if err != nil {
		return 0, err
	}
	e, err := s.entry(ctx, &a, id.Seq(seq))
	if err != nil {
		return 0, err
	}
	if err := s.mayRecall(ctx, &a, e); err != nil {
		return 0, err
	}
	if m, ok := mediumOf(e); ok && s.opt.Media != nil { // first, because afterwards nobody knows which it was
		if err := s.opt.Media.Doubt(ctx, m); err != nil {
			return 0, err
		}
	}
	if err := s.log.Redact(ctx, a.stream, e.Seq, stream.Recalled, stream.RedactedBody); err != nil {
		return 0, err
	}
	body, err := json.Marshal(map[string]int64{"seq": seq})
	if err != nil {
		return 0, err
	}
	r, err := s.seq.Append(ctx, a.stream, stream.Draft{
		ID: id.Derive(e.ID, string(Recall)), Kind: Recall, From: id.Principal(u), Body: body,
	})
	if errors.Is(err, stream.ErrReused) && r.Kind == Recall { // somebody else recalled it before
		err = nil
	}
	return int64(r.Seq), err
}

// entry finds one entry the user may read.
func (s *Service) entry(ctx context.Context, a *access, seq id.Seq) (stream.Entry, error) {
	if seq < 1 || seq > id.MaxSeq || !a.visible(seq) {
		return stream.Entry{}, fault.NotFound
	}
	found, err := s.log.Range(ctx, a.stream, seq, seq)
	if err != nil {
		return stream.Entry{}, err
	}
	if len(found) == 0 {
		return stream.Entry{}, fault.NotFound
	}
	return found[0], nil
}

// mayRecall is the rule of who may take back what: senders for a while, admins
// the members' messages, the owner everything.
func (s *Service) mayRecall(ctx context.Context, a *access, e stream.Entry) error {
	if !countable(e.Kind) {
		return fault.BadRequest.Saying("Only messages can be taken back.")
	}
	mine := e.From == id.Principal(a.user)
	if a.stream.Kind() == id.Group {
		g, err := s.group(ctx, a.stream)
		switch {
		case err != nil:
			return err
		case g.Dissolved:
			return ErrClosed
		case a.user == g.Owner, !mine && g.outranks(a.user, id.User(e.From)) == nil:
			return nil
		}
	}
	switch {
	case !mine:
		return fault.Forbidden.Saying("This is somebody else's message.")
	case e.Kind != stream.Recalled && s.opt.Now().Sub(e.At) > s.recallWindow(e.Kind):
		return ErrRecallExpired
	}
	return nil
}

// recallWindow is how long a sender may take a message of that kind back.
func (s *Service) recallWindow(k stream.Kind) time.Duration {
	if k == File {
		return s.opt.RecallWindowFiles
	}
	return s.opt.RecallWindow
}

// countable tells whether an entry is a message, taken back or not.
func countable(k stream.Kind) bool {
	switch k {
	case Text, Location, Contact, AppCard, Image, Voice, Video, File:
		return true
	}
	return k.Redacted()
}
