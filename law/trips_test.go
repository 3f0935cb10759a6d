package law

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/client"
)

// A toll is what something costs a database.
type toll struct {
	trips   int // the longest chain of requests, each made when the one before was answered
	batches int // conditional ones: nothing here makes others
}

// A meter stands between a node and its database and counts what is asked.
type meter struct {
	mu  sync.Mutex
	of  int // which toll is being taken
	sum toll
}

// An asking is a request: in which toll, and how many trips there are with it.
type asking struct{ of, trips int }

// What the fifth byte of a frame of CQL says.
const (
	opQuery, opPrepare, opExecute, opBatch = 0x07, 0x09, 0x0a, 0x0d
)

// answersLate is by how much the meter delays each answer, so that requests that
// do not wait for each other are seen not to.
const answersLate = 10 * time.Millisecond

// metered opens a meter before a database and gives the URL that leads through it.
func metered(t *testing.T, store string) (*meter, string) {
	t.Helper()
	u, err := url.Parse(store)
	must(t, err)
	l, err := net.Listen("tcp", net.JoinHostPort(u.Hostname(), "0")) // the driver has the hosts' addresses, and one port for all
	must(t, err)
	m, at := &meter{}, u.Host
	var all sync.WaitGroup
	all.Go(func() {
		for {
			node, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { m.serve(node, at) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	u.Host = l.Addr().String()
	return m, u.String()
}

// serve copies what node and database say to each other until one of them is gone.
func (m *meter) serve(node net.Conn, at string) {
	defer node.Close()
	database, err := net.Dial("tcp", at)
	if err != nil {
		return
	}
	type answer struct {
		frame []byte
		due   time.Time
	}
	answers := make(chan answer, 1<<12)
	under := map[[2]byte]asking{} // those without an answer, by the numbers that the driver gave them
	var all sync.WaitGroup
	all.Go(func() {
		defer database.Close()
		for frame := range frames(node) {
			m.asked(under, frame)
			_, _ = database.Write(frame)
		}
	})
	all.Go(func() {
		defer node.Close()
		for a := range answers {
			time.Sleep(time.Until(a.due))
			m.answered(under, a.frame)
			_, _ = node.Write(a.frame)
		}
	})
	for frame := range frames(database) {
		answers <- answer{frame, time.Now().Add(answersLate)}
	}
	close(answers)
	all.Wait()
}

// frames are those that come, until none do.
func frames(from io.Reader) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for {
			frame := make([]byte, 9)
			if _, err := io.ReadFull(from, frame); err != nil {
				return
			}
			frame = append(frame, make([]byte, binary.BigEndian.Uint32(frame[5:]))...)
			if _, err := io.ReadFull(from, frame[9:]); err != nil || !yield(frame) {
				return
			}
		}
	}
}

func (m *meter) asked(under map[[2]byte]asking, frame []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch frame[4] {
	case opBatch:
		m.sum.batches++
		fallthrough
	case opQuery, opPrepare, opExecute:
		under[[2]byte(frame[2:4])] = asking{m.of, m.sum.trips + 1}
	}
}

func (m *meter) answered(under map[[2]byte]asking, frame []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	number := [2]byte(frame[2:4])
	if a, is := under[number]; is {
		delete(under, number)
		if a.of == m.of {
			m.sum.trips = max(m.sum.trips, a.trips)
		}
	}
}

// toll is what do costs at least, of so many times: beside it the node looks after
// what is owed, which may make it look dearer.
func (m *meter) toll(times int, do func(i int)) (least toll) {
	for i := range times {
		m.mu.Lock()
		m.of++
		m.sum = toll{}
		m.mu.Unlock()
		do(i)
		m.mu.Lock()
		if i == 0 {
			least = m.sum
		}
		least = toll{min(least.trips, m.sum.trips), min(least.batches, m.sum.batches)}
		m.mu.Unlock()
	}
	return least
}

// TestTrips: through a database a notice takes one conditional batch more than a
// message over the same HTTP, which is the one that spends the grant, and at most
// two trips more, one after the other.
func TestTrips(t *testing.T) {
	h := newHouse(t)
	bus := redistest.Shared(t, "law")
	m, store := metered(t, keyspace(t))
	h.configs = append(h.configs, h.config(t, store, bus))
	h.open(t)
	s := &scene{T: t, h: h, alone: true}
	of := s.app().approve(ride("s0", "s1", "s2", "s3", "s4"))
	ann, bob := s.user("ann"), s.user("bob")
	got(ann.api().RequestContact(t.Context(), bob.name, ""))(t)
	must(t, bob.api().AcceptContact(t.Context(), ann.name))
	stream := got(ann.api().OpenDirect(t.Context(), bob.name))(t)
	message := m.toll(20, func(int) {
		got(ann.api().Post(t.Context(), client.Message{ID: uuid.Must(uuid.NewV7()).String(), Stream: stream, Body: client.Text{Text: "hello"}}))(t)
	})
	var rides []*ticket
	for range 3 {
		rides = append(rides, of.grant(ann))
	}
	notice := m.toll(5*len(rides), func(i int) {
		ride, d := rides[i/5], rides[i/5].draft(h.name("k"))
		d.State = ride.t.draft.States[i%5]
		if sent := got(of.app.server().Notify(t.Context(), d))(t); sent.Status != "accepted" {
			t.Fatalf("a notice is %s", sent.Status)
		}
	})
	t.Logf("a message: %+v, a notice: %+v", message, notice)
	if notice.batches > message.batches+1 || notice.trips > message.trips+2 {
		t.Errorf("a notice costs the database %+v, a message %+v", notice, message)
	}
}
