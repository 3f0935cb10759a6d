package scylla

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocql/gocql"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/fault"
)

// freshKeyspace is the URL of one that is not there, and goes away after the test.
func freshKeyspace(t *testing.T) string {
	t.Helper()
	url := newKeyspace()
	t.Cleanup(func() {
		if err := dropKeyspace(url); err != nil {
			t.Error(err)
		}
	})
	return url
}

// session is one without a keyspace, and the name of the URL's.
func session(t *testing.T, url string) (*gocql.Session, string) {
	t.Helper()
	a, err := parse(url)
	if err != nil {
		t.Fatal(err)
	}
	keyspace := a.keyspace
	a.keyspace = ""
	cql, err := connect(t.Context(), a, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cql.Close)
	return cql, keyspace
}

func exec(t *testing.T, cql *gocql.Session, stmt string, args ...any) {
	t.Helper()
	if err := cql.Query(stmt, args...).SetRequestTimeout(schemaTimeout).Exec(); err != nil {
		t.Fatal(err)
	}
}

func quiet(string) {}

// opens tells what Open says of a keyspace.
func opens(t *testing.T, url string) error {
	t.Helper()
	s, err := Open(t.Context(), url, Options{Logger: zerolog.Nop()})
	if err == nil {
		s.Close()
	}
	return err
}

// wantRefusal checks that Open refuses a keyspace and names the command that helps.
func wantRefusal(t *testing.T, url string, want error) {
	t.Helper()
	err := opens(t, url)
	if !errors.Is(err, want) || !strings.Contains(err.Error(), "teahouse migrate") {
		t.Fatalf("open: %v, want %v", err, want)
	}
}

// TestMigrateTogether: several who begin at once leave one set of tables.
func TestMigrateTogether(t *testing.T) {
	url := freshKeyspace(t)
	wantRefusal(t, url, errNoSchema)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := Migrate(t.Context(), url, false, quiet); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := opens(t, url); err != nil {
		t.Fatal(err)
	}
	var told []string
	if err := Migrate(t.Context(), url, false, func(s string) { told = append(told, s) }); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || !strings.HasPrefix(told[0], "nothing to do") {
		t.Fatalf("done twice: %q", told)
	}
}

// TestMigrateDry: a dry run tells everything and does nothing.
func TestMigrateDry(t *testing.T) {
	url := freshKeyspace(t)
	var told []string
	if err := Migrate(t.Context(), url, true, func(s string) { told = append(told, s) }); err != nil {
		t.Fatal(err)
	}
	all, err := known()
	if err != nil {
		t.Fatal(err)
	}
	want := 1
	for _, m := range all {
		want += len(m.statements)
	}
	if len(told) != want {
		t.Fatalf("told %d steps, want %d: %q", len(told), want, told)
	}
	wantRefusal(t, url, errNoSchema)
}

