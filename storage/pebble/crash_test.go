package pebble_test

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// lineAt is the one entry that belongs at a position of a stream.
func lineAt(st id.Stream, seq id.Seq) stream.Entry {
	hash := sha256.Sum256(fmt.Appendf(nil, "%s %d", st, seq))
	return stream.Entry{
		Stream: st, Seq: seq, Count: int64(seq), ID: uuid.UUID(hash[:16]), Kind: "text", From: "writer",
		At: time.UnixMilli(int64(seq)).UTC(), Body: fmt.Appendf(nil, `{"text":"%x"}`, hash),
	}
}
