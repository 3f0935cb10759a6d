package scylla

import (
	"testing"

	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/storage/blob/blobtest"
)

func TestUploads(t *testing.T) {
	s := open(t)
	blobtest.Run(t, func(*testing.T) media.Blobs { return s.Uploads() })
}
