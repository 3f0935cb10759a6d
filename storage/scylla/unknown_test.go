package scylla

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// onlyNext makes the next answer meet a fate when told to.
type onlyNext struct{ next atomic.Int32 }

func (o *onlyNext) fate() fate     { return fate(o.next.Swap(int32(pass))) }
func (o *onlyNext) arrange(f fate) { o.next.Store(int32(f)) }

var losses = map[string]fate{"swallowed": swallow, "connection cut": cut}

// openLossy is a store whose answers get lost, one in so many, once it is open.
func openLossy(t *testing.T, oneIn int) *Store {
	t.Helper()
	var armed atomic.Bool
	s := openURL(t, newProxy(t, func() fate {
		if armed.Load() && rand.N(oneIn) == 0 {
			return cut
		}
		return pass
	}))
	armed.Store(true)
	return s
}

// TestUnknownAppend: an append whose answer is lost is neither failed nor done,
// and its repeat is told where its entries are.
func TestUnknownAppend(t *testing.T) {
	for name, loss := range losses {
		t.Run(name, func(t *testing.T) {
			var o onlyNext
			s, st := openURL(t, newProxy(t, o.fate)), newStream()
			first := entry(st, stream.Head{}, "ann")
			if err := s.Append(t.Context(), st, stream.Head{}, []stream.Entry{first}); err != nil {
				t.Fatal(err)
			}
			second := entry(st, stream.HeadOf(first), "bob")
			o.arrange(loss)
			if err := s.Append(t.Context(), st, stream.HeadOf(first), []stream.Entry{second}); !errors.Is(err, stream.ErrUnknown) {
				t.Fatalf("a lost answer: %v, want ErrUnknown", err)
			}
			if !s.unsettled.has(st) {
				t.Fatal("nothing is left to be settled")
			}
			if head := s.eventualHead(t, st); head != stream.HeadOf(second) {
				t.Fatalf("head is %v", head)
			}
			if s.unsettled.has(st) {
				t.Fatal("reading the head did not settle it")
			}
			err := s.Append(t.Context(), st, stream.HeadOf(second), []stream.Entry{entry(st, stream.HeadOf(second), "cyd"), withID(second.ID, entry(st, stream.Head{Seq: 3, Count: 3}, "bob"))})
			c, ok := errors.AsType[*stream.ConflictError](err)
			if !ok || len(c.Duplicates) != 1 || c.Duplicates[second.ID] != 2 {
				t.Fatalf("the repeat: %v", err)
			}
		})
	}
}

// eventualHead reads a head through a connection that may just be coming back.
func (s *Store) eventualHead(t *testing.T, st id.Stream) stream.Head {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		heads, err := s.Heads(ctx, []id.Stream{st})
		if err == nil {
			return heads[0]
		}
		if !errors.Is(err, fault.Unavailable) || pause(ctx, 100*time.Millisecond) != nil {
			t.Fatal(err)
		}
	}
}

