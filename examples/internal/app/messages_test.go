package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/examples/internal/app"
	"github.com/teahouse-im/teahouse/examples/internal/stage"
)

// A window comes with what was written, the latest last, at most ten, and without
// what was taken back.
func TestMessages(t *testing.T) {
	events := make(chan app.Event, 100)
	s := stage.Set(t, func(ctx context.Context, args []string, out io.Writer) error {
		o := app.Options{Server: args[1], Listen: "127.0.0.1:0", State: args[5], Developer: "dana", Moderator: "mo", Password: "teahouse-dev"}
		a, err := app.Start(ctx, noodles(), o, out)
		if err != nil {
			return err
		}
		return a.Serve(ctx, http.NewServeMux(), func(_ context.Context, e app.Event) error {
			events <- e
			return nil
		})
	})
	alice, bob := s.Guest("alice"), s.Guest("bob")
	bob.Writes("from bob")
	// until waits for the event that ends with a message, and returns all in it.
	until := func(last string) string {
		t.Helper()
		for {
			select {
			case e := <-events:
				var texts []string
				for _, m := range e.Data.Messages {
					texts = append(texts, m.Body.Text)
				}
				if got := strings.Join(texts, " "); strings.HasSuffix(got, last) {
					return got
				}
			case <-time.After(time.Minute):
				t.Fatalf("no event ends with %q", last)
			}
		}
	}
	if got := until("from bob"); got != "from bob" {
		t.Errorf("of bob came %q", got)
	}
	for n := range 12 {
		alice.Writes(fmt.Sprint(n))
	}
	if got := until("11"); got != "2 3 4 5 6 7 8 9 10 11" {
		t.Errorf("of twelve messages came %q", got)
	}
	stream, err := alice.OpenDirect(t.Context(), s.App)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Recall(t.Context(), stream, 12); err != nil { // the one that says 11
		t.Fatal(err)
	}
	alice.Writes("end")
	if got := until("end"); got != "2 3 4 5 6 7 8 9 10 end" {
		t.Errorf("after a recall came %q", got)
	}
}
