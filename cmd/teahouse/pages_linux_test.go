package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const dropping = `package main

import (
	"fmt"
	"os"
	"strings"
)

type stringer struct{ n int }

func (s stringer) String() string { return strings.Repeat("x", s.n) }

func main() {
	before := resident()
	dropPages()
	var s fmt.Stringer = stringer{3}
	_, err := os.Open("/nowhere")
	fmt.Println(s, err != nil, resident() < before)
}

// resident is how many pages of files are in memory.
func resident() (n int) {
	b, _ := os.ReadFile("/proc/self/statm")
	_, _ = fmt.Sscan(strings.Fields(string(b))[2], &n)
	return n
}
`

// A program goes on when the pages of its file were dropped, however it was linked.
func TestDropPages(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(dropping), 0o600))
	pages, err := os.ReadFile("pages_linux.go")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "pages_linux.go"), pages, 0o600))
	for _, mode := range []string{"exe", "pie"} {
		binary := filepath.Join(dir, mode)
		build := exec.Command("go", "build", "-buildmode="+mode, "-o", binary, filepath.Join(dir, "main.go"), filepath.Join(dir, "pages_linux.go"))
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if out, err := exec.Command(binary).CombinedOutput(); err != nil || string(out) != "xxx true true\n" {
			t.Errorf("linked as %s: %v\n%.500s", mode, err, out)
		}
	}
}
