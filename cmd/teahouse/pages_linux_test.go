package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const dropping = `package main

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
)

//go:embed constant
var constant string

type stringer struct{ n int }

func (s stringer) String() string { return strings.Repeat("x", s.n) }

func main() {
	before := resident()
	dropPages()
	var s fmt.Stringer = stringer{3}
	_, err := os.Open("/nowhere")
	fmt.Println(s, err != nil, resident() < before)

	before = resident()
	b := constant[len(constant)/2]
	fmt.Println(string(b), resident()-before)
}

// resident is how many pages of files are in memory.
func resident() (n int) {
	b, _ := os.ReadFile("/proc/self/statm")
	_, _ = fmt.Sscan(strings.Fields(string(b))[2], &n)
	return n
}
`

// A program goes on when the pages of its file were dropped, however it was linked,
// and little comes back with a constant.
func TestDropPages(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(dropping), 0o600))
	pages, err := os.ReadFile("pages_linux.go")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "pages_linux.go"), pages, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "constant"), bytes.Repeat([]byte("c"), 8<<20), 0o600))
	for _, mode := range []string{"exe", "pie"} {
		binary := filepath.Join(dir, mode)
		build := exec.Command("go", "build", "-buildmode="+mode, "-o", binary, filepath.Join(dir, "main.go"), filepath.Join(dir, "pages_linux.go"))
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		program, err := os.ReadFile(binary)
		must(t, err)
		must(t, os.WriteFile(binary+"-written", program, 0o700)) // at once: it lies in large pages, where there are any
		out, err := exec.Command(binary + "-written").CombinedOutput()
		said, back, _ := strings.Cut(strings.TrimSpace(string(out)), "\nc ")
		if err != nil || said != "xxx true true" {
			t.Errorf("linked as %s: %v\n%.500s", mode, err, out)
		}
		if n, err := strconv.Atoi(back); err != nil || n > piece/os.Getpagesize() {
			t.Errorf("linked as %s: %s pages came back with one of a constant's", mode, back)
		}
	}
}
