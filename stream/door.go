package stream

import (
	"context"
	"fmt"

	"github.com/teahouse-im/teahouse/id"
)

// A Door is the only way to append to streams that Options.Sealed names. It
// belongs to the one package that may write them; see Sequencer.Door.
type Door struct{ q *Sequencer }

// Door gives the way to the sealed streams. It is given once: asking again is a
// mistake in how a server is put together, and panics.
func (q *Sequencer) Door() *Door {
	if !q.doored.CompareAndSwap(false, true) {
		panic("stream: the door to the sealed streams was given away before")
	}
	return &Door{q}
}

// Append is Sequencer.Append to a sealed stream.
func (d *Door) Append(ctx context.Context, s id.Stream, draft Draft) (Receipt, error) {
	return d.q.append(ctx, s, draft)
}

// sealed tells why a draft cannot be appended without the door; nil if it can.
func (q *Sequencer) sealed(s id.Stream) error {
	if q.opt.Sealed == nil || !q.opt.Sealed(s) {
		return nil
	}
	return fmt.Errorf("append to %s: it is sealed", s)
}
