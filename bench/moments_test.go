package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

// A page that is not what was posted is told from one that is.
func TestAPageIsWhatWasPosted(t *testing.T) {
	moment := func(post string, likes, comments int) string {
		return fmt.Sprintf(`{"post":%q,"likes":[%s],"comments":[%s]}`, post,
			strings.TrimSuffix(strings.Repeat(`{"user":"ann"},`, likes), ","),
			strings.TrimSuffix(strings.Repeat(`{"from":"ann","text":"tea"},`, comments), ","))
	}
	page := func(moments ...string) []byte {
		return []byte(`{"items":[` + strings.Join(moments, ",") + `],"next":"x"}`)
	}
	good := []string{moment("b", 2, 1), moment("a", 2, 1)}
	if err := same(page(good...), []string{"b", "a"}, 2, 1); err != nil {
		t.Error(err)
	}
	for what, wrong := range map[string][]byte{
		"one less":      page(good[0]),
		"one more":      page(good[0], good[1], good[1]),
		"another order": page(good[1], good[0]),
		"a like less":   page(good[0], moment("a", 1, 1)),
		"no comment":    page(good[0], moment("a", 2, 0)),
		"no page":       []byte("{"),
	} {
		if same(wrong, []string{"b", "a"}, 2, 1) == nil {
			t.Errorf("%s: taken for the page", what)
		}
	}
}

// The timelines that are asked are those of the first and the last by name, and of some between.
func TestSampleHasTheFirstAndTheLast(t *testing.T) {
	var people []string
	for i := range 101 {
		people = append(people, fmt.Sprintf("f%d", i))
	}
	for n, want := range map[int]string{
		1: "f0", 2: "f1 f0", 3: "f2 f1 f0", 101: "f99 f76 f53 f30 f0", // by name: f0 f1 f10 f100 f11 …
	} {
		if got := strings.Join(sampleOf(people[:n]), " "); got != want {
			t.Errorf("of %d: %s, not %s", n, got, want)
		}
	}
}

// Every hint that is missing counts, and one at another post does not stand for it.
func TestHintsAreCounted(t *testing.T) {
	p := &press{fans: []int{3}, heard: map[string][]int64{}}
	hint := func(post string) {
		p.hint(&conn{}, wire.Event("feed", wire.FeedEvent{Author: "ann", Post: post}))
	}
	acked := clock()
	for range 3 {
		hint("a")
	}
	hint("b")
	h := newLatencies()
	if missed := p.told(t.Context(), "a", 0, acked, h); missed != 0 || h.TotalCount() != 3 {
		t.Errorf("%d missed of a, %d noted", missed, h.TotalCount())
	}
	done := make(chan int64)
	go func() { done <- p.told(t.Context(), "b", 0, acked, h) }()
	hint("b")
	select {
	case <-done:
		t.Error("did not wait for the third hint")
	case <-time.After(20 * time.Millisecond):
	}
	hint("b")
	if missed := <-done; missed != 0 || h.TotalCount() != 6 {
		t.Errorf("%d missed of b, %d noted", missed, h.TotalCount())
	}
}

// An event that tells of somebody else, or of another state than the last, does not count as told.
func TestEventsOfPresenceAreLookedAt(t *testing.T) {
	p := newStage(nil)
	s := &star{}
	p.named["ann"] = s
	s.state.Store(1)
	s.left.Store(2)
	seen := func(user, state string) {
		p.watcher(nil)(&conn{}, wire.Event("presence", wire.Presence{User: user, State: state}))
	}
	seen("ann", "away")
	seen("ann", "online")
	seen("ben", "away")
	if wrong, left := p.wrong.Load(), s.left.Load(); wrong != 2 || left != 1 {
		t.Fatalf("%d wrong, %d left", wrong, left)
	}
	seen("ann", "away")
	select {
	case <-p.reached:
	default:
		t.Error("everybody was told, and nobody knows")
	}
}

// The floors do what they are said to; a count that is off is an error of theirs.
func TestFloors(t *testing.T) {
	e, err := (&lab{dir: t.TempDir()}).engine()
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	if f, err := e.page(leaf{posts: 3, acts: 2, points: 5}); err != nil || f.took.TotalCount() < 10 {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := e.spread(20); err != nil || f.took.TotalCount() < 10 {
		t.Errorf("%+v, %v", f, err)
	}
	c, err := newChoir(10)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for range 3 {
		if _, err := c.tell(80); err != nil {
			t.Error(err)
		}
	}
	if got := c.read.Load(); got != 3*10*80 {
		t.Errorf("%d bytes were read", got)
	}
}
