package presence_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
)

// A town is people with what is durable about them, and the nodes they live on.
// Everybody is everybody's friend.
type town struct {
	t       *testing.T
	board   *presence.Memory
	mu      sync.Mutex
	chosen  map[id.User]presence.Showing
	seen    map[id.User]time.Time
	asked   []string // of the town, in order
	rings   map[bus.Topic]int
	refused bool // the boards do not answer
}

func newTown(t *testing.T) *town {
	return &town{
		t: t, board: presence.NewMemory(), chosen: map[id.User]presence.Showing{},
		seen: map[id.User]time.Time{}, rings: map[bus.Topic]int{},
	}
}

// inTown runs a test whose time is its own.
func inTown(t *testing.T, test func(t *testing.T, w *town)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newTown(t)) })
}

func (w *town) note(what string, u id.User) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, what)
	_ = u
}

func (w *town) Showing(_ context.Context, u id.User) (presence.Showing, error) {
	w.note("showing", u)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.chosen[u], nil
}

func (w *town) LastSeen(_ context.Context, u id.User) (time.Time, error) {
	w.note("last seen", u)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[u], nil
}

func (w *town) Choose(_ context.Context, u id.User, invisible *bool, text *string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.chosen[u]
	if invisible != nil {
		s.Hidden = *invisible
	}
	if text != nil {
		s.Text = *text
	}
	w.chosen[u] = s
	return nil
}

func (w *town) Used(_ context.Context, u id.User, _ id.Session) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[u] = time.Now()
	return nil
}

func (w *town) MayKnow(_ context.Context, _ id.User, others []id.User) ([]bool, error) {
	may := make([]bool, len(others))
	for i := range may {
		may[i] = true
	}
	return may, nil
}

func (w *town) Publish(t bus.Topic, _ bus.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rings[t]++
}

// rung is how often u's topic rang since it was last asked.
func (w *town) rung(u id.User) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.rings[bus.PresenceTopic(u)]
	delete(w.rings, bus.PresenceTopic(u))
	return n
}

func (w *town) refuse(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = on
}

// node is one node of a town.
type node struct {
	*presence.Service
	w     *town
	board *fragile
	again int
}

func (w *town) node() *node {
	n := &node{w: w, board: &fragile{Board: w.board.Node(presence.Lease), w: w}}
	opt := presence.DefaultOptions()
	opt.Again = func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		n.again++
	}
	n.Service = presence.NewService(n.board, w, w, w, opt)
	w.t.Cleanup(func() { n.Close() })
	synctest.Wait()
	return n
}

// Arrive seats a device, whose sign-in is called like it.
func (n *node) Arrive(u id.User, device string) *presence.Seat {
	return n.Service.Arrive(u, id.Session(device), id.Device(device))
}

// lives checks which devices of somebody the node knows to be live.
func (n *node) lives(u id.User, want ...id.Device) {
	n.w.t.Helper()
	got, err := n.Live(n.w.t.Context(), u)
	if err != nil {
		n.w.t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		n.w.t.Fatalf("of %s %q are live, want %q", u, got, want)
	}
}

// looks is how often the node had everybody looked at since it was last asked.
func (n *node) looks() int {
	n.w.mu.Lock()
	defer n.w.mu.Unlock()
	was := n.again
	n.again = 0
	return was
}

// is checks how the node sees somebody.
func (n *node) is(u id.User, want presence.State) {
	n.w.t.Helper()
	if got := n.view(u); got.State != want {
		n.w.t.Fatalf("%s is %s, want %s", u, got.State, want)
	}
}

func (n *node) view(u id.User) presence.View {
	n.w.t.Helper()
	views, err := n.Views(n.w.t.Context(), []id.User{u})
	if err != nil {
		n.w.t.Fatal(err)
	}
	return views[0]
}

// fragile is a board that can be away, and whose node can be killed.
type fragile struct {
	presence.Board
	w    *town
	dead bool
	puts atomic.Int64 // lines written, or more at once
}

var errAway = errors.New("away")

func (b *fragile) away() bool {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	return b.w.refused || b.dead
}

func (b *fragile) Put(ctx context.Context, lines ...presence.Line) error {
	if b.away() {
		return errAway
	}
	if len(lines) > 0 {
		b.puts.Add(1)
	}
	return b.Board.Put(ctx, lines...)
}

func (b *fragile) Drop(ctx context.Context, users ...id.User) error {
	if b.away() {
		return errAway
	}
	return b.Board.Drop(ctx, users...)
}

func (b *fragile) Look(ctx context.Context, users []id.User) ([]presence.State, error) {
	if b.away() {
		return nil, errAway
	}
	return b.Board.Look(ctx, users)
}

func (b *fragile) Devices(ctx context.Context, u id.User) ([]id.Device, error) {
	if b.away() {
		return nil, errAway
	}
	return b.Board.Devices(ctx, u)
}

func (b *fragile) Renew(ctx context.Context) (wiped, moved bool, err error) {
	if b.away() {
		return false, false, errAway
	}
	return b.Board.Renew(ctx)
}

func (b *fragile) Close() error {
	if b.away() {
		return nil
	}
	return b.Board.Close()
}

// kill ends a node without a goodbye.
func (n *node) kill() {
	n.w.mu.Lock()
	n.board.dead = true
	n.w.mu.Unlock()
	n.Close()
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d) // of the test's own time
	synctest.Wait()
}
