package pebble

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// format is the number of how rows are laid out. It goes up whenever rows of
// before would be read wrong; a folder of another format is refused.
const format = 2

// ErrFormat is a directory whose rows are laid out as another version of the program does it.
var ErrFormat = errors.New("the data folder is of another format")

// checkFormat refuses a folder of another format, and marks one that is empty.
func (s *Store) checkFormat() error {
	is, err := s.position(tableFormat.key())
	if err != nil {
		return err
	}
	if is.Seq == 0 {
		rows, err := s.db.NewIter(nil)
		if err != nil {
			return err
		}
		fresh := !rows.First()
		if err := errors.Join(rows.Error(), rows.Close()); err != nil {
			return err
		}
		if fresh {
			return s.write(func(b *pebble.Batch) error { return b.Set(tableFormat.key(), []byte{format, 0}, nil) })
		}
		is.Seq = 1 // which was not noted
	}
	if is.Seq != format {
		return fmt.Errorf("%w: it is of format %d, this program reads format %d", ErrFormat, is.Seq, format)
	}
	return nil
}
