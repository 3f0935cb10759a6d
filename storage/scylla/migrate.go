package scylla

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gocql/gocql"
	"github.com/google/uuid"
	"github.com/rs/zerolog"
)

//go:embed migrations/*.cql
var migrationFiles embed.FS

// A migration is one file of migrations/: numbered, never changed once released.
// Each of its statements may be carried out twice, because whoever carries one
// out may be stopped before noting it.
type migration struct {
	version    int
	name       string
	checksum   string // of the statements; comments may change
	statements []string
}

// known are the migrations of this program, in order.
func known() ([]migration, error) {
	files, err := fs.Glob(migrationFiles, "migrations/*.cql")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	all := make([]migration, len(files))
	for i, f := range files {
		text, err := migrationFiles.ReadFile(f)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(f, "migrations/"), ".cql")
		n, err := strconv.Atoi(name[:4])
		if err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %q should have the number %04d", name, i+1)
		}
		stmts := statements(string(text))
		sum := sha256.Sum256([]byte(strings.Join(stmts, ";\n")))
		all[i] = migration{n, name, hex.EncodeToString(sum[:]), stmts}
	}
	return all, nil
}

// statements takes a file apart. A comment is a line of its own, and a statement ends with ';' at the end of a line.
func statements(text string) []string {
	var all []string
	var b strings.Builder
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); trimmed == "" || strings.HasPrefix(trimmed, "--") {
			continue
		}
		b.WriteString(line)
		if s, done := strings.CutSuffix(strings.TrimSpace(b.String()), ";"); done {
			all = append(all, s)
			b.Reset()
		}
	}
	return all
}

// The tables about the tables. The lock's row goes away by itself if its holder does.
var bookkeeping = []string{
	`CREATE TABLE IF NOT EXISTS schema_lock (name text PRIMARY KEY, holder uuid)`,
	// The last: where it is, the other is.
	`CREATE TABLE IF NOT EXISTS schema_migrations (
		version int PRIMARY KEY, name text, checksum text, done int, finished timestamp)`,
}

// Migrate brings a keyspace to the tables this program knows; it makes the
// keyspace if there is none. Several may run at once: one works, the others wait
// and find it done. One that was interrupted is taken up where it stopped. With
// dryRun nothing is changed. say is told each step.
func Migrate(ctx context.Context, url string, dryRun bool, say func(string)) error {
	a, err := parse(url)
	if err != nil {
		return err
	}
	keyspace := a.keyspace
	a.keyspace, a.schema = "", keyspace
	cql, err := connect(ctx, a, zerolog.Nop())
	if err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	defer cql.Close()
	m := migrator{cql: cql, keyspace: keyspace, holder: newTry(), dryRun: dryRun, say: say}
	if err := m.run(ctx, a); err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	return nil
}

type migrator struct {
	cql      *gocql.Session
	keyspace string
	holder   gocql.UUID
	dryRun   bool
	say      func(string)
}

func (m *migrator) run(ctx context.Context, a address) error {
	there, err := hasTable(ctx, m.cql, m.keyspace, "schema_migrations")
	if err != nil {
		return err
	}
	if !there && m.dryRun {
		m.say("would make the keyspace " + m.keyspace)
		all, err := known()
		for _, g := range all {
			m.tellDry(g, 0)
		}
		return err
	}
	if !there {
		if err := m.prepare(ctx, a); err != nil {
			return err
		}
	}
	if !m.dryRun {
		if err := m.lock(ctx); err != nil {
			return err
		}
		defer m.unlock()
	}
	state, err := readSchema(ctx, m.cql, m.keyspace)
	if err != nil {
		return err
	}
	if err := state.strange(); err != nil {
		return err
	}
	if len(state.missing) == 0 {
		m.say("nothing to do: the tables are up to date")
	}
	for _, p := range state.missing {
		if m.dryRun {
			m.tellDry(p.migration, p.done)
			continue
		}
		if err := m.apply(ctx, p.migration, p.done); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (m *migrator) tellDry(g migration, done int) {
	for _, stmt := range g.statements[done:] {
		m.say("would do " + g.name + ": " + firstLine(stmt))
	}
}

// prepare makes the keyspace and the tables about the tables.
func (m *migrator) prepare(ctx context.Context, a address) error {
	dc, err := datacentreOf(ctx, m.cql, a)
	if err != nil {
		return err
	}
	replication, err := replicationOf(a.replication, dc)
	if err != nil {
		return err
	}
	stmt := fmt.Sprintf(`CREATE KEYSPACE IF NOT EXISTS %s WITH replication = %s`, m.keyspace, replication)
	// Conditional writes want no tablets; only ScyllaDB knows the word.
	scylla, err := hasTable(ctx, m.cql, "system", "scylla_local")
	if err != nil {
		return err
	}
	if scylla {
		stmt += ` AND tablets = {'enabled': false}`
	}
	m.say("making the keyspace " + m.keyspace)
	if err := m.define(ctx, stmt); err != nil {
		return err
	}
	for i, stmt := range bookkeeping {
		// Nothing keeps two from making these at once. On hosts that have not heard of
		// each other yet Cassandra would give them two identities; ScyllaDB puts
		// changes of tables into one order.
		if !scylla {
			stmt += ` WITH id = ` + uuid.NewSHA1(uuid.Nil, fmt.Appendf(nil, "%s.%d", m.keyspace, i)).String()
		}
		if err := m.define(ctx, stmt); err != nil {
			return err
		}
	}
	return nil
}

// apply carries out what is left of a migration, noting each statement.
func (m *migrator) apply(ctx context.Context, g migration, done int) error {
	for i, stmt := range g.statements[done:] {
		if err := m.lock(ctx); err != nil { // for another lockTTL
			return err
		}
		m.say(g.name + ": " + firstLine(stmt))
		if err := m.define(ctx, stmt); err != nil {
			return err
		}
		if err := m.note(ctx, g, done+i+1); err != nil {
			return err
		}
	}
	return nil
}

func (m *migrator) note(ctx context.Context, g migration, done int) error {
	var finished any
	if done == len(g.statements) {
		finished = time.Now()
	}
	q := m.query(ctx, `INSERT INTO %s.schema_migrations (version, name, checksum, done, finished) VALUES (?, ?, ?, ?, ?)`,
		g.version, g.name, g.checksum, done, finished)
	return readError(q.Exec())
}

// schemaTimeout is how long one change of the tables may take.
const schemaTimeout = 60 * time.Second

// define carries out a statement that makes or changes a table, and waits until all hosts agree on it.
func (m *migrator) define(ctx context.Context, stmt string) error {
	stmt = strings.NewReplacer(
		"CREATE TABLE IF NOT EXISTS ", "CREATE TABLE IF NOT EXISTS "+m.keyspace+".",
		"ALTER TABLE ", "ALTER TABLE "+m.keyspace+".",
	).Replace(stmt)
	if err := m.cql.Query(stmt).WithContext(ctx).RetryPolicy(never{}).SetRequestTimeout(schemaTimeout).Exec(); err != nil {
		return readError(err)
	}
	return readError(m.cql.AwaitSchemaAgreement(ctx))
}

func (m *migrator) query(ctx context.Context, stmt string, args ...any) *gocql.Query {
	return m.cql.Query(fmt.Sprintf(stmt, m.keyspace), args...).WithContext(ctx).Idempotent(true).RetryPolicy(again)
}

func firstLine(stmt string) string {
	line, _, _ := strings.Cut(stmt, "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), " (")
}
