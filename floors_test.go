// Package teahouse holds no code. The test here reads every import of the
// project and keeps the house in order: see ARCHITECTURE.md.
package teahouse

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/teahouse-im/teahouse"

// floors says on which floor a package stands. A package imports only packages
// on lower floors; domains, which share a floor, therefore never import each other.
var floors = map[string]int{
	"":                          0,
	"id":                        0,
	"fault":                     0,
	"crew":                      0,
	"bus":                       1,
	"stream":                    1,
	"ledger":                    1,
	"bus/redis":                 2,
	"bus/bustest":               2,
	"bus/redistest":             2,
	"stream/streamtest":         2,
	"ledger/ledgertest":         2,
	"wire":                      2,
	"wire/wiretest":             3,
	"notify/grant":              2,
	"notify/shape":              2,
	"notify/shape/shapetest":    3,
	"notify/shape/redis":        3,
	"notify":                    3,
	"notify/push":               3,
	"notify/push/pushtest":      4,
	"miniprogram":               3,
	"webhook":                   3,
	"moderation":                3,
	"account":                   3,
	"contact":                   3,
	"chat":                      3,
	"feed":                      3,
	"media":                     3,
	"presence":                  3,
	"storage":                   4,
	"presence/presencetest":     4,
	"presence/redis":            4,
	"gateway":                   4,
	"api":                       4,
	"client":                    4,
	"web":                       4,
	"sandbox":                   4,
	"examples/internal/app":     5,
	"storage/pebble":            5,
	"storage/scylla":            5,
	"storage/blob":              5,
	"storage/blob/blobtest":     5,
	"storage/scylla/scyllatest": 6,
	"storage/storagetest":       5,
	"node":                      6,
	"bench":                     7,
	"examples/internal/stage":   7,
	"examples/cinema":           7,
	"examples/helpdesk":         7,
	"examples/news":             7,
	"examples/ridehailing":      7,
	"law":                       7,
	"cmd/teahouse":              8,
}

// rooms says where, and nowhere else, a driver or framework is used. Tests are free.
var rooms = map[string][]string{
	"github.com/cockroachdb/pebble": {"storage/pebble", "bench"},
	"github.com/gocql/gocql":        {"storage/scylla", "storage/scylla/scyllatest"},
	"github.com/scylladb":           {"storage/scylla"},
	"github.com/redis/go-redis":     {"bus/redis", "presence/redis", "notify/shape/redis"},
	"github.com/minio/minio-go":     {"storage/blob"},
	"github.com/coder/websocket":    {"gateway", "client"},
	"github.com/danielgtaylor/huma": {"api"},
	"github.com/prometheus":         {"api"},
	"github.com/golang-jwt/jwt":     {"account", "bench", "notify/push/pushtest"},
	"github.com/alecthomas/kong":    {"cmd/teahouse"},
	"gopkg.in/yaml.v3":              {"cmd/teahouse", "bench"},
	"github.com/rs/zerolog/log":     {}, // loggers are handed down, never global
	"github.com/gorilla/websocket":  {},
	"github.com/spf13/viper":        {},
	"encoding/gob":                  {},
	"github.com/disintegration":     {},
	"github.com/stretchr/testify":   {},
	"go.uber.org/mock":              {},
	"github.com/golang/mock/gomock": {},
}

func TestFloors(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != "." || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") {
			return nil
		}
		pkg := strings.TrimPrefix(path.Dir(filepath.ToSlash(file)), ".")
		if strings.HasPrefix(pkg, "scripts/") {
			return nil // programs of the test set-up; nothing imports them
		}
		floor, ok := floors[pkg]
		if !ok {
			t.Errorf("%s: the package has no floor; give it one in this test and in ARCHITECTURE.md", file)
			return nil
		}
		seen[pkg] = true
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !strings.HasSuffix(file, "_test.go") {
				checkImport(t, file, pkg, floor, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range floors {
		if !seen[pkg] {
			t.Errorf("%q has a floor but no code", pkg)
		}
	}
}

func checkImport(t *testing.T, file, pkg string, floor int, imported string) {
	if own, ok := strings.CutPrefix(imported, module+"/"); ok {
		if below, known := floors[own]; known && below >= floor {
			t.Errorf("%s (floor %d) imports %s (floor %d): only lower floors may be imported", file, floor, own, below)
		}
		return
	}
	for prefix, allowed := range rooms {
		if (imported == prefix || strings.HasPrefix(imported, prefix+"/")) && !slices.Contains(allowed, pkg) {
			t.Errorf("%s imports %s, which belongs in %v alone", file, imported, allowed)
		}
	}
}
