package shape

import (
	"crypto/sha256"

	"github.com/teahouse-im/teahouse/id"
)

// sum names something by 64 bits. Who chooses user names or subjects cannot make
// two of them collide on purpose at any price worth it.
func sum(parts ...string) uint64 {
	var space [256]byte
	b := space[:0]
	for _, p := range parts {
		b = append(b, p...)
		b = append(b, 0)
	}
	h := sha256.Sum256(b)
	return be64(h[:8])
}

// Name is how a template stands in prints.
func Name(t id.Template) uint64 { return sum("template", string(t)) }
