package law

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/node"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/storage/scylla/scyllatest"
	"github.com/teahouse-im/teahouse/stream"
)

// patience bounds every wait for something that other goroutines do.
const patience = 30 * time.Second

// A house is one server or a cluster, with its people and a moderator.
type house struct {
	configs []node.Config
	nodes   []*node.Node
	urls    []string // where people connect
	clock   *node.Clock
	signer  *signer
	web     *http.Client
	run     string // in every name, so that what others left in the stores is not met
	turn    atomic.Int64
	names   atomic.Int64
	mo      *person

	mu      sync.Mutex
	people  []*person
	left    []*person // who have deleted their accounts, or are about to
	crowd   []*person
	granted map[reach]int // how many notices each may have got by now

	audit struct {
		sync.Mutex
		upTo int64          // rows that were read
		rows map[string]int // by actor
	}
}

// reach is an app's to one user.
type reach struct{ user, app string }

// config is a node's: as it runs by default, but without rate limits, with hands
// that do not wait, and with people an identity provider vouches for.
func (h *house) config(t testing.TB, store, bus string) node.Config {
	return node.Config{
		Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0", Data: t.TempDir(), Store: store, Bus: bus, Node: fmt.Sprint("law", len(h.configs)),
		Strangers: "refuse", Limits: "off", GrantDelay: "0s", LogLevel: "info",
		IdentityJWKS: h.signer.jwks, IdentityIssuer: issuer, IdentityAudience: audience,
		SessionsPerUser: 10, SessionLife: 20 * 365 * 24 * time.Hour, GroupMembers: 100, Friends: 100, TextBytes: 8192,
		RecallWindow: 2 * time.Minute, RecallWindowFiles: 3 * time.Hour, MediaBytes: 1 << 20, MediaPixels: 1 << 20,
		Heartbeat: 30 * time.Second, FramesPerSecond: 30, FramesBurst: 60, SendQueueBytes: 256 << 10, DrainWithin: 10 * time.Second,
	}
}

