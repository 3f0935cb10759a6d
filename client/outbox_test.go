package client

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/teahouse-im/teahouse/wire"
)

// A server that is away at any moment, refuses for now, and stores what it takes
// by id: whatever happens, each conversation holds its messages once and in order.
func TestOutboxKeepsOrderAndLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1e9, 0)
		o := newOutbox(1000)
		var queued []Outgoing
		stored := map[string][]string{}
		var flying []*parcel
		live := false
		store := func(p *parcel) {
			lane := p.Stream
			if p.To != "" {
				lane = "d-alice~" + p.To
			}
			if !slices.Contains(stored[lane], p.ID) {
				stored[lane] = append(stored[lane], p.ID)
			}
		}
		send := func() bool {
			if !live {
				return false
			}
			p, _ := o.next(now)
			if p == nil {
				return false
			}
			if slices.Contains(flying, p) {
				t.Fatalf("message %s is sent again before it was answered", p.ID)
			}
			flying = append(flying, p)
			return true
		}
		answer := func(i int) {
			p := flying[i]
			flying = slices.Delete(flying, i, i+1)
			store(p)
			o.settle(p, outcome{sent: wire.Sent{Stream: p.Stream}})
		}
		t.Repeat(map[string]func(*rapid.T){
			"queue": func(t *rapid.T) {
				m := Outgoing{ID: fmt.Sprint(len(queued))}
				switch rapid.IntRange(0, 3).Draw(t, "where") {
				case 0:
					m.To = "bob"
				case 1:
					m.Stream = "d-alice~bob" // the same conversation
				case 2:
					m.Stream = "g-1"
				case 3:
					m.To = "carol"
				}
				if _, err := o.add(m, true); err != nil {
					t.Fatal(err)
				}
				queued = append(queued, m)
			},
			"send": func(t *rapid.T) { send() },
			"answer": func(t *rapid.T) {
				if len(flying) > 0 {
					answer(rapid.IntRange(0, len(flying)-1).Draw(t, "which"))
				}
			},
			"refuse for now": func(t *rapid.T) {
				if len(flying) > 0 {
					i := rapid.IntRange(0, len(flying)-1).Draw(t, "which")
					o.again(flying[i], now.Add(time.Second))
					flying = slices.Delete(flying, i, i+1)
				}
			},
			"lose the connection": func(t *rapid.T) {
				for _, p := range flying {
					if rapid.Bool().Draw(t, "stored") {
						store(p)
					}
				}
				flying, live = nil, true
				o.restart("alice")
			},
			"time": func(t *rapid.T) { now = now.Add(400 * time.Millisecond) },
		})
		o.restart("alice")
		flying, live = nil, true
		for len(o.items) > 0 {
			now = now.Add(time.Hour)
			for send() {
			}
			if len(flying) == 0 {
				t.Fatalf("%d messages are stuck", len(o.items))
			}
			answer(0)
		}
		want := map[string][]string{}
		for _, m := range queued {
			lane := m.Stream
			if m.To != "" {
				lane = "d-alice~" + m.To
			}
			want[lane] = append(want[lane], m.ID)
		}
		for lane, ids := range want {
			if !slices.Equal(ids, stored[lane]) {
				t.Fatalf("%s holds %v, sent were %v", lane, stored[lane], ids)
			}
		}
		if len(o.lanes) != 0 {
			t.Fatalf("%d lanes are left", len(o.lanes))
		}
	})
}

func TestOutboxIsBounded(t *testing.T) {
	o := newOutbox(2)
	for i, want := range []error{nil, nil, ErrOutboxFull} {
		if _, err := o.add(Outgoing{ID: fmt.Sprint(i), To: "bob"}, true); !errors.Is(err, want) {
			t.Fatalf("message %d: %v, wanted %v", i, err, want)
		}
	}
	if _, err := o.add(Outgoing{ID: "1", To: "bob"}, true); err != nil {
		t.Fatalf("a message that is there already: %v", err)
	}
}

func TestBackoffStaysWithinItsBounds(t *testing.T) {
	for failures, most := range map[int]time.Duration{
		0: 500 * time.Millisecond, 1: time.Second, 4: 8 * time.Second, 5: 16 * time.Second, 6: 20 * time.Second, 1000: 20 * time.Second,
	} {
		var longest time.Duration
		for range 2000 {
			longest = max(longest, Backoff{}.Wait(failures))
		}
		if longest > most || longest < most*9/10 {
			t.Errorf("after %d failures at most %v, wanted up to %v", failures, longest, most)
		}
	}
	if got := (Backoff{Min: time.Second, Max: time.Millisecond}).bound(3); got != time.Millisecond {
		t.Errorf("a bound over the maximum: %v", got)
	}
}
