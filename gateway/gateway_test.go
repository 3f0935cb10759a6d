package gateway

import (
	"encoding/json"
	"testing"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

func TestChat(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		ann, ben := h.join("ann", "a"), h.join("ben", "b")
		phone := h.join("ann", "phone")
		var sent wire.Sent
		if err := json.Unmarshal(ann.ok("send", sayTo("ben", "tea?")), &sent); err != nil {
			t.Fatal(err)
		}
		if sent.Stream != string(id.DirectStream("ann", "ben")) || sent.Seq != 1 {
			t.Fatalf("sent %+v", sent)
		}
		for _, p := range []*peer{ben, phone} {
			if e := p.entry("tea?"); e.Seq != 1 || e.From != "ann" {
				t.Fatalf("entry %+v", e)
			}
		}
		ann.silent(isEntry("tea?"))
	})
}
