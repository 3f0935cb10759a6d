package bustest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/bus"
)

// News is one message as a listener was told it.
type News struct {
	Topic bus.Topic
	bus.Message
}

// Ears are a listener that remembers.
type Ears struct {
	mu   sync.Mutex
	news []News
	gaps int
	more chan struct{} // closed and replaced when something comes
}

// NewEars makes ears that have heard nothing.
func NewEars() *Ears { return &Ears{more: make(chan struct{})} }

// Heard remembers a message.
func (e *Ears) Heard(t bus.Topic, m bus.Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.news = append(e.news, News{t, m})
	e.changed()
}

// Gap counts.
func (e *Ears) Gap() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gaps++
	e.changed()
}

func (e *Ears) changed() {
	close(e.more)
	e.more = make(chan struct{})
}

// News is all that was heard, in order.
func (e *Ears) News() []News {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.news)
}

// Texts are the bodies of all that was heard.
func (e *Ears) Texts() []string {
	var out []string
	for _, n := range e.News() {
		out = append(out, string(n.Body))
	}
	return out
}

// Gaps is how often a gap was told.
func (e *Ears) Gaps() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.gaps
}

// Until waits until what was heard is as it has to become, and fails the test
// when that takes too long.
func (e *Ears) Until(t testing.TB, what string, done func(news []News, gaps int) bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		e.mu.Lock()
		news, gaps, more := e.news[:len(e.news):len(e.news)], e.gaps, e.more
		e.mu.Unlock()
		if done(news, gaps) {
			return
		}
		select {
		case <-more:
		case <-late.C:
			t.Fatalf("no %s in %v; heard %d messages and %d gaps", what, patience, len(news), gaps)
		}
	}
}

// UntilText waits for a message with that body.
func (e *Ears) UntilText(t testing.TB, text string) {
	t.Helper()
	e.Until(t, "message "+text, func(news []News, _ int) bool {
		return slices.ContainsFunc(news, func(n News) bool { return string(n.Body) == text })
	})
}
