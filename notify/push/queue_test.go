package push

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func laneOf(key string) string { lane, _, _ := strings.Cut(key, "/"); return lane }

func add(n int) func(int) int { return func(have int) int { return have + n } }

// work runs a queue in the background, and returns what it did so far.
func work(q *queue[string, int], atOnce int, each time.Duration) (did func() []string) {
	var mu sync.Mutex
	var log []string
	go q.run(context.Background(), atOnce, func(_ context.Context, key string, v int) {
		time.Sleep(each)
		mu.Lock()
		defer mu.Unlock()
		log = append(log, fmt.Sprintf("%s=%d", key, v))
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(log)
	}
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestQueueGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue[string, int](10, laneOf)
		did := work(q, 2, 0)
		q.put("a", time.Second, add(1))
		time.Sleep(900 * time.Millisecond)
		q.put("a", time.Second, add(10))
		q.put("b", 0, add(5))
		synctest.Wait()
		want(t, did(), "b=5")
		time.Sleep(100 * time.Millisecond) // the first one's time counts
		synctest.Wait()
		want(t, did(), "b=5", "a=11")
		q.put("a", time.Hour, add(1))
		q.put("a", time.Second, add(1)) // sooner
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, did(), "b=5", "a=11", "a=2")
		q.put("c", time.Hour, add(3))
		q.close() // what waits is done at once
		synctest.Wait()
		want(t, did(), "b=5", "a=11", "a=2", "c=3")
		q.put("d", 0, add(1))
		if !q.idle() {
			t.Error("a closed queue took something")
		}
	})
}

func TestQueueDropsTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue[string, int](3, laneOf)
		for i, key := range []string{"a", "b", "c", "d", "b", "e"} {
			q.put(key, time.Second, add(i))
			time.Sleep(time.Millisecond)
		}
		did := work(q, 1, 0)
		q.close()
		synctest.Wait()
		want(t, did(), "c=2", "d=3", "e=5")
		if q.lost() != 2 {
			t.Errorf("%d dropped", q.lost())
		}
	})
}

func TestQueueLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue[string, int](4, laneOf)
		did := work(q, 10, time.Second)
		for i, key := range []string{"bob/1", "bob/2", "eve/1", "bob/3"} {
			q.put(key, 0, add(i))
			time.Sleep(time.Millisecond)
		}
		q.put("bob/1", 0, add(7)) // while it is being worked on
		time.Sleep(1500 * time.Millisecond)
		want(t, did(), "bob/1=0", "eve/1=2")
		for _, key := range []string{"bob/4", "bob/5", "bob/6"} {
			q.put(key, 0, add(1))
			time.Sleep(time.Millisecond)
		}
		if q.lost() != 1 {
			t.Errorf("%d dropped; everything waited for its lane when the last came", q.lost())
		}
		q.close()
		time.Sleep(time.Minute)
		want(t, did(), "bob/1=0", "eve/1=2", "bob/2=1", "bob/3=3", "bob/1=7", "bob/4=1", "bob/5=1")
		if !q.idle() {
			t.Error("something is left")
		}
	})
}

func TestQueueUnderFire(t *testing.T) {
	q := newQueue[string, int](1000, laneOf)
	var sum, puts atomic.Int64
	var busy [8]atomic.Int32
	over := make(chan struct{})
	go func() {
		defer close(over)
		q.run(context.Background(), 16, func(_ context.Context, key string, v int) {
			lane := key[0] - '0'
			if busy[lane].Add(1) > 1 {
				t.Error("two of one lane at once")
			}
			sum.Add(int64(v))
			busy[lane].Add(-1)
		})
	}()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 20_000 {
				q.put(fmt.Sprintf("%d/%d", i%8, i%50), time.Duration(i%3)*time.Microsecond, add(1))
				puts.Add(1)
			}
		})
	}
	all.Wait()
	q.close()
	<-over
	if sum.Load() != puts.Load() || q.lost() != 0 {
		t.Errorf("%d of %d, %d dropped", sum.Load(), puts.Load(), q.lost())
	}
}

func TestQuietFollowsTheClock(t *testing.T) {
	night, noon := Quiet{22 * 60, 6 * 60, "Europe/Berlin"}, Quiet{12 * 60, 13 * 60, "America/St_Johns"}
	for at, want := range map[string][2]bool{
		"2026-05-01T19:59:59Z": {false, false},
		"2026-05-01T20:00:00Z": {true, false},
		"2026-05-02T03:59:59Z": {true, false},
		"2026-05-02T04:00:00Z": {false, false},
		"2026-03-29T00:30:00Z": {true, false}, // 1:30; at 2:00 it becomes 3:00
		"2026-03-29T03:59:00Z": {true, false}, // 5:59 in summer time
		"2026-03-29T04:00:00Z": {false, false},
		"2026-10-25T04:59:00Z": {true, false}, // 5:59 in winter time
		"2026-10-25T05:00:00Z": {false, false},
		"2026-05-01T14:29:59Z": {false, false},
		"2026-05-01T14:30:00Z": {false, true},
		"2026-05-01T15:29:00Z": {false, true},
		"2026-05-01T15:30:00Z": {false, false},
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{night.holds(now), noon.holds(now)}; got != want {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
	if (*Quiet)(nil).holds(time.Now()) {
		t.Error("without quiet hours it is quiet")
	}
}

func TestAbsence(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	a := absence{life: 5 * time.Second}
	begun := a.begin()
	a.note("bob", begun, now)
	if !a.has("bob", now.Add(4999*time.Millisecond)) || a.has("bob", now.Add(5*time.Second)) || a.has("eve", now) {
		t.Error("it is not remembered for five seconds")
	}
	begun = a.begin()
	a.appeared("bob") // while somebody was looking
	a.note("bob", begun, now)
	if a.has("bob", now) {
		t.Error("who has appeared is absent")
	}
	begun = a.begin()
	for i := range 3 * absentMost {
		a.note(fmt.Sprint(i), begun, now)
	}
	if n := len(a.now) + len(a.old); n > 2*absentMost || !a.has(fmt.Sprint(3*absentMost-1), now) {
		t.Errorf("%d names", n)
	}
	a.appeared("")
	if a.has(fmt.Sprint(3*absentMost-1), now) {
		t.Error("all were to be forgotten")
	}
}

func TestLaterParcelsTakeThePlace(t *testing.T) {
	s := &Service{parcels: newQueue[lane, *parcel](10, func(l lane) string { return string(l.user) })}
	to := lane{"bob", "d1", "tag"}
	five, six, gone := parcel{seq: 5}, parcel{seq: 6}, parcel{seq: 5, withdraw: true}
	for _, c := range []struct{ first, then, stays parcel }{
		{five, six, six},
		{six, five, six},
		{five, gone, gone},
		{gone, five, gone},
		{gone, six, six},
		{six, gone, six},
	} {
		s.enqueue(to, c.first, 0)
		s.enqueue(to, c.then, 0)
		it, _, _ := s.parcels.next(time.Now())
		s.parcels.done(to)
		if *it.v != c.stays {
			t.Errorf("%+v after %+v: %+v", c.then, c.first, *it.v)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "-7": 0, "99999999": 1 << 20 * time.Second, "Fri, 01 May 2026 12:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}); got != want {
			t.Errorf("%q: %s", value, got)
		}
	}
}
