package scylla

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// aPost is a new one that owes something, with its mark.
func aPost() (feed.Post, feed.Mark) {
	p := feed.Post{ID: id.NewPost(time.Now()), Author: "ann", At: time.Now().UTC().Truncate(time.Millisecond), Owed: true}
	return p, feed.Mark{ID: uuid.Must(uuid.NewV7()), Post: p.ID}
}

var anAct = feed.ActKey{Kind: feed.Like, ID: "bob"}

func longer(p *feed.Post) error { p.Text += "+"; return nil }

func turn(a *feed.Act) error { a.Turn++; return nil }

func settled(p *feed.Post) error { p.Owed = false; return nil }

func create(t *testing.T, s *Store) (feed.Post, feed.Mark) {
	t.Helper()
	p, m := aPost()
	if err := s.CreatePost(t.Context(), p, m); err != nil {
		t.Fatal(err)
	}
	return p, m
}

// threads are how many of a post there are: one or none.
func threads(t *testing.T, s *Store, p id.Post) int {
	t.Helper()
	all, err := s.Threads(t.Context(), []id.Post{p})
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func marksOf(t *testing.T, s *Store, p id.Post) []feed.Mark {
	t.Helper()
	all, err := s.Marks(t.Context(), feed.Shard(p), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(m feed.Mark) bool { return m.Post != p })
}

// TestUnknownCreate: a post that was answered is there, one that was not may be;
// either way its mark is there if it is, and repeating the creation is harmless.
func TestUnknownCreate(t *testing.T) {
	direct := open(t)
	for name, loss := range losses {
		t.Run(name, func(t *testing.T) {
			var answers, lose atomic.Int64
			s := openURL(t, newProxy(t, func() fate {
				if answers.Add(1) == lose.Load() {
					return loss
				}
				return pass
			}))
			created := 0
			for nth := range int64(8) { // the answer that is lost is another's each time
				p, m := aPost()
				lose.Store(answers.Load() + nth)
				err := s.CreatePost(t.Context(), p, m)
				if err != nil && !errors.Is(err, fault.Unavailable) {
					t.Fatal(err)
				}
				there := threads(t, direct, p.ID)
				if err == nil && there != 1 {
					t.Fatalf("answer %d lost: the creation was answered, and there is no post", nth)
				}
				if there == 1 && !slices.Contains(marksOf(t, direct, p.ID), m) {
					t.Fatalf("answer %d lost: the post is there without its mark", nth)
				}
				created += there
				if err := direct.CreatePost(t.Context(), p, m); err != nil || threads(t, direct, p.ID) != 1 {
					t.Fatalf("created again: %v", err)
				}
			}
			t.Logf("%d of 8 were there at once", created)
		})
	}
}

// TestLateWrites: what looked at a post before it was dropped, and writes after
// that, brings nothing back.
func TestLateWrites(t *testing.T) {
	s := open(t)
	p, m := create(t, s)
	if _, err := s.ChangeAct(t.Context(), p.ID, anAct, m, turn); err != nil {
		t.Fatal(err)
	}
	before := func(row feedRow) version {
		t.Helper()
		_, now, err := s.row(t.Context(), row)
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	post, act := postRow(p.ID), actRow(p.ID, anAct)
	postAt, actAt := before(post), before(act)
	late := func(row feedRow, from version, want error) {
		t.Helper()
		if err := s.putRow(t.Context(), row, []byte(`{"text":"late"}`), from); !errors.Is(err, want) {
			t.Fatalf("a late write: %v, want %v", err, want)
		}
	}
	if err := s.DropActs(t.Context(), p.ID, []feed.ActKey{anAct}); err != nil {
		t.Fatal(err)
	}
	late(act, actAt, errOvertaken)
	late(act, version{}, errOvertaken)
	for range 2 {
		if err := s.DropPost(t.Context(), p.Author, p.ID); err != nil {
			t.Fatal(err)
		}
		late(post, postAt, errOvertaken)
		late(post, version{}, errOvertaken)
		if err := s.CreatePost(t.Context(), p, m); !errors.Is(err, fault.Unavailable) {
			t.Fatalf("a late creation: %v", err)
		}
		if v := before(act); v.number != 0 {
			t.Fatalf("the act is at %d", v.number)
		}
		late(act, version{}, nil) // what is left alone is seen by nobody, and goes with the next drop
		if threads(t, s, p.ID) != 0 {
			t.Fatal("there is a thread")
		}
	}
	var ttl int
	if err := s.cql.Query(`SELECT TTL(version) FROM feed_posts WHERE post=? AND part=0`, string(p.ID)).Scan(&ttl); err != nil || ttl == 0 {
		t.Fatalf("the grave stays for ever (%d, %v)", ttl, err)
	}
}

// TestMarkOfLateChange: a mark that may be of a change still under way is dropped
// only when nothing of its post is owed; one of this moment always is.
func TestMarkOfLateChange(t *testing.T) {
	s := open(t)
	p, fresh := create(t, s)
	old := feed.Mark{ID: id.NewEntry(time.Now().Add(-2 * patience)), Post: p.ID}
	if _, err := s.ChangePost(t.Context(), p.ID, old, longer); err != nil {
		t.Fatal(err)
	}
	drop := func(want ...feed.Mark) {
		t.Helper()
		if err := s.DropMarks(t.Context(), []feed.Mark{old, fresh}); err != nil {
			t.Fatal(err)
		}
		if got := marksOf(t, s, p.ID); !slices.Equal(got, want) {
			t.Fatalf("%v are left, want %v", got, want)
		}
	}
	drop(old)
	if _, err := s.ChangeAct(t.Context(), p.ID, anAct, feed.Mark{}, func(a *feed.Act) error { a.Owed = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChangePost(t.Context(), p.ID, feed.Mark{}, settled); err != nil {
		t.Fatal(err)
	}
	drop(old)
	if _, err := s.ChangeAct(t.Context(), p.ID, anAct, feed.Mark{}, func(a *feed.Act) error { a.Owed = false; return nil }); err != nil {
		t.Fatal(err)
	}
	drop()

	// An act without a post owes nothing to anybody.
	if err := s.DropPost(t.Context(), p.Author, p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChangeAct(t.Context(), p.ID, anAct, old, func(a *feed.Act) error { a.Owed = true; return nil }); err != nil {
		t.Fatal(err)
	}
	drop()
}

// TestMarkAgain: a record that was written long after its mark has a mark even if
// somebody dropped it in between.
func TestMarkAgain(t *testing.T) {
	s, other := open(t), open(t)
	p, m := create(t, s)
	m.ID = uuid.Must(uuid.NewV7())
	late := time.Duration(0)
	s.now = func() time.Time { return time.Now().Add(late) }
	tries := 0
	_, err := s.ChangePost(t.Context(), p.ID, m, func(p *feed.Post) error {
		if tries++; tries == 1 { // somebody else is faster, which makes it try again
			if _, err := other.ChangePost(t.Context(), p.ID, feed.Mark{}, longer); err != nil {
				t.Error(err)
			}
		} else {
			late = 2 * remarkAfter
			if err := other.DropMarks(t.Context(), []feed.Mark{m}); err != nil {
				t.Error(err)
			}
		}
		return longer(p)
	})
	if err != nil || tries != 2 || !slices.Contains(marksOf(t, other, p.ID), m) {
		t.Fatalf("after %d tries the marks are %v (%v)", tries, marksOf(t, other, p.ID), err)
	}
}

// TestSlots: slots without marks leave the list, and a mark is found whoever
// emptied the list around it.
func TestSlots(t *testing.T) {
	s, other := open(t), open(t)
	var ahead time.Duration
	clock := func() time.Time { return time.Now().Add(ahead) }
	s.now, other.now = clock, clock
	p, _ := aPost()
	mark := func() feed.Mark { // all in one slot, an old one that is nobody else's
		return feed.Mark{ID: id.NewEntry(time.Now().Add(-500 * 24 * time.Hour).Truncate(slotLength)), Post: p.ID}
	}
	k := slotOf(mark())
	listed := func() bool {
		t.Helper()
		var since time.Time
		err := s.cql.Query(`SELECT since FROM feed_slots WHERE shard=? AND slot=?`, k.shard, k.slot).Scan(&since)
		if err != nil && !errors.Is(err, gocql.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	put := func(m feed.Mark) {
		t.Helper()
		if err := s.putMark(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	find := func(want ...feed.Mark) {
		t.Helper()
		if got := marksOf(t, other, p.ID); !slices.Equal(got, want) {
			t.Fatalf("found %v, want %v", got, want)
		}
	}
	first, second := mark(), mark()
	put(first)
	ahead = 3 * slotLasts
	find(first)
	if err := s.DropMarks(t.Context(), []feed.Mark{first}); err != nil {
		t.Fatal(err)
	}
	ahead = 0
	find()
	if !listed() {
		t.Fatal("a slot that is written to left the list")
	}
	ahead = 3 * slotLasts
	find()
	if listed() {
		t.Fatal("a slot that nobody writes to is still listed")
	}
	put(second) // it knows that its own listing is too old
	find(second)

	// What was listed since is not taken away.
	since := s.slots.since(k)
	ahead += time.Second
	if err := s.listSlot(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if err := other.unlistSlot(t.Context(), k, since); err != nil {
		t.Fatal(err)
	}
	find(second)
}
