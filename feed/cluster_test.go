package feed_test

import (
	"testing"

	"github.com/teahouse-im/teahouse/storage/scylla/scyllatest"
)

// cluster is a store on the CQL server for tests.
func cluster(t *testing.T) backend { return scyllatest.New(t, "feed") }
