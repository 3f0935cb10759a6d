package feed

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// The entries of a user's @moments.
const (
	KindLike    = "like"
	KindComment = "comment"
	KindMention = "mention"
	KindUndone  = "undone" // an earlier entry is withdrawn
)

type (
	likeBody struct {
		Post id.Post `json:"post"`
		User id.User `json:"user"`
	}
	commentBody struct {
		Post    id.Post    `json:"post"`
		ID      id.Comment `json:"id"`
		User    id.User    `json:"user"`
		Text    string     `json:"text"`
		ReplyTo *Reply     `json:"reply_to,omitempty"`
	}
	undoneBody struct {
		Seq id.Seq `json:"seq"`
	}
)

// A notice is an entry that somebody is to have, and its line in the book of what was told.
type notice struct {
	Told
	draft stream.Draft
}

// notice is what one person hears of an act, or of the post's mention of them (nil).
func (t *Thread) notice(to id.User, a *Act) (notice, error) {
	n := notice{Told: Told{To: to}}
	at, body := t.At, any(likeBody{t.ID, t.Author})
	n.draft.Kind, n.draft.From = KindMention, id.Principal(t.Author)
	if a != nil {
		n.About, n.Turn, at = a.Key(), a.Turn, a.At
		n.draft.From = id.Principal(a.From)
		if a.Kind == Like {
			n.draft.Kind, body = KindLike, likeBody{t.ID, a.From}
		} else {
			n.draft.Kind, body = KindComment, commentBody{t.ID, id.Comment(a.ID), a.From, a.Text, a.ReplyTo}
		}
	}
	var turn [8]byte
	binary.BigEndian.PutUint64(turn[:], uint64(n.Turn))
	n.Entry = id.Derive(dated(t.ID, at), string(to), n.About.Kind, n.About.ID, string(turn[:]))
	n.draft.ID = n.Entry
	var err error
	n.draft.Body, err = json.Marshal(body)
	return n, err
}

// dated is a post's id with another time: stores look for an id where its time points.
func dated(p id.Post, at time.Time) uuid.UUID {
	u := p.UUID()
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(at.UnixMilli())<<16)
	copy(u[:6], millis[:6])
	return u
}

// standing returns what tells whether that which a notice is about is still so.
func (t *Thread) standing() func(n *Told) bool {
	on := t.index()
	return func(n *Told) bool {
		switch {
		case t.Deleted:
			return false
		case n.About == (ActKey{}):
			return true
		}
		a := on[n.About]
		if a == nil || a.Turn != n.Turn {
			return false
		}
		for a.ReplyTo != nil { // a reply goes with what it answers
			if a = on[ActKey{Comment, string(a.ReplyTo.ID)}]; a == nil {
				return false
			}
		}
		return true
	}
}

const (
	// noticesAtOnce bounds how many notices are written at a time.
	noticesAtOnce = 16
	// withdrawnAtOnce bounds how many are withdrawn before it is noted.
	withdrawnAtOnce = 256
)

// tell writes notices into the streams of those they are for, once however often
// it is called. Each is noted first. Whatever they are about may be undone at any
// moment, by whoever withdraws what was noted then; so it is looked at once more
// after that. Those that do not stand any more are not written but returned, to be
// withdrawn: somebody else may have written them.
func (s *Service) tell(ctx context.Context, p id.Post, notices []notice) (late []Told, err error) {
	if len(notices) == 0 {
		return nil, nil
	}
	told := make([]Told, len(notices))
	for i := range notices {
		told[i] = notices[i].Told
	}
	if err := s.store.PutTold(ctx, p, told); err != nil {
		return nil, err
	}
	t, err := s.thread(ctx, p)
	if errors.Is(err, ErrUnknown) {
		return told, nil
	}
	if err != nil {
		return nil, err
	}
	var write []notice
	stands := t.standing()
	for i := range notices {
		if stands(&told[i]) {
			write = append(write, notices[i])
		} else {
			late = append(late, told[i])
		}
	}
	told = make([]Told, len(write))
	err = each(ctx, len(write), func(ctx context.Context, i int) error {
		n := &write[i]
		r, err := s.entries.Append(ctx, id.PersonalStream(id.Moments, n.To), n.draft)
		if errors.Is(err, stream.ErrReused) { // withdrawn, before it was written
			err = nil
		}
		told[i] = n.Told
		told[i].Seq = r.Seq
		return err
	})
	if err != nil || len(told) == 0 {
		return late, err
	}
	return late, s.store.PutTold(ctx, p, told)
}

// withdraw takes notices back: nothing is left of the entries but their places,
// and another says so. Of one that was noted and perhaps never written, the place
// is taken, so that it will not be.
func (s *Service) withdraw(ctx context.Context, p id.Post, told []Told) error {
	for some := range slices.Chunk(told, withdrawnAtOnce) { // so that an attempt that is cut off has got somewhere
		entries := make([]uuid.UUID, len(some))
		err := each(ctx, len(some), func(ctx context.Context, i int) error {
			entries[i] = some[i].Entry
			return s.undo(ctx, &some[i])
		})
		if err != nil {
			return err
		}
		if err := s.store.DropTold(ctx, p, entries); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) undo(ctx context.Context, n *Told) error {
	to, me := id.PersonalStream(id.Moments, n.To), id.Principal(n.To)
	seq := n.Seq
	if seq == 0 {
		r, err := s.entries.Append(ctx, to, stream.Draft{ID: n.Entry, Kind: stream.Recalled, From: me, Body: stream.RedactedBody})
		if !errors.Is(err, stream.ErrReused) {
			return err // nobody has read it, nobody will
		}
		seq = r.Seq
	}
	if err := s.log.Redact(ctx, to, seq, stream.Recalled, stream.RedactedBody); err != nil {
		return err
	}
	body, err := json.Marshal(undoneBody{seq})
	if err != nil {
		return err
	}
	_, err = s.entries.Append(ctx, to, stream.Draft{ID: id.Derive(n.Entry, KindUndone), Kind: KindUndone, From: me, Body: body})
	return err
}

// each does f for 0 ≤ i < n, several at once, and stops at the first error.
func each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	if n == 1 {
		return f(ctx, 0)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(noticesAtOnce)
	for i := range n {
		g.Go(func() error { return f(ctx, i) })
	}
	return g.Wait()
}
