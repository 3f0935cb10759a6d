package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A lab is where scenarios run: settings, a temporary folder, a key that signs
// people in, and what shows progress.
type lab struct {
	Settings
	say    *progress
	dir    string
	key    *signer
	also   map[string][]int
	id     string // of this run, in letters and digits
	names  string // prefix of the people of this scenario
	stores int
	phase  atomic.Int64 // numbers the people of each scenario
}

func newLab(s Settings) (*lab, error) {
	if s.Quick {
		s.Length, s.Warm = min(s.Length, time.Second), min(s.Warm, 500*time.Millisecond)
	}
	s.Size = max(s.Size, stampBytes)
	s.Runs = max(s.Runs, 1)
	if s.Server == "" {
		exe, err := os.Executable()
		if err != nil {
			return nil, err
		}
		s.Server = exe
	}
	if s.Nodes > 1 && (!strings.HasPrefix(s.Store, "scylla:") || strings.HasPrefix(s.Bus, "memory:")) && len(s.Addr) == 0 {
		return nil, errors.New("several nodes need --store scylla://… and --bus redis://…")
	}
	l := &lab{Settings: s, say: newProgress(os.Stderr), also: map[string][]int{}}
	for name, pids := range s.Also {
		for _, p := range strings.Split(pids, "+") {
			n, err := strconv.Atoi(p)
			if err != nil {
				return nil, fmt.Errorf("--also %s=%s: %q is no process id", name, pids, p)
			}
			l.also[name] = append(l.also[name], n)
		}
	}
	raiseFileLimit()
	var err error
	if l.dir, err = os.MkdirTemp("", "teahouse-bench-"); err != nil {
		return nil, err
	}
	l.id = "b" + strconv.FormatInt(time.Now().UnixNano()/1e6%(36*36*36*36), 36)
	if len(s.Addr) > 0 && s.Keys == "" {
		return nil, errors.New("--addr needs --key-dir: the folder whose jwks.json these servers were started with")
	}
	if s.Keys != "" {
		l.key, err = loadSigner(s.Keys)
	} else {
		l.key, err = makeSigner(l.dir)
	}
	return l, err
}

func (l *lab) close() {
	if l.Keep {
		fmt.Fprintln(os.Stderr, "kept", l.dir)
		return
	}
	_ = os.RemoveAll(l.dir)
}

// path says in a word what is measured: "embedded" or "cluster".
func (l *lab) path() string {
	if strings.HasPrefix(l.Store, "scylla:") {
		return "cluster"
	}
	return "embedded"
}

// A store is where servers keep their data: a folder, and on the cluster path a keyspace.
type store struct {
	dir  string
	args []string // of serve
}

// newStore makes an empty store.
func (l *lab) newStore(ctx context.Context) (*store, error) {
	l.stores++
	s := &store{dir: filepath.Join(l.dir, "store"+strconv.Itoa(l.stores))}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	if l.path() == "embedded" {
		return s, nil
	}
	u, err := url.Parse(l.Store)
	if err != nil {
		return nil, errors.New("--store is no URL")
	}
	if strings.Trim(u.Path, "/") == "" {
		return nil, errors.New("--store scylla://hosts/keyspace: the keyspace is missing")
	}
	u.Path = fmt.Sprintf("%s_%s_%d", strings.TrimSuffix(u.Path, "/"), l.id, l.stores)
	l.say.step("making the schema")
	if err := l.migrate(ctx, u.String()); err != nil {
		return nil, err
	}
	s.args = []string{"--store", u.String(), "--bus", l.Bus}
	return s, nil
}

// people gives a scenario's people names of their own.
func (l *lab) people(role string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = l.names + role + strconv.Itoa(i)
	}
	return out
}

// fresh begins a scenario: nobody of an earlier one is met in it.
func (l *lab) fresh() {
	l.names = l.id + "-" + strconv.FormatInt(l.phase.Add(1), 10) + "-"
}

// sized is n, or with --quick what is enough to see that it works.
func (l *lab) sized(n, quick int) int {
	if l.Quick {
		return min(n, quick)
	}
	return n
}