func newHouse(t testing.TB) *house {
	return &house{
		clock: new(node.Clock), signer: newSigner(t), run: strings.ReplaceAll(uuid.NewString()[:8], "-", ""), granted: map[reach]int{},
		web: &http.Client{
			Timeout:       patience,
			Transport:     &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 256},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// embedded opens a house of one node on the embedded store.
func embedded(t testing.TB) *house {
	t.Helper()
	h := newHouse(t)
	h.configs = append(h.configs, h.config(t, "pebble:", "memory:"))
	h.open(t)
	return h
}

// cluster opens a house of two nodes on CQL and Redis.
func cluster(t testing.TB) *house {
	t.Helper()
	return clusterOn(t, redistest.Shared(t, "law"), 2)
}

func clusterOn(t testing.TB, bus string, nodes int) *house {
	t.Helper()
	h := newHouse(t)
	store := keyspace(t)
	for range nodes {
		h.configs = append(h.configs, h.config(t, store, bus))
	}
	h.open(t)
	return h
}

// open starts the nodes and lets the moderator in.
func (h *house) open(t testing.TB) {
	t.Helper()
	h.start(t)
	t.Cleanup(func() { h.stop(t) })
	h.mo = h.signIn(t, "mo")
	must(t, h.nodes[0].Accounts.SetRole(t.Context(), id.User(h.mo.name), account.RoleModerator))
}

func (h *house) start(t testing.TB) {
	t.Helper()
	h.urls = nil
	for i, c := range h.configs {
		n, err := node.Start(t.Context(), c, node.Extras{Logger: zerolog.Nop(), Version: "law", Clock: h.clock})
		must(t, err)
		h.nodes, h.urls = append(h.nodes, n), append(h.urls, n.URL)
		h.configs[i].Listen = strings.TrimPrefix(n.URL, "http://") // it keeps its address when it starts again
	}
}

func (h *house) stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, n := range h.nodes {
		if err := n.Stop(ctx); err != nil {
			t.Error(err)
		}
	}
	h.nodes = nil
	h.web.CloseIdleConnections()
}

// next is the address of a node, each in turn, so that every story is told to all of them.
func (h *house) next() string { return h.urls[int(h.turn.Add(1))%len(h.urls)] }

// name makes one that nobody has.
func (h *house) name(what string) string { return fmt.Sprintf("%s-%s-%d", what, h.run, h.names.Add(1)) }

// allow notes that so many more notices of an app may reach somebody.
func (h *house) allow(p *person, app string, uses int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.granted[reach{p.name, app}] += uses
}

// lawful checks, of everybody who was ever there, that no app reached them more
// often than they granted it, first as they see it, then as the books have it.
// The nodes are down afterwards.
func (h *house) lawful(t testing.TB) {
	t.Helper()
	h.mu.Lock()
	people := h.people[:len(h.people):len(h.people)]
	h.mu.Unlock()
	notices := together(t, 8, people, func(p *person) error {
		got := map[string]int{}
		for n, err := range p.api().Notices(t.Context()) {
			if err != nil {
				return err
			}
			got[n.App]++
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		for app, n := range got {
			if most := h.granted[reach{p.name, app}]; n > most {
				t.Errorf("I1: %s got %d notices of %s and granted %d", p.name, n, app, most)
			}
		}
		return nil
	})
	if notices != 0 {
		t.Fatalf("%d inboxes could not be read", notices)
	}
	must(t, h.nodes[0].Moderation.Check(t.Context()))
	h.stop(t)
	h.clock.Advance(2 * time.Minute) // nothing is underway any more
	report := h.check(t)
	for _, b := range report.Broken {
		t.Errorf("the checker found %s", b)
	}
	t.Logf("checked %d users, %d grants, %d notices, %d entries", report.Users, report.Grants, report.Notices, report.Entries)
}

// check opens the store of a house that is closed and runs the checker of the law.
func (h *house) check(t testing.TB) grant.Report {
	t.Helper()
	store, err := node.OpenStore(t.Context(), &h.configs[0], zerolog.Nop())
	must(t, err)
	defer store.Close()
	sealed := func(s id.Stream) bool { return strings.HasPrefix(string(s), id.Notices+"/") }
	seq := stream.NewSequencer(store, stream.Options{Announce: func(id.Stream, []stream.Appended) {}, Now: h.clock.Now, Sealed: sealed})
	defer seq.Close()
	secret, err := grant.Secret(t.Context(), store)
	must(t, err)
	book := grant.New(store, store, seq, seq.Door(), grant.Options{
		Now: h.clock.Now, Secret: secret, ReadUpTo: func(context.Context, id.User) (id.Seq, error) { return 0, nil },
	})
	report, err := book.Check(t.Context(), func(yield func(id.User, error) bool) {
		for _, p := range slices.Concat(h.people, h.left) {
			if !yield(id.User(p.name), nil) {
				return
			}
		}
	})
	must(t, err)
	return report
}

// common is the one keyspace of this run. The houses on it come one after the
// other, for work that is owed follows the clock.
var common struct {
	sync.Mutex
	url  string
	drop func() error
}

// keyspace makes it, at first, and gives its URL.
func keyspace(t testing.TB) string {
	t.Helper()
	at := scyllatest.Server(t, "the law")
	common.Lock()
	defer common.Unlock()
	if common.url == "" {
		url, drop, err := scyllatest.Keyspace(t.Context(), at, "law")
		must(t, err)
		common.url, common.drop = url, drop
	}
	return common.url
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "teahouse-law-")
	if err != nil {
		panic(err)
	}
	program.path = filepath.Join(dir, "teahouse")
	code := m.Run()
	_ = os.RemoveAll(dir)
	if common.drop != nil {
		if err := common.drop(); err != nil {
			panic(err)
		}
	}
	os.Exit(code)
}

// together does something for all items, so many at a time, and tells how many failed.
func together[T any](t testing.TB, workers int, items []T, do func(T) error) int {
	t.Helper()
	var (
		all    sync.WaitGroup
		failed atomic.Int64
		next   atomic.Int64
	)
	for range min(workers, len(items)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(items); i = int(next.Add(1)) - 1 {
				if err := do(items[i]); err != nil && failed.Add(1) < 4 {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	return int(failed.Load())
}

// eventually waits until something is so.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func got[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// apiAt speaks to a node.
func apiAt(t testing.TB, url string) *client.API {
	t.Helper()
	return got(client.NewAPI(client.Server{URL: url}))(t)
}
