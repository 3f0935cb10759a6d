// Package scylla keeps a server's truth on a cluster: ScyllaDB, or Apache
// Cassandra 5, which speaks the same protocol. Any number of servers may share
// one keyspace.
//
// What is acknowledged is on a majority of the replicas of the local data
// centre. What has to be decided between writers is decided by conditional
// writes, each within one partition; a conditional write whose answer was lost is
// neither repeated blindly nor taken for failed, but looked up. Cells that are
// written conditionally are never written in any other way. Everything else is
// written with timestamps that make repeats and late comers harmless.
//
// The tables stand in migrations/, which Migrate carries out; Open refuses a
// keyspace that does not have exactly those.
package scylla

import (
	"context"
	"fmt"
	"time"

	"github.com/gocql/gocql"
	"github.com/rs/zerolog"
	"github.com/scylladb/gocqlx/v2"
)

const (
	// bucketSize is how many entries a partition of a stream takes before the next is opened.
	bucketSize = 16384
	// patience bounds how long an operation looks for the outcome of a conditional write.
	patience = 10 * time.Second
	// parallel bounds how many requests one operation has under way at once.
	parallel = 32
)

// Options of a Store.
type Options struct {
	Logger zerolog.Logger // told what the driver has to say

	bucketSize int64 // in tests: smaller buckets; all stores of a keyspace must agree
}

// A Store is a storage.Backend.
type Store struct {
	session gocqlx.Session
	cql     *gocql.Session // the same, without mapping
	size    int64          // entries in a bucket
	now     func() time.Time

	buckets   buckets
	unsettled streamSet          // streams with an append whose outcome nobody has looked up
	listed    knownSet[listKey]  // conversations that stand in somebody's list
	months    knownSet[monthKey] // months that stand in the list of somebody's timeline
	slots     slots[slotKey]
	dueSlots  slots[dueSlot]
	agreed    agreed
	lanes     lanes
	heads     together[headAnswer]
}

// Open connects to a cluster, named as scylla://h1,h2:9042/keyspace. It fails if
// the keyspace has not the tables this program knows; Migrate makes them.
//
// Parameters of the URL, all optional: dc, the data centre that is asked first
// (that of the first host that answers); tls=on, and ca, a file of certificates
// to trust; user:password@ before the hosts; replication, which only Migrate reads.
func Open(ctx context.Context, url string, opt Options) (*Store, error) {
	a, err := parse(url)
	if err != nil {
		return nil, err
	}
	if a.datacentre, err = inspect(ctx, a, opt.Logger); err != nil {
		return nil, fmt.Errorf("%s: %w", a, err)
	}
	cql, err := connect(ctx, a, opt.Logger)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a, err)
	}
	s := &Store{session: gocqlx.NewSession(cql), cql: cql, size: bucketSize, now: time.Now}
	s.slots.lasts, s.dueSlots.lasts = slotLasts, dueLasts
	if opt.bucketSize > 0 {
		s.size = opt.bucketSize
	}
	return s, nil
}

// inspect looks whether the cluster has the tables of this program, and tells
// the data centre to work in.
func inspect(ctx context.Context, a address, log zerolog.Logger) (datacentre string, err error) {
	a.keyspace, a.schema = "", a.keyspace
	cql, err := connect(ctx, a, log)
	if err != nil {
		return "", err
	}
	defer cql.Close()
	if datacentre, err = datacentreOf(ctx, cql, a); err != nil {
		return "", err
	}
	return datacentre, checkSchema(ctx, cql, a.schema)
}

// Ready asks for an agreement of the replicas, as a conditional write needs it.
func (s *Store) Ready(ctx context.Context) error {
	var name string
	q := s.reading(ctx, `SELECT name FROM schema_migrations WHERE version=?`, 1).Consistency(gocql.LocalSerial)
	return readError(q.Scan(&name))
}

// Close ends the connections.
func (s *Store) Close() error {
	s.cql.Close()
	return nil
}
