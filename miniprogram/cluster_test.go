package miniprogram_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/storage/scylla"
)

// cluster is a store on the CQL server for tests, in a keyspace of its own that
// goes away at the end.
func cluster(t *testing.T) ledger.Store {
	t.Helper()
	server := os.Getenv("TEAHOUSE_TEST_CQL")
	if server == "" {
		const why = "miniprogram is NOT TESTED on a cluster: TEAHOUSE_TEST_CQL names no server"
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	keyspace := "teahouse_miniprogram_" + strings.ReplaceAll(uuid.NewString()[:13], "-", "")
	address := server + "/" + keyspace + "?replication=1"
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	good(t, scylla.Migrate(ctx, address, false, func(string) {}))
	store, err := scylla.Open(ctx, address, scylla.Options{})
	good(t, err)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		dropKeyspace(t, server, keyspace)
	})
	return store
}

func dropKeyspace(t *testing.T, server, keyspace string) {
	t.Helper()
	u, err := url.Parse(server)
	good(t, err)
	c := gocql.NewCluster(strings.Split(u.Host, ",")...)
	c.Timeout = time.Minute
	s, err := c.CreateSession()
	good(t, err)
	defer s.Close()
	good(t, s.Query("DROP KEYSPACE "+keyspace).Exec())
}

func TestCluster(t *testing.T) {
	h := houseOn(t, cluster(t))
	walk(t, h)
	a, _ := h.app("dana", "Pages in a keyspace")
	good(t, h.PutPackage(t.Context(), "dana", string(a.ID), bundle(t)))
	page, err := h.node(h.store, h.files).Page(t.Context(), string(a.ID), "index.html") // another node
	good(t, err)
	if len(page.Body) == 0 {
		t.Error("the page is empty")
	}
}
