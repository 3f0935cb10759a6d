package scylla

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
)

// insist sends a conditional write that gives the same when it is done twice,
// until there is an answer.
func (s *Store) insist(ctx context.Context, stmt string, args ...any) (applied bool, err error) {
	for try := 0; ; try++ {
		applied, err = s.deciding(ctx, stmt, args...).MapScanCAS(map[string]any{})
		switch {
		case err == nil, refused(err):
			return applied, err
		case unsent(err):
			return false, fmt.Errorf("%w: %w", fault.Unavailable, err)
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return false, fmt.Errorf("%w: %w", fault.Unavailable, err)
		}
	}
}

// A version is what a conditionally written row is compared by: a number that
// moves by one, and who made the last few moves.
type version struct {
	number int64 // 0: there is no row
	tries  []gocql.UUID
}

// triesKept is how many writers a row remembers: a writer that got no answer finds
// itself there unless so many others have written in the meantime.
const triesKept = 16

func (v *version) next(try gocql.UUID) version {
	kept := v.tries[max(0, len(v.tries)-triesKept+1):]
	return version{v.number + 1, append(slices.Clone(kept), try)}
}

// errOvertaken says that another write came first.
var errOvertaken = errors.New("another write came first")

// errUndecided says that whether the write was made cannot be told.
var errUndecided = errors.New("whether the write was made cannot be told")

// decide makes one move of a versioned row from now, as try. errOvertaken: the
// row is not at now any more. If no answer comes, the row is read in agreement of
// the replicas, which settles what is under way, and sent again if it is neither
// there nor overtaken.
//
// write sends the statement for the row's next version; read gives the row's
// version at a consistency.
func (s *Store) decide(ctx context.Context, now version, try gocql.UUID,
	write func(ctx context.Context, next version) (applied bool, err error),
	read func(ctx context.Context, level gocql.Consistency) (version, error),
) error {
	sure := true // nothing of ours is under way
	for {
		applied, err := write(ctx, now.next(try))
		switch {
		case err == nil && applied:
			return nil
		case err == nil && sure:
			return errOvertaken
		case err != nil && refused(err):
			return err
		case err != nil && unsent(err) && sure:
			return fmt.Errorf("%w: %w", fault.Unavailable, err)
		}
		sure = false
		there, readErr := read(ctx, gocql.LocalSerial)
		switch {
		case readErr == nil && slices.Contains(there.tries, try):
			return nil
		case readErr == nil && there.number-now.number > triesKept:
			return fmt.Errorf("%w: %w", errUndecided, fault.Unavailable)
		case readErr == nil && there.number != now.number:
			return errOvertaken
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return fmt.Errorf("%w: %w: %w", errUndecided, fault.Unavailable, errors.Join(err, readErr, ctx.Err()))
		}
	}
}

// newTry names a writer.
func newTry() gocql.UUID { return gocql.UUID(uuid.New()) }

// overtakenPause is how long who was overtaken waits at most before trying again.
const overtakenPause = 20 * time.Millisecond

// expected is the number for a condition: NULL where there is no row.
func (v *version) expected() any {
	if v.number == 0 {
		return nil
	}
	return v.number
}

// scanVersion reads the columns version and tries.
func scanVersion(q *gocql.Query) (v version, err error) {
	err = q.Scan(&v.number, &v.tries)
	if errors.Is(err, gocql.ErrNotFound) {
		err = nil
	}
	return v, err
}
