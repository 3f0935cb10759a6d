package grant_test

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/teahouse-im/teahouse/storage/scylla"
	"github.com/teahouse-im/teahouse/storage/scylla/scyllatest"
)

// server is the CQL server for tests; "" if there is none.
func server() string { return os.Getenv("TEAHOUSE_TEST_CQL") }

// TestOnACluster tells whether the other tests ran on a cluster as well.
func TestOnACluster(t *testing.T) { scyllatest.Server(t, "package grant") }

// common is the one keyspace of all tests of the package: each has its own people.
var common struct {
	sync.Once
	store *scylla.Store
	close func() error
}

func cluster(t testing.TB) backend {
	t.Helper()
	common.Do(func() {
		var err error
		common.store, common.close, err = scyllatest.Open(context.Background(), server(), "grant")
		good(t, err)
	})
	return common.store
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
