package scylla

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/storage"
	"github.com/teahouse-im/teahouse/storage/storagetest"
	"github.com/teahouse-im/teahouse/stream"
)

// smallBucket is the size of buckets in tests, so that a few groups fill one.
const smallBucket = 64

var _ storage.Backend = (*Store)(nil)

// A run has a keyspace of its own, which goes away at its end. Tests use streams
// and people of their own in it.
var run struct {
	sync.Once
	url string
	err error
}

func TestMain(m *testing.M) {
	server := os.Getenv("TEAHOUSE_TEST_CQL")
	if server == "" {
		fmt.Fprintln(os.Stderr, "storage/scylla is NOT TESTED: TEAHOUSE_TEST_CQL names no server. Use `make test`, or `scripts/services run go test ./storage/scylla`.")
		if os.Getenv("CI") == "true" {
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if run.url != "" {
		if err := dropKeyspace(run.url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// newKeyspace names a keyspace that is not there, on the test server.
func newKeyspace() string {
	name := "teahouse_test_" + strings.ReplaceAll(uuid.NewString()[:13], "-", "")
	return os.Getenv("TEAHOUSE_TEST_CQL") + "/" + name + "?replication=1"
}

func dropKeyspace(url string) error {
	a, err := parse(url)
	if err != nil {
		return err
	}
	keyspace := a.keyspace
	a.keyspace = ""
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cql, err := connect(ctx, a, zerolog.Nop())
	if err != nil {
		return err
	}
	defer cql.Close()
	return cql.Query(`DROP KEYSPACE IF EXISTS ` + keyspace).SetRequestTimeout(schemaTimeout).WithContext(ctx).Exec()
}

// keyspace is the run's, with all tables.
func keyspace(t testing.TB) string {
	t.Helper()
	run.Do(func() {
		run.url = newKeyspace()
		run.err = Migrate(context.Background(), run.url, false, func(string) {})
	})
	if run.err != nil {
		t.Fatal(run.err)
	}
	return run.url
}

// open connects to the run's keyspace.
func open(t testing.TB) *Store {
	t.Helper()
	return openURL(t, keyspace(t))
}

func openURL(t testing.TB, url string) *Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Open(ctx, url, Options{Logger: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.InfoLevel), bucketSize: smallBucket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestContract(t *testing.T) {
	s := open(t)
	storagetest.Run(t, func(*testing.T) storage.Backend { return s })
}

func TestRestart(t *testing.T) {
	storagetest.Restart(t, func(t *testing.T) storage.Backend { return open(t) }, func(t *testing.T, b storage.Backend) storage.Backend {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		return open(t)
	})
}

// TestServerGone: while nobody can be reached everything fails with Unavailable,
// at once; when the server is back so is the store.
func TestServerGone(t *testing.T) {
	p, url := listenProxy(t, func() fate { return pass })
	s, st, u := openURL(t, url), newStream(), id.User("gone")
	post, mark := aPost()
	calls := map[string]func(context.Context) error{
		"Ready":   s.Ready,
		"Heads":   func(ctx context.Context) error { _, err := s.Heads(ctx, []id.Stream{st, "g-other"}); return err },
		"Range":   func(ctx context.Context) error { _, err := s.Range(ctx, st, 1, 10); return err },
		"Account": func(ctx context.Context) error { _, err := s.Account(ctx, u); return err },
		"Append": func(ctx context.Context) error {
			return s.Append(ctx, st, stream.Head{}, []stream.Entry{entry(st, stream.Head{}, "ann")})
		},
		"CreateAccount":  func(ctx context.Context) error { return s.CreateAccount(ctx, account.Account{User: u}) },
		"PutSession":     func(ctx context.Context) error { return s.PutSession(ctx, account.Session{User: u}) },
		"ChangeRelation": func(ctx context.Context) error { _, err := s.ChangeRelation(ctx, u, "bob", befriend); return err },
		"PutGroup":       func(ctx context.Context) error { return s.PutGroup(ctx, chat.Group{Stream: st, Version: 1}) },
		"PutMembers":     func(ctx context.Context) error { return s.PutMembers(ctx, st, 1, []chat.Member{{User: u}}) },
		"Memberships":    func(ctx context.Context) error { _, err := s.Memberships(ctx, u); return err },
		"CreatePost":     func(ctx context.Context) error { return s.CreatePost(ctx, post, mark) },
		"ChangePost":     func(ctx context.Context) error { _, err := s.ChangePost(ctx, post.ID, mark, longer); return err },
		"ChangeAct":      func(ctx context.Context) error { _, err := s.ChangeAct(ctx, post.ID, anAct, mark, turn); return err },
		"Threads":        func(ctx context.Context) error { _, err := s.Threads(ctx, []id.Post{post.ID, post.ID}); return err },
		"DropPost":       func(ctx context.Context) error { return s.DropPost(ctx, u, post.ID) },
		"DropActs":       func(ctx context.Context) error { return s.DropActs(ctx, post.ID, []feed.ActKey{anAct}) },
		"Timeline":       func(ctx context.Context) error { _, err := s.Timeline(ctx, u, "", 1); return err },
		"Profile":        func(ctx context.Context) error { _, err := s.Profile(ctx, u, "", 1); return err },
		"Refer":          func(ctx context.Context) error { return s.Refer(ctx, post.ID, []id.User{u, "bob"}) },
		"Unrefer":        func(ctx context.Context) error { return s.Unrefer(ctx, u, []id.Post{post.ID}) },
		"PutTold":        func(ctx context.Context) error { return s.PutTold(ctx, post.ID, []feed.Told{{To: u}}) },
		"ToldOf":         func(ctx context.Context) error { _, err := s.ToldOf(ctx, post.ID); return err },
		"Marks":          func(ctx context.Context) error { _, err := s.Marks(ctx, 1, 1); return err },
		"DropMarks":      func(ctx context.Context) error { return s.DropMarks(ctx, []feed.Mark{mark}) },
		"PutMedium":      func(ctx context.Context) error { return s.PutMedium(ctx, media.Medium{ID: "m-1"}) },
		"Medium":         func(ctx context.Context) error { _, _, err := s.Medium(ctx, "m-1"); return err },
		"DropMedium":     func(ctx context.Context) error { return s.DropMedium(ctx, "m-1", time.Now()) },
		"ReadPart":       func(ctx context.Context) error { _, err := s.ReadPart(ctx, "p", ledger.Want{}); return err },
		"ListPart":       func(ctx context.Context) error { _, err := s.ListPart(ctx, "p", "", "", 1); return err },
		"ChangePart": func(ctx context.Context) error {
			return s.ChangePart(ctx, "p", ledger.Want{}, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) { return nil, nil })
		},
		"Owe":     func(ctx context.Context) error { return s.Owe(ctx, ledger.Due{Queue: "q", ID: "d"}) },
		"Owed":    func(ctx context.Context) error { _, err := s.Owed(ctx, "q", time.Now(), 1); return err },
		"Settled": func(ctx context.Context) error { return s.Settled(ctx, ledger.Due{Queue: "q", ID: "d"}) },
		"Join":    func(ctx context.Context) error { return s.Join(ctx, st, []id.User{u, "bob"}, stream.Head{}) },
	}
	p.shut(true)
	for name, call := range calls {
		ctx, cancel := context.WithTimeout(t.Context(), patience/2)
		if err := call(ctx); !errors.Is(err, fault.Unavailable) || ctx.Err() != nil {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	p.shut(false)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for s.Ready(ctx) != nil {
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			t.Fatal("the store did not come back")
		}
	}
}

func befriend(r *contact.Relation) error { r.Friend = true; return nil }

func newStream() id.Stream { return id.NewGroup() }
