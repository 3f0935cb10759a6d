package shape

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/teahouse-im/teahouse/ledger"
)

// forever is behind everything that the journal keeps.
var forever = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// Restore reads the journal, and from then on writes it. It is called once, before
// anything is seen; without a store it does nothing.
func (m *Memory) Restore(ctx context.Context) error {
	j := m.journal
	if j == nil {
		return nil
	}
	dues, err := j.store.Owed(ctx, Queue, forever, math.MaxInt32)
	if err != nil {
		return fmt.Errorf("read the journal of sightings: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if j.open || j.closed {
		return errTwice
	}
	for _, d := range dues {
		if err := m.replay(d.Body); err != nil {
			return fmt.Errorf("%s: %w", d.ID, err)
		}
		var run, number int
		if _, err := fmt.Sscanf(d.ID, batchID, &run, &number); err == nil {
			j.run = max(j.run, run)
		}
	}
	j.run++
	j.open = true
	go m.write()
	return nil
}

// replay counts again what was counted.
func (m *Memory) replay(body []byte) error {
	r := records{rest: body}
	for len(r.rest) > 0 && r.err == nil {
		switch kind := r.bytes(1)[0]; kind {
		case markRecord:
			if k := r.mark(); r.err == nil && !m.full() {
				m.now = max(m.now, k.at)
				m.found = m.crowds.find(k.Print, m.found[:0])
				m.apply(k)
			}
		case forgetRecord:
			m.release(r.number())
		case firstRecord:
			template, at := r.number(), r.number()
			if first, known := m.templates[template]; !known || int64(at) < first {
				m.templates[template] = int64(at)
			}
		case hourRecord:
			name, at, n := r.number(), r.number(), r.number()
			m.makeApp(name).inHour(int64(at)).n = int32(n)
		default:
			return fmt.Errorf("%w: of kind %q", errRecord, kind)
		}
	}
	return r.err
}

// Close writes down what is not yet, and ends the board.
func (m *Memory) Close() error {
	j := m.journal
	if j == nil {
		return nil
	}
	m.mu.Lock()
	running := j.open && !j.closed
	j.closed = true
	m.mu.Unlock()
	if !running {
		return nil
	}
	close(j.stop)
	<-j.done
	return m.flush()
}

// write is the one goroutine of the journal.
func (m *Memory) write() {
	j := m.journal
	defer close(j.done)
	pause := time.NewTimer(0)
	<-pause.C
	settled := int64(0)
	for {
		select {
		case <-j.stop:
			return
		case <-j.wake:
		}
		wait, hurry := flushEvery, j.hurry
		if err := m.flush(); err != nil {
			j.failed(fmt.Errorf("write the journal of sightings: %w", err))
			wait, hurry = retryAfter, nil
			j.ring()
		} else if now := m.clock(); now-settled >= settleEvery {
			settled = now
			if err := m.settle(now); err != nil {
				j.failed(fmt.Errorf("settle the journal of sightings: %w", err))
			}
		}
		pause.Reset(wait)
		select {
		case <-j.stop:
			return
		case <-hurry:
		case <-pause.C:
		}
	}
}

// take is what is to be written: the hours as they are now, and all batches.
func (m *Memory) take() []ledger.Due {
	m.mu.Lock()
	defer m.mu.Unlock()
	j := m.journal
	j.cut()
	dues := j.full
	j.full = nil
	if j.kept != nil {
		j.keeps, j.kept = append(j.keeps, j.kept), nil
	}
	for h := range j.hours {
		n := m.makeApp(h.app).inHour(h.at).n
		// The same due every time: the latest count of an hour replaces the others.
		id := fmt.Sprintf("hour-%016x", h.app)
		dues = append(dues, due((h.at+weekHours+2)*hourMillis, id, appendNumbers(hourRecord, nil, h.app, uint64(h.at), uint64(n))))
	}
	clear(j.hours)
	return dues
}

// flush makes durable what was seen. What fails is tried again with the next one.
func (m *Memory) flush() error {
	dues := m.take()
	if len(dues) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushWithin)
	defer cancel()
	err := m.journal.store.Owe(ctx, dues...)
	m.mu.Lock()
	defer m.mu.Unlock()
	j := m.journal
	if err != nil {
		j.full = append(dues, j.full...)
		return err
	}
	for _, d := range dues {
		if d.Body[0] != hourRecord {
			j.backlog -= len(d.Body)
		}
	}
	for _, kept := range j.keeps {
		close(kept)
	}
	j.keeps = nil
	return nil
}

// settle forgets batches that do not count any more.
func (m *Memory) settle(now int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), flushWithin)
	defer cancel()
	for {
		dues, err := m.journal.store.Owed(ctx, Queue, time.UnixMilli(now).UTC(), settleMost)
		if err != nil || len(dues) == 0 {
			return err
		}
		if err := m.journal.store.Settled(ctx, dues...); err != nil || len(dues) < settleMost {
			return err
		}
	}
}

func (m *Memory) clock() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}