// TestUnknownSequence: over connections that lose one answer in twenty, two nodes
// store every message once and tell its sender where.
func TestUnknownSequence(t *testing.T) {
	const senders, messages = 8, 20
	s, st := open(t), newStream()
	nodes := make([]*stream.Sequencer, 2)
	for i := range nodes {
		nodes[i] = stream.NewSequencer(openLossy(t, 20), stream.Options{})
	}
	var all sync.WaitGroup
	var receipts sync.Map
	for i := range senders {
		all.Go(func() {
			for n := range messages {
				d := stream.Draft{
					ID: uuid.Must(uuid.NewV7()), Kind: "text", From: id.Principal(fmt.Sprint("user", i)),
					Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)), Countable: true,
				}
				for { // a sender keeps at it, with the same id, on any node
					r, err := nodes[rand.N(2)].Append(t.Context(), st, d)
					if err == nil {
						receipts.Store(r.ID, r.Seq)
						break
					}
					if !errors.Is(err, fault.Unavailable) || pause(t.Context(), 50*time.Millisecond) != nil {
						t.Errorf("user%d's message %d: %v", i, n, err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	stored, err := s.Range(t.Context(), st, 1, id.MaxSeq)
	if err != nil || len(stored) != senders*messages {
		t.Fatalf("%d entries, want %d (%v)", len(stored), senders*messages, err)
	}
	next := map[id.Principal]int{}
	for i, e := range stored {
		seq, _ := receipts.Load(e.ID)
		if e.Seq != id.Seq(i+1) || e.Count != int64(i+1) || seq != e.Seq {
			t.Fatalf("entry %d has position %d and count %d, its sender was told %v", i+1, e.Seq, e.Count, seq)
		}
		if string(e.Body) != fmt.Sprintf(`{"n":%d}`, next[e.From]) {
			t.Fatalf("%s's message %d is %s", e.From, next[e.From], e.Body)
		}
		next[e.From]++
	}
}

// TestUnknownChange: changes of an account, a page of a book, a group, a post and an
// act are carried out once, whatever answers get lost, beside others' changes; where
// that cannot be told, it is said.
func TestUnknownChange(t *testing.T) {
	direct := open(t)
	u, other := id.User("u"+strings.ReplaceAll(uuid.NewString()[:13], "-", "")), id.User("other")
	st := newStream()
	if err := direct.CreateAccount(t.Context(), account.Account{User: u}); err != nil {
		t.Fatal(err)
	}
	if err := direct.PutGroup(t.Context(), chat.Group{Stream: st, Version: 1}); err != nil {
		t.Fatal(err)
	}
	post, mark := aPost()
	if err := direct.CreatePost(t.Context(), post, mark); err != nil {
		t.Fatal(err)
	}
	changes := map[string]struct {
		add  func(ctx context.Context, s *Store) error
		read func(s *Store) (string, error)
	}{
		"account": {
			func(ctx context.Context, s *Store) error {
				_, err := s.ChangeAccount(ctx, u, func(a *account.Account) error { a.DisplayName += "+"; return nil })
				return err
			},
			func(s *Store) (string, error) { a, err := s.Account(t.Context(), u); return a.DisplayName, err },
		},
		"page": {
			func(ctx context.Context, s *Store) error {
				_, err := s.ChangeRelation(ctx, u, other, func(r *contact.Relation) error { r.Alias += "+"; return nil })
				return err
			},
			func(s *Store) (string, error) {
				r, err := s.Relation(t.Context(), u, other)
				return r.Alias, err
			},
		},
		"group": {
			func(ctx context.Context, s *Store) error {
				for {
					g, err := s.Group(ctx, st)
					if err != nil {
						return err
					}
					g.Version++
					g.Name += "+"
					if err := s.PutGroup(ctx, g); !errors.Is(err, chat.ErrConflict) {
						return err
					}
				}
			},
			func(s *Store) (string, error) { g, err := s.Group(t.Context(), st); return g.Name, err },
		},
		"post": {
			func(ctx context.Context, s *Store) error {
				_, err := s.ChangePost(ctx, post.ID, mark, longer)
				return err
			},
			func(s *Store) (string, error) {
				threads, err := s.Threads(t.Context(), []id.Post{post.ID})
				return threads[0].Text, err
			},
		},
		"act": {
			func(ctx context.Context, s *Store) error {
				_, err := s.ChangeAct(ctx, post.ID, anAct, mark, turn)
				return err
			},
			func(s *Store) (string, error) {
				threads, err := s.Threads(t.Context(), []id.Post{post.ID})
				return strings.Repeat("+", int(threads[0].Acts[0].Turn)), err
			},
		},
	}
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			stores := []*Store{direct, openLossy(t, 8), openLossy(t, 8)}
			const times = 15
			var done, refused, undecided atomic.Int64
			var all sync.WaitGroup
			for _, s := range stores {
				all.Go(func() {
					for range times {
						switch err := c.add(t.Context(), s); {
						case err == nil:
							done.Add(1)
						case errors.Is(err, errUndecided):
							undecided.Add(1)
						case errors.Is(err, fault.Unavailable): // while all connections were down; nothing was sent
							refused.Add(1)
							_ = pause(t.Context(), 100*time.Millisecond)
						default:
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			got, err := c.read(direct)
			if there := int64(len(got)); err != nil || there < done.Load() || there > done.Load()+undecided.Load() {
				t.Fatalf("%d were answered, %d are undecided, %d are there (%v)", done.Load(), undecided.Load(), there, err)
			}
			t.Logf("%d done, %d undecided, %d refused", done.Load(), undecided.Load(), refused.Load())
		})
	}
}
