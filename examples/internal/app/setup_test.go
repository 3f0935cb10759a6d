package app_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/app"
	"github.com/teahouse-im/teahouse/examples/internal/stage"
)

func noodles() app.Program {
	return app.Program{
		Name: "Noodles", Category: "food", Pages: fstest.MapFS{"index.html": {Data: []byte("<h1>Noodles</h1>")}},
		Templates: []client.TemplateDraft{{
			Title: "Table is ready", Category: "food", Scope: "once", PagePattern: "/",
			Params: []client.TemplateParam{{Key: "table", Label: "Table", Type: "code", Role: "locked"}},
		}},
	}
}

// What is there already is used: an app is made once, whatever was kept of it.
func TestStartAgain(t *testing.T) {
	ids := map[string]bool{}
	s := stage.Set(t, func(ctx context.Context, args []string, out io.Writer) error {
		o := app.Options{Server: args[1], Listen: "127.0.0.1:0", State: args[5], Developer: "dana", Moderator: "mo", Password: "teahouse-dev"}
		again := func(p app.Program) (*app.App, string) {
			t.Helper()
			var said strings.Builder
			a, err := app.Start(ctx, p, o, &said)
			if err != nil {
				t.Error(err)
				return nil, ""
			}
			over, end := context.WithCancel(ctx)
			end()
			if err := a.Serve(over, http.NewServeMux(), nil); err != nil {
				t.Error(err)
			}
			ids[a.ID] = true
			return a, said.String()
		}
		first, said := again(noodles())
		if !strings.Contains(said, "made app-") || !strings.Contains(said, "is approved") {
			t.Errorf("at first it said\n%s", said)
		}
		second, said := again(noodles())
		if strings.Contains(said, "made") || strings.Contains(said, "handed in the template") || first.Template("Table is ready") != second.Template("Table is ready") {
			t.Errorf("then it said\n%s", said)
		}
		changed := noodles()
		changed.Templates[0].Params[0].Label = "Your table"
		if third, said := again(changed); !strings.Contains(said, "handed in the template") || third.Template("Table is ready") != first.Template("Table is ready") {
			t.Errorf("with another template it said\n%s", said)
		}
		kept, err := filepath.Glob(filepath.Join(o.State, "*.json"))
		if err != nil || len(kept) != 1 {
			t.Fatalf("kept: %v, %v", kept, err)
		}
		if f, err := os.Stat(kept[0]); err != nil || f.Mode().Perm() != 0o600 {
			t.Errorf("the credentials are %v, %v", f.Mode(), err)
		}
		if err := os.Remove(kept[0]); err != nil {
			t.Error(err)
		}
		if _, said := again(noodles()); !strings.Contains(said, "with a new secret") {
			t.Errorf("without its file it said\n%s", said)
		}
		// As a sandbox that was started anew knows nothing of what was kept.
		raw, err := os.ReadFile(kept[0])
		if err != nil {
			t.Fatal(err)
		}
		stale := regexp.MustCompile(`"secret": "[^"]+"`).ReplaceAll(raw, []byte(`"secret": "gone"`))
		if err := os.WriteFile(kept[0], stale, 0o600); err != nil {
			t.Error(err)
		}
		if _, said := again(noodles()); !strings.Contains(said, "not this server's any more") {
			t.Errorf("with an old file it said\n%s", said)
		}
		a, err := app.Start(ctx, noodles(), o, out)
		if err != nil {
			return err
		}
		return a.Serve(ctx, http.NewServeMux(), nil)
	})
	s.Guest("alice")
	if len(ids) != 1 || !ids[s.App] {
		t.Errorf("there are the apps %v", ids)
	}
}
