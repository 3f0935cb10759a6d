package grant_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/storage/scylla"
)

// server is the CQL server for tests; "" if there is none.
func server() string { return os.Getenv("TEAHOUSE_TEST_CQL") }

// TestOnACluster tells whether the other tests ran on a cluster as well.
func TestOnACluster(t *testing.T) {
	if server() != "" {
		return
	}
	const why = "package grant is NOT TESTED on a cluster: TEAHOUSE_TEST_CQL names no server"
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// common is the one keyspace of all tests of the package: each has its own people.
var common struct {
	sync.Once
	store any
	close func() error
}

func cluster(t testing.TB) backend {
	t.Helper()
	common.Do(func() {
		keyspace := "teahouse_grant_" + strings.ReplaceAll(uuid.NewString()[:13], "-", "")
		address := server() + "/" + keyspace + "?replication=1"
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		good(t, scylla.Migrate(ctx, address, false, func(string) {}))
		store, err := scylla.Open(ctx, address, scylla.Options{})
		good(t, err)
		common.store = store
		common.close = func() error {
			if err := store.Close(); err != nil {
				return err
			}
			return dropKeyspace(server(), keyspace)
		}
	})
	store, ok := common.store.(backend)
	if !ok {
		t.Fatal("the cluster's store is no ledger")
	}
	return store
}

func TestMain(m *testing.M) {
	code := m.Run()
	if common.close != nil {
		if err := common.close(); err != nil {
			panic(err)
		}
	}
	os.Exit(code)
}

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
