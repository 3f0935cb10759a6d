package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/wire"
)

// A device is a live session that keeps what it receives.
type device struct {
	*client.Client
	who  *person
	done chan struct{}

	mu   sync.Mutex
	logs map[string][]wire.Entry
	more chan struct{} // closed and made anew when something comes
}

func open(t *testing.T, who *person) *device {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Options{
		Server: who.server, Token: who.in.Token, Device: who.device, FromFloor: true,
		Backoff: client.Backoff{Min: 20 * time.Millisecond, Max: 300 * time.Millisecond},
	})
	must(t, err)
	d := &device{Client: c, who: who, done: make(chan struct{}), logs: map[string][]wire.Entry{}, more: make(chan struct{})}
	go d.listen()
	t.Cleanup(func() {
		_ = c.Close()
		<-d.done
	})
	return d
}

func (d *device) listen() {
	defer close(d.done)
	for e := range d.Events(context.Background()) {
		n, ok := e.(client.NewEntry)
		if !ok {
			continue
		}
		d.mu.Lock()
		d.logs[n.Stream] = append(d.logs[n.Stream], n.Entry)
		close(d.more)
		d.more = make(chan struct{})
		d.mu.Unlock()
	}
}

// until waits for the device to have a stream up to seq and returns its log.
func (d *device) until(t *testing.T, stream string, seq int64) []wire.Entry {
	t.Helper()
	deadline := time.After(patience)
	for {
		d.mu.Lock()
		log, more := slices.Clone(d.logs[stream]), d.more
		d.mu.Unlock()
		if len(log) > 0 && log[len(log)-1].Seq >= seq {
			return log
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("%s has %d entries of %s, wanted up to %d", d.who.name, len(log), stream, seq)
		}
	}
}

// An ack is what a sender was told.
type ack struct {
	id   string
	sent wire.Sent
}

// sender sends to a stream until told to stop, one message after the other.
// Whatever happens to the server meanwhile, every send must end well.
func (d *device) sender(stream string, stop <-chan struct{}, tell func()) ([]ack, error) {
	var acks []ack
	for n := 0; ; n++ {
		select {
		case <-stop:
			return acks, nil
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		id := uuid.Must(uuid.NewV7()).String()
		sent, err := d.Send(ctx, client.Message{ID: id, Stream: stream, Body: client.Text{Text: fmt.Sprintf("%s says %d", d.who.name, n)}})
		cancel()
		if err != nil {
			return acks, fmt.Errorf("message %d of %s: %w", n, d.who.name, err)
		}
		acks = append(acks, ack{id, sent})
		tell()
	}
}

// wholeLog reads a stream from its floor to its end over HTTP.
func wholeLog(t *testing.T, who *person, stream string) []wire.Entry {
	t.Helper()
	var all []wire.Entry
	for after := int64(0); ; {
		page, err := who.api.HistoryAfter(t.Context(), stream, after, 200)
		must(t, err)
		all = append(all, page.Entries...)
		if len(page.Entries) == 0 || all[len(all)-1].Seq >= page.Head {
			return all
		}
		after = all[len(all)-1].Seq
	}
}

// check compares what was acknowledged with what is stored: everything there,
// once, where the sender was told, and no holes.
func check(t *testing.T, stored []wire.Entry, acks []ack) {
	t.Helper()
	at := map[string]int64{}
	for i, e := range stored {
		if e.Seq != stored[0].Seq+int64(i) {
			t.Fatalf("there is a hole before %d", e.Seq)
		}
		if before, twice := at[e.ID]; twice {
			t.Fatalf("%s stands at %d and at %d", e.ID, before, e.Seq)
		}
		at[e.ID] = e.Seq
	}
	for _, a := range acks {
		if at[a.id] != a.sent.Seq {
			t.Fatalf("%s was acknowledged at %d and stands at %d (0: nowhere)", a.id, a.sent.Seq, at[a.id])
		}
	}
}

func same(a, b []wire.Entry) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d entries, want %d", len(a), len(b))
	}
	for i := range a {
		x, errX := a[i].MarshalJSON()
		y, errY := b[i].MarshalJSON()
		if err := errors.Join(errX, errY); err != nil {
			return err
		}
		if string(x) != string(y) {
			return fmt.Errorf("entry %d is\n%s, want\n%s", i, x, y)
		}
	}
	return nil
}
