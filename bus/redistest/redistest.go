// Package redistest is where tests get a Redis: the one that all of them share, or
// one of a test's own, which may be killed and started again.
package redistest

import (
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

var installations atomic.Int64

// Shared is the URL of the Redis that all tests share, as a new installation sees
// it, whose prefix begins with a name. Where there is none the test is skipped, and in CI it fails.
func Shared(t testing.TB, name string) string {
	t.Helper()
	at := os.Getenv("TEAHOUSE_TEST_REDIS")
	if at == "" {
		missing(t, "TEAHOUSE_TEST_REDIS, the URL of a Redis,")
	}
	u, err := url.Parse(at)
	if err != nil {
		t.Fatalf("TEAHOUSE_TEST_REDIS: %v", err)
	}
	q := u.Query()
	q.Set("prefix", fmt.Sprintf("%s-%d-%d", name, os.Getpid(), installations.Add(1)))
	u.RawQuery = q.Encode()
	return u.String()
}

// missing ends a test that has no server to talk to: in CI it fails.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is needed", what)
	}
	t.Skipf("NOT TESTED: %s is missing", what)
}

// patience is how long a test waits for a Redis on a machine that is busy.
const patience = 30 * time.Second

// Until waits for something that has to become true.
func Until(t testing.TB, what string, done func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for !done() {
		select {
		case <-again.C:
		case <-late.C:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
