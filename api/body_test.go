package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/fault"
)

// reads decodes a body as each kind of body that there is, and tells what came of it.
var reads = map[string]func([]byte) (any, error){
	"newAccount":         asBody[newAccount]("user", "password"),
	"newSession":         asBody[newSession]("device"),
	"meChange":           asBody[meChange](),
	"passwordChange":     asBody[passwordChange]("old", "new"),
	"newContactRequest":  asBody[newContactRequest]("to"),
	"contactChange":      asBody[contactChange](),
	"newConversation":    asBody[newConversation]("with"),
	"conversationChange": asBody[conversationChange](),
	"newMessage":         asBody[newMessage]("message_id", "kind", "body"),
	"readPosition":       asBody[readPosition]("seq"),
	"newGroup":           asBody[newGroup]("name"),
	"groupChange":        asBody[groupChange](),
	"newMembers":         asBody[newMembers]("users"),
	"memberChange":       asBody[memberChange](),
	"newOwner":           asBody[newOwner]("to"),
	"newPassword":        asBody[newPassword]("password"),
	"roleChange":         asBody[roleChange]("role"),
	"suspension":         asBody[suspension](),
	"none":               asBody[none](),
}

func asBody[In any](required ...string) func([]byte) (any, error) {
	return func(raw []byte) (any, error) { return decode[In](raw, required) }
}

// Whatever comes, it is read or refused with one of two codes. What is read is
// one JSON object that any other reader reads too, and nothing in it was passed over.
func FuzzBodies(f *testing.F) {
	for _, e := range expected {
		f.Add([]byte(e.body))
	}
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"muted_until":null}`, `{"muted_until":null,"muted_until":null}`, `{"muted_until":nul}`, `{"muted_until":"2026-01-01T00:00:00Z","role":null}`,
		`{"user":"\ud800"}`, "{\"user\":\"\xff\"}", `{"seq":1e400}`, `{"seq":9223372036854775808}`, `{"seq":1.0}`, `{"body":{"a":{"a":null}}}`, "\ufeff{}", `{"user":"null"}`,
		strings.Repeat(`{"body":`, 100) + strings.Repeat("}", 100),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for name, read := range reads {
			got, err := read(raw)
			if err != nil {
				var refused *fault.Fault
				if !errors.As(err, &refused) || refused.Code != "bad_request" && refused.Code != "unknown_field" {
					t.Fatalf("%s: %v", name, err)
				}
				continue
			}
			var object map[string]any
			if err := json.Unmarshal(raw, &object); err != nil {
				t.Fatalf("%s reads %q as %v, and others: %v", name, raw, got, err)
			}
			known := map[string]bool{}
			for m := range members(reflect.TypeOf(got)) {
				known[m] = true
			}
			for m, value := range object {
				if !known[m] {
					t.Fatalf("%s passes over %q in %q", name, m, raw)
				}
				if value == nil && m != "muted_until" {
					t.Fatalf("%s takes a null for %q in %q", name, m, raw)
				}
			}
		}
	})
}

func TestMutedUntilIsAbsentOrNullOrATime(t *testing.T) {
	for body, want := range map[string]string{`{}`: "stays", `{"muted_until":null}`: "lifted", `{"muted_until":"2026-01-01T00:00:00.000Z"}`: "until 2026-01-01T00:00:00.000Z"} {
		m, err := decode[memberChange]([]byte(body), nil)
		got := "stays"
		if mute := m.mute(); mute != nil && mute.Until.IsZero() {
			got = "lifted"
		} else if mute != nil {
			got = "until " + mute.Until.UTC().Format("2006-01-02T15:04:05.000Z")
		}
		if err != nil || got != want {
			t.Errorf("%s: the mute %s (%v), want %s", body, got, err, want)
		}
	}
}

// TestABodyThatDoesNotCome is refused and its connection closed, however much of
// it is missing: the rest is not waited for either.
func TestABodyThatDoesNotCome(t *testing.T) {
	e := &edge{mux: http.NewServeMux(), log: zerolog.Nop(), bodyWait: 50 * time.Millisecond, guard: origins(nil).admit}
	e.mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		_, err := readBody(w.(*exchange), r)
		refuse(w.(*exchange), r, err)
	})
	server := httptest.NewServer(e)
	defer server.Close()
	for length, status := range map[int]int{100: http.StatusBadRequest, bodyMost + 100: http.StatusRequestEntityTooLarge} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(30 * time.Second))
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{%s", length, strings.Repeat(" ", length-50))
		all, err := io.ReadAll(conn) // to its end
		if want := fmt.Sprintf("HTTP/1.1 %d ", status); err != nil || !strings.HasPrefix(string(all), want) {
			t.Fatalf("of %d bytes with some missing: %.60q, %v", length, all, err)
		}
	}
}
