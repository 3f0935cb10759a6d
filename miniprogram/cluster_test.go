package miniprogram_test

import (
	"testing"

	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/storage/scylla/scyllatest"
)

// cluster is a store on the CQL server for tests.
func cluster(t *testing.T) ledger.Store { return scyllatest.New(t, "miniprogram") }

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
