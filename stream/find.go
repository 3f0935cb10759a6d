package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
)

// findable is for how long after the last entry of a stream ids are looked for in
// it: as long as every Log knows them.
const findable = 30*24*time.Hour - time.Hour

// Find looks for an entry by its id. ErrNoEntry: it is not in the stream, which
// may change at any time, or nothing has been written there for a month.
//
// A Log tells where ids are when it refuses to append them. So it is asked to
// append this one together with the id of the last entry, which it always refuses.
func (q *Sequencer) Find(ctx context.Context, s id.Stream, want uuid.UUID) (Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, q.opt.Patience)
	defer cancel()
	for try := 0; ; try++ {
		head, err := q.readHead(ctx, s)
		if err != nil {
			return Entry{}, err
		}
		if head.Seq == 0 {
			return Entry{}, ErrNoEntry
		}
		last, err := q.at(ctx, s, head.Seq)
		if err != nil || last.ID == want {
			return last, err
		}
		if q.opt.Now().Sub(last.At) > findable {
			return Entry{}, ErrNoEntry
		}
		seq, settled, err := q.locate(ctx, s, head, want, last.ID)
		switch {
		case err != nil:
			return Entry{}, err
		case seq > 0:
			return q.at(ctx, s, seq)
		case settled:
			return Entry{}, ErrNoEntry
		case ctx.Err() != nil:
			return Entry{}, fmt.Errorf("find in %s: %w", s, errPatience)
		}
		pause(ctx, try)
	}
}

// locate tells where an id is. It is settled that it is nowhere if the stream was
// still at head: last, which is there, was refused.
func (q *Sequencer) locate(ctx context.Context, s id.Stream, head Head, want, last uuid.UUID) (seq id.Seq, settled bool, err error) {
	group := []*ticket{{draft: Draft{ID: want, Body: RedactedBody}}, {draft: Draft{ID: last, Body: RedactedBody}}}
	err = q.log.Append(ctx, s, head, q.number(nil, s, head, group))
	conflict, _ := errors.AsType[*ConflictError](err)
	switch {
	case conflict != nil:
		_, settled = conflict.Duplicates[last]
		return conflict.Duplicates[want], settled, nil
	case err == nil:
		return 0, false, fmt.Errorf("append to %s: the id of its last entry was taken for new", s)
	case errors.Is(err, ErrUnknown):
		return 0, false, nil
	}
	return 0, false, fmt.Errorf("find in %s: %w", s, err)
}

// at reads one entry that is there.
func (q *Sequencer) at(ctx context.Context, s id.Stream, seq id.Seq) (Entry, error) {
	found, err := q.log.Range(ctx, s, seq, seq)
	if err != nil || len(found) != 1 {
		return Entry{}, fmt.Errorf("read the entry at %s %d: %w", s, seq, errors.Join(err, errPatience))
	}
	return found[0], nil
}
