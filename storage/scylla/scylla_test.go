package scylla

import (
	"context"
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
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage"
	"github.com/teahouse-im/teahouse/storage/storagetest"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/stream/streamtest"
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

func TestStreams(t *testing.T) {
	s := open(t)
	streamtest.Run(t, func(*testing.T) stream.Log { return s })
}

func TestAccounts(t *testing.T) {
	s := open(t)
	storagetest.Account(t, func(*testing.T) account.Store { return s })
}

func TestContacts(t *testing.T) {
	s := open(t)
	storagetest.Contact(t, func(*testing.T) contact.Store { return s })
}

func TestChat(t *testing.T) {
	s := open(t)
	storagetest.Chat(t, func(*testing.T) chat.Store { return s })
}

func TestReady(t *testing.T) {
	if err := open(t).Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func newStream() id.Stream { return id.NewGroup() }
