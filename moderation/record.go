package moderation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

const (
	// rowsMost and rowsBytes bound what one durable write carries: a database takes
	// a batch of some tens of kibibytes at once.
	rowsMost  = 256
	rowsBytes = 40 << 10
	// rowMost bounds one row.
	rowMost = 16 << 10
)

// Record adds a row to the audit. When it returns without an error, the row is
// durable. fault.Unavailable, and ctx's error: it may be so all the same, and
// recording it again with the same ID is harmless.
func (s *Service) Record(ctx context.Context, a Act) error {
	if a.At.IsZero() {
		a.At = s.opt.Now()
	}
	a.At = a.At.UTC().Truncate(time.Millisecond)
	if a.ID == uuid.Nil {
		a.ID = id.NewEntry(s.opt.Now())
	}
	for _, text := range []*string{&a.Actor, &a.Role, &a.Action, &a.Subject.Kind, &a.Subject.ID, &a.Reason} {
		*text = strings.ToValidUTF8(*text, "\uFFFD")
	}
	a.Before, a.After = content(a.Before), content(a.After)
	text, err := canonical(0, &a) // here, because the writer must not fail for one row of many
	if err != nil {
		return err
	}
	if len(text) > rowMost {
		return fmt.Errorf("audit: a row %q of %d bytes", a.Action, len(text))
	}
	return s.scribe.record(ctx, a, len(text))
}

// content is JSON that says something: a row shows the same with and without the rest.
func content(raw []byte) []byte {
	switch strings.TrimSpace(string(raw)) {
	case "", "null", "{}", "[]", `""`:
		return nil
	}
	return raw
}

// A scribe writes the audit: each row is hashed over the row before, so it has a
// writer of its own, which takes all that wait into one durable append on the
// condition of the head. Whoever lost against another node reads on and chains
// again. The writer lives while rows wait.
type scribe struct {
	log      stream.Log
	patience time.Duration

	mu      sync.Mutex // guards waiting and writing
	waiting []*ticket
	writing bool
	writer  sync.WaitGroup

	// Of the writer alone.
	end   end
	rival time.Time     // when another node was last met
	took  time.Duration // what the latest append took
}

// An end is how far the audit has come, as far as the writer knows.
type end struct {
	head  stream.Head
	hash  string
	known bool
}

// A ticket is a row on its way.
type ticket struct {
	act  Act
	size int // in bytes, about
	done chan error
}

func newScribe(log stream.Log, patience time.Duration) *scribe {
	return &scribe{log: log, patience: patience}
}

func (w *scribe) close() { w.writer.Wait() }

func (w *scribe) record(ctx context.Context, a Act, size int) error {
	t := &ticket{a, size, make(chan error, 1)}
	w.mu.Lock()
	w.waiting = append(w.waiting, t)
	if !w.writing {
		w.writing = true
		w.writer.Go(w.write)
	}
	w.mu.Unlock()
	select {
	case err := <-t.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *scribe) write() {
	for {
		group := w.take()
		if len(group) == 0 {
			return
		}
		w.commit(group)
		if time.Since(w.rival) < time.Second { // take turns
			time.Sleep(min(w.took/2+rand.N(w.took+1), time.Second))
		}
	}
}

// take is the next group. An id that is in it already waits for the next one, where
// it is found to be stored.
func (w *scribe) take() []*ticket {
	w.mu.Lock()
	defer w.mu.Unlock()
	var group, later []*ticket
	seen, size := map[uuid.UUID]bool{}, 0
	for i, t := range w.waiting {
		if len(group) == rowsMost || len(group) > 0 && size+t.size > rowsBytes {
			later = append(later, w.waiting[i:]...)
			break
		}
		if seen[t.act.ID] {
			later = append(later, t)
			continue
		}
		seen[t.act.ID] = true
		group, size = append(group, t), size+t.size
	}
	w.waiting, w.writing = later, len(group) > 0
	return group
}

// commit stores a group and settles every ticket of it.
func (w *scribe) commit(group []*ticket) {
	ctx, cancel := context.WithTimeout(context.Background(), w.patience)
	defer cancel()
	for try := 0; len(group) > 0; try++ {
		err := w.attempt(ctx, group)
		if err == nil {
			settle(group, nil)
			return
		}
		w.end.known = false
		conflict, _ := errors.AsType[*stream.ConflictError](err)
		switch {
		case ctx.Err() != nil:
			settle(group, fmt.Errorf("%w: audit: %w", fault.Unavailable, err))
			return
		case conflict != nil:
			var there []*ticket
			there, group = split(group, conflict)
			settle(there, nil)
			if len(there) == 0 {
				w.rival = time.Now()
				pause(ctx, rand.N(w.took/time.Duration(try+1)+1))
			}
		case errors.Is(err, stream.ErrUnknown), errors.Is(err, errRead): // look, then try the same ids again
			pause(ctx, rand.N(time.Millisecond<<min(try, 6))+time.Millisecond)
		default:
			settle(group, fmt.Errorf("append to the audit: %w", err))
			return
		}
	}
}

// split tells the rows of a group that are in the audit already from the others. A
// write that had ended unknown has stored them, or somebody recorded them before.
func split(group []*ticket, conflict *stream.ConflictError) (there, rest []*ticket) {
	for _, t := range group {
		if _, ok := conflict.Duplicates[t.act.ID]; ok {
			there = append(there, t)
		} else {
			rest = append(rest, t)
		}
	}
	return there, rest
}

var errRead = errors.New("the end of the audit cannot be read")

// attempt numbers and chains a group behind the end, and appends it there.
func (w *scribe) attempt(ctx context.Context, group []*ticket) error {
	if !w.end.known {
		var err error
		if w.end, err = readEnd(ctx, w.log); err != nil {
			return fmt.Errorf("%w: %w", errRead, err)
		}
	}
	next := w.end
	entries := make([]stream.Entry, 0, len(group))
	for _, t := range group {
		next.head.Seq++
		text, err := canonical(next.head.Seq, &t.act)
		if err != nil {
			return err
		}
		next.hash = chain(next.hash, text)
		raw, err := json.Marshal(body{next.hash, text})
		if err != nil {
			return err
		}
		entries = append(entries, stream.Entry{
			Stream: id.AuditStream, Seq: next.head.Seq, Count: next.head.Count, ID: t.act.ID,
			Kind: kindAct, From: id.Principal(t.act.Actor), At: t.act.At, Body: raw,
		})
	}
	began := time.Now()
	err := w.log.Append(ctx, id.AuditStream, w.end.head, entries)
	w.took = time.Since(began)
	if err == nil {
		w.end = next
	}
	return err
}

// readEnd finds the head of the audit and the hash of its last row.
func readEnd(ctx context.Context, log stream.Log) (end, error) {
	heads, err := log.Heads(ctx, []id.Stream{id.AuditStream})
	if err != nil {
		return end{}, err
	}
	e := end{head: heads[0], known: true}
	if e.head.Seq == 0 {
		return e, nil
	}
	last, err := log.Range(ctx, id.AuditStream, e.head.Seq, e.head.Seq)
	if err != nil {
		return end{}, err
	}
	if len(last) != 1 {
		return end{}, fmt.Errorf("there is no row %d", e.head.Seq)
	}
	b, err := readBody(&last[0])
	if err != nil {
		return end{}, fmt.Errorf("row %d: %w", e.head.Seq, err)
	}
	e.hash = b.Hash
	return e, nil
}

func settle(group []*ticket, err error) {
	for _, t := range group {
		t.done <- err
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
