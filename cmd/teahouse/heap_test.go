package main

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Only a busy server with little in memory lets garbage gather, and not for longer than it is busy.
func TestHeapKeeper(t *testing.T) {
	const mega = 1 << 20
	k := &heapKeeper{last: time.Unix(0, 0), percent: usualPercent}
	at := k.last
	for i, c := range []struct {
		after      time.Duration
		live, goal int64
		want       int
	}{
		{time.Minute, 10 * mega, 22 * mega, 100},
		{time.Millisecond, 10 * mega, 22 * mega, 100},
		{time.Millisecond, 10 * mega, 22 * mega, 100},
		{time.Millisecond, 10 * mega, 22 * mega, 250},       // 10 MB and 2.5 times the 12 that 100 % are
		{100 * time.Millisecond, 10 * mega, 40 * mega, 250}, // which is right
		{100 * time.Millisecond, 11 * mega, 42 * mega, 250}, // or nearly
		{100 * time.Millisecond, 20 * mega, 75 * mega, 100},
		{100 * time.Millisecond, 500 * mega, 1000 * mega, 100},
		{100 * time.Millisecond, mega / 2, mega, 1000},
		{100 * time.Millisecond, 50 * mega, 51 * mega, 100},
		{100 * time.Millisecond, 10 * mega, 22 * mega, 250},
		{time.Second, 10 * mega, 40 * mega, 100},
	} {
		at = at.Add(c.after)
		if k.percent = k.collected(at, c.live, c.goal); k.percent != c.want {
			t.Fatalf("collection %d: %d %%, want %d", i+1, k.percent, c.want)
		}
	}
}

// What a container, or a service's group or one above it, may have is known.
func TestMemoryLimit(t *testing.T) {
	const none = math.MaxInt64
	for _, c := range []struct {
		files map[string]string
		want  int64
	}{
		{nil, none},
		{map[string]string{"proc/self/cgroup": "0::/\n"}, none},
		{map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "67108864\n"}, 64 << 20},
		{map[string]string{"proc/self/cgroup": "0::/a.slice/b.service\n", "sys/fs/cgroup/a.slice/b.service/memory.max": "max\n"}, none},
		{map[string]string{"proc/self/cgroup": "0::/a.slice/b.service\n", "sys/fs/cgroup/a.slice/b.service/memory.max": "1024\n"}, 1024},
		{map[string]string{
			"proc/self/cgroup": "0::/a.slice/b.service\n", "sys/fs/cgroup/a.slice/b.service/memory.max": "1024\n",
			"sys/fs/cgroup/a.slice/memory.max": "512\n", "sys/fs/cgroup/memory.max": "2048\n",
		}, 512},
		{map[string]string{"proc/self/cgroup": "9:memory:/docker/x\n8:cpu:/docker/x\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "4096\n"}, 4096},
	} {
		root := t.TempDir()
		for name, content := range c.files {
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700))
			must(t, os.WriteFile(filepath.Join(root, name), []byte(content), 0o600))
		}
		if got := memoryLimit(root); got != c.want {
			t.Errorf("%v: %d", c.files, got)
		}
	}
}
