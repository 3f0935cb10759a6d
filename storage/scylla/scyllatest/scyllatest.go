// Package scyllatest is the CQL server for tests: keyspaces that go away at the
// end, and a way to the server on which answers get lost.
package scyllatest

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/storage/scylla"
)

// Server is the URL of the CQL server for tests, without a keyspace. Where there is
// none nothing is proven: what is not tested there is skipped, and in CI it fails.
func Server(t testing.TB, what string) string {
	t.Helper()
	server := os.Getenv("TEAHOUSE_TEST_CQL")
	if server == "" {
		why := what + " is NOT TESTED on a cluster: TEAHOUSE_TEST_CQL names no server"
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	return server
}

// New is a store in a keyspace of its own, which goes away with the test. what is
// tested on it.
func New(t testing.TB, what string) *scylla.Store {
	t.Helper()
	store, end, err := Open(t.Context(), Server(t, what), what)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// Open is New for tests that share a store: end closes it and takes its keyspace away.
func Open(ctx context.Context, server, what string) (store *scylla.Store, end func() error, err error) {
	address, drop, err := Keyspace(ctx, server, what)
	if err != nil {
		return nil, nil, err
	}
	store, err = scylla.Open(ctx, address, scylla.Options{})
	return store, func() error { return errors.Join(store.Close(), drop()) }, err
}

// Keyspace makes one with all tables, for those who open it themselves. drop takes it away.
func Keyspace(ctx context.Context, server, what string) (url string, drop func() error, err error) {
	name := "teahouse_" + what + "_" + strings.ReplaceAll(uuid.NewString()[:13], "-", "")
	url = server + "/" + name + "?replication=1"
	ctx, cancel := context.WithTimeout(ctx, migrateWithin)
	defer cancel()
	err = scylla.Migrate(ctx, url, false, func(string) {})
	return url, func() error { return dropKeyspace(server, name) }, err
}

// migrateWithin is far longer than a schema takes.
const migrateWithin = 2 * time.Minute

func dropKeyspace(server, keyspace string) error {
	u, err := url.Parse(server)
	if err != nil {
		return err
	}
	c := gocql.NewCluster(strings.Split(u.Host, ",")...)
	c.Timeout = time.Minute
	s, err := c.CreateSession()
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Query("DROP KEYSPACE " + keyspace).Exec()
}
