package scylla

import (
	"context"
	"errors"
	"time"
)

const (
	lockTTL   = 120 // seconds; a holder that died stands in the way for so long
	lockName  = "migrate"
	lockPause = 500 * time.Millisecond
)

// lock takes or prolongs the lock, waiting for whoever has it.
func (m *migrator) lock(ctx context.Context) error {
	said := false
	for {
		row := map[string]any{}
		q := m.query(ctx, `INSERT INTO %s.schema_lock (name, holder) VALUES (?, ?) IF NOT EXISTS USING TTL ?`, lockName, m.holder, lockTTL)
		applied, err := q.RetryPolicy(never{}).MapScanCAS(row)
		if err == nil && !applied && row["holder"] == m.holder {
			q = m.query(ctx, `UPDATE %s.schema_lock USING TTL ? SET holder=? WHERE name=? IF holder=?`, lockTTL, m.holder, lockName, m.holder)
			applied, err = q.RetryPolicy(never{}).MapScanCAS(row)
		}
		switch {
		case err == nil && applied:
			return nil
		case err != nil && (refused(err) || unsent(err)):
			return readError(err)
		case err == nil && !said:
			m.say("waiting for somebody else who is migrating")
			said = true
		}
		if pause(ctx, lockPause) != nil { // an unknown outcome too is found out by asking again
			return errors.Join(readError(err), ctx.Err())
		}
	}
}

// unlock lets the next one in; if it fails, they wait for lockTTL.
func (m *migrator) unlock() {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	q := m.query(ctx, `DELETE FROM %s.schema_lock WHERE name=? IF holder=?`, lockName, m.holder)
	if _, err := q.RetryPolicy(never{}).MapScanCAS(map[string]any{}); err != nil {
		m.say("the lock could not be given back and will end in two minutes: " + err.Error())
	}
}