// TestMigrateInterrupted: what was stopped after any statement is taken up again,
// once its lock is gone.
func TestMigrateInterrupted(t *testing.T) {
	url := freshKeyspace(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	steps := 0
	err := Migrate(ctx, url, false, func(s string) {
		if strings.HasPrefix(s, "0001_") {
			if steps++; steps == 3 {
				stop()
			}
		}
	})
	if err == nil {
		t.Fatal("it was not interrupted")
	}
	wantRefusal(t, url, errOldSchema)

	cql, keyspace := session(t, url)
	exec(t, cql, fmt.Sprintf(`INSERT INTO %s.schema_lock (name, holder) VALUES (?, ?) USING TTL 60`, keyspace), lockName, newTry())
	waited, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	said := ""
	if err := Migrate(waited, url, false, func(s string) { said += s }); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(said, "waiting") {
		t.Fatalf("somebody else has the lock: %v, said %q", err, said)
	}
	exec(t, cql, fmt.Sprintf(`DELETE FROM %s.schema_lock WHERE name=?`, keyspace), lockName)

	var told []string
	if err := Migrate(t.Context(), url, false, func(s string) { told = append(told, s) }); err != nil {
		t.Fatal(err)
	}
	all, err := known()
	if err != nil {
		t.Fatal(err)
	}
	again := slices.DeleteFunc(slices.Clone(told), func(s string) bool { return !strings.HasPrefix(s, "0001_") })
	later := 0
	for _, m := range all[1:] {
		later += len(m.statements)
	}
	if len(again) >= len(all[0].statements) || len(told)-len(again) != later {
		t.Fatalf("it began anew, or left something out: %q", told)
	}
	if err := opens(t, url); err != nil {
		t.Fatal(err)
	}
}

// TestMigrateFurther: tables of the program before are refused and brought up to
// date, and what is in them stays.
func TestMigrateFurther(t *testing.T) {
	url := freshKeyspace(t)
	all, err := known()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	err = Migrate(ctx, url, false, func(s string) {
		if strings.HasPrefix(s, all[1].name) {
			stop()
		}
	})
	if err == nil {
		t.Fatal("it was not stopped")
	}
	cql, keyspace := session(t, url)
	exec(t, cql, fmt.Sprintf(`DELETE FROM %s.schema_lock WHERE name=?`, keyspace), lockName)
	exec(t, cql, fmt.Sprintf(`INSERT INTO %s.groups (stream, version) VALUES ('g-old', 7)`, keyspace))
	wantRefusal(t, url, errOldSchema)
	if err := Migrate(t.Context(), url, false, quiet); err != nil {
		t.Fatal(err)
	}
	s := openURL(t, url)
	if v, err := s.groupVersion(t.Context(), "g-old", gocql.LocalQuorum); err != nil || v.number != 7 {
		t.Fatalf("the group is at %v (%v)", v, err)
	}
	if _, err := s.Timeline(t.Context(), "ann", "", 1); err != nil {
		t.Fatal(err)
	}
}

// TestUnknownSchema: tables of a newer program, or of another, are neither used nor touched.
func TestUnknownSchema(t *testing.T) {
	url := freshKeyspace(t)
	if err := Migrate(t.Context(), url, false, quiet); err != nil {
		t.Fatal(err)
	}
	cql, keyspace := session(t, url)
	exec(t, cql, fmt.Sprintf(`INSERT INTO %s.schema_migrations (version, name, checksum, done) VALUES (9999, '9999_future', 'x', 1)`, keyspace))
	wantRefusal(t, url, errNewSchema)
	if err := Migrate(t.Context(), url, false, quiet); !errors.Is(err, errNewSchema) {
		t.Fatalf("migrate: %v", err)
	}
	exec(t, cql, fmt.Sprintf(`DELETE FROM %s.schema_migrations WHERE version=9999`, keyspace))
	exec(t, cql, fmt.Sprintf(`UPDATE %s.schema_migrations SET checksum='other' WHERE version=1`, keyspace))
	wantRefusal(t, url, errChanged)
	if err := Migrate(t.Context(), url, false, quiet); !errors.Is(err, errChanged) {
		t.Fatalf("migrate: %v", err)
	}
}

// TestNobodyThere: a cluster that cannot be reached is told as such.
func TestNobodyThere(t *testing.T) {
	err := opens(t, "scylla://127.0.0.1:1/nowhere")
	if !errors.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "teahouse migrate") {
		t.Fatalf("open: %v", err)
	}
	if err := Migrate(t.Context(), "scylla://127.0.0.1:1/nowhere", false, quiet); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("migrate: %v", err)
	}
}

func TestStatements(t *testing.T) {
	got := statements("-- first; not a statement\nCREATE TABLE a (\n  -- a column;\n  b text\n);\n\nALTER TABLE a ADD c text;\n")
	want := []string{"CREATE TABLE a (\n  b text\n)", "ALTER TABLE a ADD c text"}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("%q", got)
	}
}
