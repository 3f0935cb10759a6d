package webhook_test

import (
	"testing"

	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/storage/scylla/scyllatest"
)

// cluster is a store on the CQL server for tests.
func cluster(t *testing.T) ledger.Store { return scyllatest.New(t, "webhook") }

func TestCluster(t *testing.T) {
	store := cluster(t)
	for name, test := range map[string]func(*testing.T, *house){
		"event": event, "emitted twice": emittedTwice, "retries": retries, "replay": replay, "two nodes": twoNodes,
	} {
		t.Run(name, func(t *testing.T) {
			h := quiet(t, store)
			if name != "two nodes" {
				h.run(h.Service)
			}
			test(t, h)
		})
	}
}
