package notify_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

type events []string

func (e *events) Emit(_ context.Context, _ id.App, event id.Delivery, kind string, data any) error {
	raw, err := json.Marshal(data)
	*e = append(*e, string(event)+" "+kind+" "+string(raw))
	return err
}

// An app's server is told what it may know, and by which event.
func TestTell(t *testing.T) {
	var got events
	tell := notify.Tell(&got)
	ends := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		h     grant.Handed
		first bool
		want  string
	}{
		{
			grant.Handed{Event: "msg_1", Handle: "gh1_x", Template: "t-x", Version: 2, Subject: "Table 4", Scope: grant.Once, Left: 1, ExpiresAt: ends},
			true,
			`msg_1 grant.minted {"grant":"gh1_x","template":"t-x","version":2,"subject":"Table 4","scope":"once","uses_left":1,"expires_at":"2026-11-29T12:00:00Z"}`,
		},
		{
			grant.Handed{Event: "msg_2", Handle: "gh1_y", Scope: grant.Window, Left: 5, ExpiresAt: ends},
			true,
			`msg_2 window.opened {"grant":"gh1_y","scope":"window","uses_left":5,"expires_at":"2026-11-29T12:00:00Z"}`,
		},
		{grant.Handed{Event: "msg_3", Handle: "gh1_y", Scope: grant.Window, Left: 5, ExpiresAt: ends}, false, "msg_3 window.reset "},
	} {
		good(t, tell(context.Background(), c.h, "app-x", c.first))
		if last := got[len(got)-1]; !strings.HasPrefix(last, c.want) {
			t.Errorf("%s, not %s", last, c.want)
		}
	}
}
