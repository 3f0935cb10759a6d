package redis

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/bus/bustest"
	"github.com/teahouse-im/teahouse/bus/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shared is the URL of the Redis that all tests share, as a new installation sees it.
func shared(t testing.TB) string {
	t.Helper()
	return redistest.Shared(t, "test")
}

func open(t testing.TB, url string, l bus.Listener, opt Options) *Bus {
	t.Helper()
	b, err := New(url, l, opt)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestContract(t *testing.T) {
	bustest.Run(t, func(t *testing.T, l bus.Listener) bus.Bus { return open(t, shared(t), l, Options{}) })
}

func TestNodes(t *testing.T) {
	urls := map[string]string{} // by test: its buses share an installation
	bustest.Nodes(t, func(t *testing.T, l bus.Listener) bus.Bus {
		if urls[t.Name()] == "" {
			urls[t.Name()] = shared(t)
		}
		return open(t, urls[t.Name()], l, Options{})
	})
}

// Two installations on one Redis do not hear each other, whether they differ in
// prefix or in the number of their database.
func TestInstallationsApart(t *testing.T) {
	p := startRedis(t)
	for _, pair := range [][2]string{
		{p.URL() + "/0", p.URL() + "/1"},
		{p.URL() + "?prefix=here", p.URL() + "?prefix=there"},
		{p.URL() + "?prefix=a", p.URL() + "?prefix=aa"},
	} {
		here, there := bustest.NewEars(), bustest.NewEars()
		a, b := open(t, pair[0], here, Options{}), open(t, pair[1], there, Options{})
		for _, n := range []*Bus{a, b} {
			if err := n.Subscribe(t.Context(), "user/alice", ":user/alice"); err != nil {
				t.Fatal(err)
			}
		}
		a.Publish("user/alice", bus.Message{Body: []byte("foreign")})
		a.Publish(":user/alice", bus.Message{Body: []byte("foreign")})
		c := open(t, pair[1], bustest.NewEars(), Options{})
		c.Publish("user/alice", bus.Message{Body: []byte("own")})
		there.UntilText(t, "own")
		if got := there.Texts(); len(got) != 1 {
			t.Errorf("%v: heard %q", pair, got)
		}
		for _, n := range []*Bus{a, b, c} {
			n.Close()
		}
	}
}

func TestURL(t *testing.T) {
	for _, c := range []struct{ url, topics string }{
		{"redis://localhost", "teahouse0:"},
		{"redis://localhost:7000/3", "teahouse3:"},
		{"redis://localhost?db=4", "teahouse4:"},
		{"rediss://u:p@redis.example/2?skip_verify=true&prefix=tea", "tea:"},
		{"unix:///run/redis.sock?db=1", "teahouse1:"},
	} {
		at, err := parse(c.url)
		if err != nil || at.topics != c.topics {
			t.Errorf("%s: %v, %v", c.url, at, err)
		}
	}
	for _, bad := range []string{
		"", "localhost", "http://:s3cret@localhost", "redis://:s3cret@local host", "redis://:s3cret@localhost/x",
		"redis://:s3cret@localhost/0/1", "redis://:s3cret@localhost?pool_size=3", "redis://:s3cret@localhost?%zz=1",
		"redis://:s3cret@localhost:port", "redis://:s3cret@localhost?prefix=a:", "redis://:s3cret@localhost?prefix=a%20b",
		"unix://:s3cret@", "redis://:s3cret@localhost/?skip_verify=maybe",
	} {
		_, err := New(bad, bustest.NewEars(), Options{})
		if err == nil {
			if bad != "redis://:s3cret@localhost/?skip_verify=maybe" { // means nothing without TLS
				t.Errorf("%q is accepted", bad)
			}
			continue
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: the error repeats the password: %v", bad, err)
		}
	}
}
