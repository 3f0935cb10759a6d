package scylla

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gocql/gocql"
	"github.com/rs/zerolog"
	"github.com/scylladb/gocqlx/v2"

	"github.com/teahouse-im/teahouse/fault"
)

const (
	// requestTimeout is how long one host is waited for; longer than it waits for its replicas.
	requestTimeout = 3 * time.Second
	connectTimeout = 3 * time.Second
	// reconnectInterval is how often hosts that were down are tried.
	reconnectInterval = time.Second
	// readRetries is how many other hosts are asked when one does not answer what may be asked again.
	readRetries = 2
)

// connect opens a session, with a's keyspace if it has one.
func connect(ctx context.Context, a address, log zerolog.Logger) (*gocql.Session, error) {
	c := gocql.NewCluster(a.hosts...)
	c.Port = a.port
	c.Keyspace = a.keyspace
	c.ProtoVersion = 4
	c.Consistency = gocql.LocalQuorum
	c.SerialConsistency = gocql.LocalSerial
	c.Timeout, c.WriteTimeout, c.ReadTimeout = requestTimeout, requestTimeout, requestTimeout
	c.ConnectTimeout = connectTimeout
	c.ReconnectInterval = reconnectInterval
	c.ReconnectionPolicy = &gocql.ConstantReconnectionPolicy{MaxRetries: 3, Interval: 200 * time.Millisecond}
	c.WriteCoalesceWaitTime = 0 // waiting for more to send costs a millisecond of every round trip
	c.RetryPolicy = never{}     // see reading, writing
	c.DefaultIdempotence = false
	c.Logger = driverLog{log}
	if a.user != "" {
		c.Authenticator = gocql.PasswordAuthenticator{Username: a.user, Password: a.password}
	}
	if a.tls {
		c.SslOpts = &gocql.SslOptions{CaPath: a.ca, EnableHostVerification: true}
	}
	var hosts gocql.HostSelectionPolicy = gocql.RoundRobinHostPolicy()
	if a.keyspace != "" {
		local := gocql.DCAwareRoundRobinPolicy(a.datacentre)
		hosts = gocql.TokenAwareHostPolicy(local, gocql.DontShuffleReplicas())
	}
	c.PoolConfig.HostSelectionPolicy = newLastResort(hosts)

	type opened struct {
		session *gocql.Session
		err     error
	}
	done := make(chan opened, 1)
	go func() {
		s, err := c.CreateSession()
		done <- opened{s, err}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return nil, fmt.Errorf("%w: connect: %w", fault.Unavailable, o.err)
		}
		return o.session, nil
	case <-ctx.Done():
		go func() { // the driver cannot be told to stop trying
			if o := <-done; o.session != nil {
				o.session.Close()
			}
		}()
		return nil, fmt.Errorf("%w: connect: %w", fault.Unavailable, ctx.Err())
	}
}

// datacentreOf is the one the address names, or that of the host asked.
func datacentreOf(ctx context.Context, cql *gocql.Session, a address) (string, error) {
	if a.datacentre != "" {
		return a.datacentre, nil
	}
	var dc string
	q := cql.Query(`SELECT data_center FROM system.local`).WithContext(ctx).Consistency(gocql.One)
	if err := q.Scan(&dc); err != nil {
		return "", fmt.Errorf("ask for the data centre: %w", readError(err))
	}
	return dc, nil
}

// reading is a query that changes nothing: it may be asked again of another host.
func (s *Store) reading(ctx context.Context, stmt string, args ...any) *gocql.Query {
	return s.cql.QueryWithContext(ctx, stmt, args...).Idempotent(true).RetryPolicy(again)
}

// writing is a plain write that gives the same when done twice.
func (s *Store) writing(ctx context.Context, stmt string, args ...any) *gocql.Query {
	return s.cql.QueryWithContext(ctx, stmt, args...).Idempotent(true).RetryPolicy(again)
}

// deciding is a conditional write. It is sent once.
func (s *Store) deciding(ctx context.Context, stmt string, args ...any) *gocql.Query {
	return s.cql.QueryWithContext(ctx, stmt, args...).RetryPolicy(never{}).DefaultTimestamp(false)
}

// mapped is reading or writing with columns and parameters named as fields.
func (s *Store) mapped(ctx context.Context, stmt string, names []string) *gocqlx.Queryx {
	q := s.session.Query(stmt, names)
	q.Query = q.Query.WithContext(ctx).Idempotent(true).RetryPolicy(again)
	return q
}

// again is the policy of what may be asked again: of the next host. The driver's
// own would ask the same one for reads in agreement of the replicas.
var again elsewhere

type elsewhere struct{}

func (elsewhere) Attempt(q gocql.RetryableQuery) bool { return q.Attempts() <= readRetries }
func (elsewhere) GetRetryType(error) gocql.RetryType  { return gocql.RetryNextHost }

// never is the policy of not sending a statement a second time. The driver's own
// sends a conditional write that timed out up to three times more.
type never struct{}

func (never) Attempt(gocql.RetryableQuery) bool  { return false }
func (never) GetRetryType(error) gocql.RetryType { return gocql.Rethrow }

// readError is the error of a query that changes nothing, or of a plain write. It
// wraps fault.Unavailable unless the request itself was at fault.
func readError(err error) error {
	if err == nil || errors.Is(err, gocql.ErrNotFound) || refused(err) {
		return err
	}
	return fmt.Errorf("%w: %w", fault.Unavailable, err)
}

// refused tells whether a host has looked at a statement and will not do it.
func refused(err error) bool {
	r, ok := errors.AsType[gocql.RequestError](err)
	if !ok {
		return false
	}
	switch r.Code() {
	case gocql.ErrCodeSyntax, gocql.ErrCodeInvalid, gocql.ErrCodeUnauthorized, gocql.ErrCodeConfig,
		gocql.ErrCodeCredentials, gocql.ErrCodeProtocol, gocql.ErrCodeAlreadyExists:
		return true
	}
	return false
}

// unsent tells whether a conditional write that failed so has changed nothing and
// never will: no host was asked, or too few replicas were there to begin.
func unsent(err error) bool {
	if r, ok := errors.AsType[gocql.RequestError](err); ok {
		return r.Code() == gocql.ErrCodeUnavailable || r.Code() == gocql.ErrCodeBootstrapping
	}
	for _, e := range []error{
		gocql.ErrNoConnections, gocql.ErrNoConnectionsInPool, gocql.ErrNoPool, gocql.ErrHostDown,
		gocql.ErrNoStreams, gocql.ErrSessionClosed, gocql.ErrSessionNotReady,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// driverLog hands what the driver says to the server's log. It names hosts, and
// sometimes statements, but no values.
type driverLog struct{ log zerolog.Logger }

func (l driverLog) Print(v ...any)            { l.say(fmt.Sprint(v...)) }
func (l driverLog) Printf(f string, v ...any) { l.say(fmt.Sprintf(f, v...)) }
func (l driverLog) Println(v ...any)          { l.say(fmt.Sprintln(v...)) }

func (l driverLog) say(text string) {
	l.log.Debug().Str("part", "cql").Msg(strings.TrimSpace(text))
}
