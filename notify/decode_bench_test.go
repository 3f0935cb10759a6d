package notify

import (
	"strings"
	"testing"
)

// BenchmarkReadNotice reads a request as apps send it.
func BenchmarkReadNotice(b *testing.B) {
	raw := []byte(`{"grant":"gh1_` + strings.Repeat("x", 103) + `","template":"t-0123456789abcdefghijklmnop","data":{"status":{"enum":"moved"}},` +
		`"page":"/ride","idempotency_key":"0123456789012345678901234567890123456789s1","state":"s1"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readNotice(raw); err != nil {
			b.Fatal(err)
		}
	}
}
