package stream

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
)

// commit stores a group and settles every ticket of it. It returns the head it
// left the stream at, and whether that is known. r is told how it went against
// other writers of the stream.
func (q *Sequencer) commit(s id.Stream, head Head, known bool, group []*ticket, r *rivalry) (Head, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), q.opt.Patience)
	defer cancel()
	for try := 0; ; try++ {
		err := error(nil)
		if !known {
			head, err = q.readHead(ctx, s)
		}
		if err == nil {
			entries := q.number(nil, s, head, group)
			began := time.Now()
			err = q.log.Append(ctx, s, head, entries)
			r.took = time.Since(began)
			if err == nil {
				q.deliver(nil, s, group, entries)
				return HeadOf(entries[len(entries)-1]), true
			}
		}
		conflict, _ := errors.AsType[*ConflictError](err)
		tried := head
		switch {
		case ctx.Err() != nil:
			fail(group, fmt.Errorf("%w: %w", errPatience, err))
			return head, false
		case conflict != nil:
			group = q.repeats(ctx, s, group, conflict.Duplicates)
			if known = conflict.Head != nil; known {
				head = *conflict.Head
			}
		case errors.Is(err, ErrUnknown):
			known = false
			for _, t := range group {
				t.unsure = true
			}
		default:
			fail(group, fmt.Errorf("append to %s: %w", s, err))
			return head, false
		}
		if len(group) == 0 {
			return head, known
		}
		switch {
		case conflict == nil:
			pause(ctx, try)
		case !known || head != tried: // and not only a retry among the group
			r.lost(ctx, try)
		}
	}
}

func (q *Sequencer) readHead(ctx context.Context, s id.Stream) (Head, error) {
	heads, err := q.log.Heads(ctx, []id.Stream{s})
	if err != nil {
		return Head{}, err
	}
	return heads[0], nil
}

// number gives the group its places after head. entries is room for it.
func (q *Sequencer) number(entries []Entry, s id.Stream, head Head, group []*ticket) []Entry {
	at := q.opt.Now().UTC().Truncate(time.Millisecond)
	entries = slices.Grow(entries, len(group))
	for _, t := range group {
		d := &t.draft
		head.Seq++
		if d.Countable {
			head.Count++
		}
		entries = append(entries, Entry{s, head.Seq, head.Count, d.ID, d.Kind, d.From, at, d.Body})
	}
	return entries
}

// deliver announces what is durable, then hands out the receipts: store first, ring after. news is room for it.
func (q *Sequencer) deliver(news []Appended, s id.Stream, group []*ticket, entries []Entry) []Appended {
	news = slices.Grow(news, len(group))
	for i, t := range group {
		news = append(news, Appended{entries[i], t.draft.Origin})
	}
	q.opt.Announce(s, news)
	for i, t := range group {
		t.then(Receipt{Entry: entries[i]}, nil)
	}
	return news
}

// repeats settles the drafts that are in the stream already and returns the
// others. Those whose own write ended unknown are in it by that write, as far as
// anybody can tell: nobody has announced them yet.
func (q *Sequencer) repeats(ctx context.Context, s id.Stream, group []*ticket, at map[uuid.UUID]id.Seq) []*ticket {
	if len(at) == 0 {
		return group
	}
	var rest []*ticket
	var settle []func()
	var news []Appended
	for _, t := range group {
		seq, there := at[t.draft.ID]
		if !there {
			rest = append(rest, t)
			continue
		}
		r, err := q.repeat(ctx, s, seq, &t.draft)
		if err == nil && t.unsure {
			r.Repeat = false
			news = append(news, Appended{r.Entry, t.draft.Origin})
		}
		settle = append(settle, func() { t.then(r, err) })
	}
	if len(news) > 0 {
		slices.SortFunc(news, func(a, b Appended) int { return cmp.Compare(a.Seq, b.Seq) })
		q.opt.Announce(s, news)
	}
	for _, tell := range settle {
		tell()
	}
	return rest
}

// repeat answers a draft whose id is in the stream at seq, with what is there
// even if that is another message. Of a redacted entry nothing is left to compare
// but its author.
func (q *Sequencer) repeat(ctx context.Context, s id.Stream, seq id.Seq, d *Draft) (Receipt, error) {
	found, err := q.log.Range(ctx, s, seq, seq)
	if err != nil || len(found) != 1 {
		return Receipt{}, fmt.Errorf("read the entry at %s %d: %w", s, seq, errors.Join(err, errPatience))
	}
	e := found[0]
	same := e.Kind == d.Kind && bytes.Equal(e.Body, d.Body)
	if e.From != d.From || !same && !e.Kind.Redacted() {
		return Receipt{Entry: e}, ErrReused
	}
	return Receipt{Entry: e, Repeat: true}, nil
}

func fail(group []*ticket, err error) {
	for _, t := range group {
		t.then(Receipt{}, err)
	}
}

// A rivalry is what a stream's writer knows of writers on other nodes. Whoever
// has won waits for about as long as a write takes before it tries again, and
// whoever has lost waits the less the more often: so the nodes take turns, and
// their groups grow meanwhile. Without it one node keeps the stream to itself.
type rivalry struct {
	seen time.Time     // when a write last met another's
	took time.Duration // what the latest write took
}

// remembered is for how long somebody who met a rival goes on taking turns.
const remembered = time.Second

// lost waits before another attempt.
func (r *rivalry) lost(ctx context.Context, try int) {
	r.seen = time.Now()
	if try < 2 {
		sleep(ctx, rand.N(r.took/time.Duration(try+1)+1))
	}
}

// yield lets the others write, if there are any.
func (r *rivalry) yield() {
	if time.Since(r.seen) < remembered {
		sleep(context.Background(), min(r.took/2+rand.N(r.took+1), remembered))
	}
}

// pause waits a little, with jitter and growing, for a store that does not answer.
func pause(ctx context.Context, try int) {
	most := min(time.Millisecond<<min(try, 6), 50*time.Millisecond)
	sleep(ctx, rand.N(most)+most/4)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
