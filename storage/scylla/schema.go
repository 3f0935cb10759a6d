package scylla

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocql/gocql"
)

// What is wrong with a keyspace that Open refuses.
var (
	errNoSchema  = errors.New("there are no tables of Teahouse yet: run `teahouse migrate`")
	errOldSchema = errors.New("the tables are older than this program: run `teahouse migrate`")
	errNewSchema = errors.New("the tables were made by a newer program: run that one (its `teahouse migrate` came before yours)")
	errChanged   = errors.New("the tables were made by another program than this one, `teahouse migrate` cannot help: a migration it has run differs")
)

// A schema is how a keyspace's migrations compare with those of this program.
type schema struct {
	missing []pending
	newer   []string // carried out, but not known
	changed []string // carried out, but with other contents
}

// A pending migration has not been carried out, or not all of it.
type pending struct {
	migration
	done int // statements
}

// strange is nil if the keyspace can be brought up to date.
func (s *schema) strange() error {
	switch {
	case len(s.newer) > 0:
		return fmt.Errorf("%w: %s", errNewSchema, s.newer[0])
	case len(s.changed) > 0:
		return fmt.Errorf("%w: %s", errChanged, s.changed[0])
	}
	return nil
}

// checkSchema is nil if a keyspace has the tables this program knows, all of them and no others.
func checkSchema(ctx context.Context, cql *gocql.Session, keyspace string) error {
	there, err := hasTable(ctx, cql, keyspace, "schema_migrations")
	if err != nil {
		return err
	}
	if !there {
		return errNoSchema
	}
	s, err := readSchema(ctx, cql, keyspace)
	if err != nil {
		return err
	}
	if err := s.strange(); err != nil {
		return err
	}
	if len(s.missing) > 0 {
		return fmt.Errorf("%w (%s)", errOldSchema, s.missing[0].name)
	}
	return nil
}

// readSchema compares a keyspace's migrations with those of this program.
func readSchema(ctx context.Context, cql *gocql.Session, keyspace string) (schema, error) {
	var s schema
	all, err := known()
	if err != nil {
		return s, err
	}
	type row struct {
		name, checksum string
		done           int
	}
	rows := map[int]row{}
	iter := cql.Query(`SELECT version, name, checksum, done FROM ` + keyspace + `.schema_migrations`).
		WithContext(ctx).Idempotent(true).RetryPolicy(again).Iter()
	var version int
	var r row
	for iter.Scan(&version, &r.name, &r.checksum, &r.done) {
		rows[version] = r
	}
	if err := readError(iter.Close()); err != nil {
		return s, err
	}
	for _, m := range all {
		r, there := rows[m.version]
		delete(rows, m.version)
		switch {
		case there && r.checksum != m.checksum:
			s.changed = append(s.changed, m.name)
		case r.done < len(m.statements):
			s.missing = append(s.missing, pending{m, r.done})
		}
	}
	for _, r := range rows {
		s.newer = append(s.newer, r.name)
	}
	return s, nil
}

// hasTable tells whether a keyspace and a table in it exist.
func hasTable(ctx context.Context, cql *gocql.Session, keyspace, table string) (bool, error) {
	var name string
	err := cql.Query(`SELECT table_name FROM system_schema.tables WHERE keyspace_name=? AND table_name=?`, keyspace, table).
		WithContext(ctx).Consistency(gocql.One).Idempotent(true).RetryPolicy(again).Scan(&name)
	if errors.Is(err, gocql.ErrNotFound) {
		return false, nil
	}
	return err == nil, readError(err)
}
