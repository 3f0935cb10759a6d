package pebble_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// One byte of one file is another: the store refuses to open, or a read refuses
// to answer, or the answer is right. It is never wrong, and nothing that was
// stored is missing without a word.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	acked := storeMany(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if refused := damageEach(t, dir, acked); refused < 50 {
		t.Fatalf("damage was found %d times", refused)
	}
}

// The same of a folder whose process was killed: what it wrote last stands in the log.
func TestDamageAfterKill(t *testing.T) {
	dir, killed := t.TempDir(), t.TempDir()
	s, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	acked := storeMany(t, s)
	if _, err := vfs.Clone(vfs.Default, vfs.Default, dir, killed); err != nil {
		t.Fatal(err)
	}
	if refused := damageEach(t, killed, acked); refused < 20 {
		t.Fatalf("damage was found %d times", refused)
	}
}

func storeMany(t *testing.T, s *pebble.Store) map[id.Stream]stream.Head {
	t.Helper()
	acked := map[id.Stream]stream.Head{}
	for i := range 20 {
		st := id.DirectStream("writer", id.User(fmt.Sprintf("reader-%d", i)))
		acked[st] = stream.Head{Seq: 40, Count: 40}
		storeLines(t, s, st, 40)
	}
	return acked
}

// damageEach turns bits in each file of a folder, one at a time.
func damageEach(t *testing.T, dir string, acked map[id.Stream]stream.Head) (refused int) {
	t.Helper()
	const tries = 20
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		if len(whole) == 0 || strings.HasPrefix(name, "OPTIONS") || name == "reserve" {
			continue // nothing that anybody stored is in there
		}
		found := 0
		for range tries {
			at := rand.N(len(whole))
			broken := bytes.Clone(whole)
			broken[at] ^= 1 << rand.N(8)
			err := readsRight(t, dir, name, broken, acked)
			if err == nil {
				continue // nobody needs this byte
			}
			found++
			if !strings.Contains(err.Error(), "corrupt") && !strings.Contains(err.Error(), "damaged") {
				t.Errorf("byte %d of %s: unclear: %v", at, name, err)
			}
		}
		t.Logf("%s: %d of %d found", name, found, tries)
		refused += found
	}
	return refused
}

func storeLines(t *testing.T, s *pebble.Store, st id.Stream, n int) {
	t.Helper()
	for i := range n {
		e := lineAt(st, id.Seq(i+1))
		if err := s.Append(t.Context(), st, stream.Head{Seq: e.Seq - 1, Count: e.Count - 1}, []stream.Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
}

// readsRight opens a copy of a folder with one file replaced and reads all of
// it. It fails the test if what is read is wrong, and returns a refusal.
func readsRight(t *testing.T, dir, name string, content []byte, acked map[id.Stream]stream.Head) error {
	t.Helper()
	fs := vfs.NewMem()
	if _, err := vfs.Clone(vfs.Default, fs, dir, "data"); err != nil {
		t.Fatal(err)
	}
	f, err := fs.Create("data/"+name, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = io.Copy(f, bytes.NewReader(content))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := pebble.Open("data", pebble.Options{FS: fs})
	if err != nil {
		return err
	}
	defer s.Close()
	for st, head := range acked {
		heads, err := s.Heads(t.Context(), []id.Stream{st})
		if err != nil {
			return wantUnavailable(t, err)
		}
		got, err := s.Range(t.Context(), st, 1, id.MaxSeq)
		if err != nil {
			return wantUnavailable(t, err)
		}
		if heads[0] != head || len(got) != int(head.Seq) {
			t.Fatalf("%s damaged: %s is at %v with %d entries, was at %v", name, st, heads[0], len(got), head)
		}
		again := lineAt(st, head.Seq+1)
		again.ID = lineAt(st, 1+rand.N(head.Seq)).ID
		err = s.Append(t.Context(), st, head, []stream.Entry{again})
		if _, found := errors.AsType[*stream.ConflictError](err); !found {
			if err == nil {
				t.Fatalf("%s damaged: an id was stored twice", name)
			}
			return wantUnavailable(t, err)
		}
		for i, e := range got {
			want := lineAt(st, id.Seq(i+1))
			if e.Seq != want.Seq || e.ID != want.ID || e.From != want.From || !bytes.Equal(e.Body, want.Body) {
				t.Fatalf("%s damaged: read %+v, stored %+v", name, e, want)
			}
		}
	}
	return nil
}

func wantUnavailable(t *testing.T, err error) error {
	t.Helper()
	if !errors.Is(err, fault.Unavailable) {
		t.Fatalf("%v does not say unavailable", err)
	}
	return err
}

// A folder belongs to one process, and the other is told so.
func TestInUse(t *testing.T) {
	if dir := os.Getenv("TEAHOUSE_TEST_OPEN"); dir != "" { // the other process
		_, err := pebble.Open(dir, pebble.Options{})
		fmt.Print(errors.Is(err, pebble.ErrInUse), " ", err)
		os.Exit(0)
	}
	dir := t.TempDir()
	s, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pebble.Open(dir, pebble.Options{}); !errors.Is(err, pebble.ErrInUse) {
		t.Fatalf("the same process again: %v", err)
	}
	other := func() string {
		cmd := exec.Command(os.Args[0], "-test.run=^TestInUse$")
		cmd.Env = append(os.Environ(), "TEAHOUSE_TEST_OPEN="+dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	if said := other(); !strings.Contains(said, "true the data folder is in use by another process: "+dir) {
		t.Fatalf("the other process: %s", said)
	}
	storeLines(t, s, "d-ann~bob", 1) // is still ours
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said := other(); !strings.Contains(said, "false <nil>") {
		t.Fatalf("the other process after it was closed: %s", said)
	}
}
