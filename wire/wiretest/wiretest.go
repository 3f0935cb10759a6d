// Package wiretest checks frames of a WebSocket against the protocol's document,
// wire.AsyncAPI. It is for tests that record what clients and servers say.
package wiretest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/teahouse-im/teahouse/wire"
)

// Direction is who said a frame.
type Direction int

const (
	FromClient Direction = iota
	FromServer
)

// Check fails the test if a frame is not as the document says. A reply is held
// against the replies of all ops, because the frame does not tell its own; a Talk knows.
func Check(t testing.TB, d Direction, frame []byte) {
	t.Helper()
	if err := Verify(d, frame); err != nil {
		t.Errorf("%.300s: %v", frame, err)
	}
}

// Verify is Check as an error.
func Verify(d Direction, frame []byte) error {
	_, err := verify(d, frame, "")
	return err
}

// A Talk checks the frames of one connection: each reply against the op it
// answers, and that each op gets one. Its zero value is a new connection. It may
// be used from several goroutines if a request is told before its reply.
type Talk struct {
	mu    sync.Mutex
	asked map[int64][]string // ops without a reply, by id
}

// Check fails the test if the connection's next frame is not as the document says.
func (k *Talk) Check(t testing.TB, d Direction, frame []byte) {
	t.Helper()
	if err := k.Verify(d, frame); err != nil {
		t.Errorf("%.300s: %v", frame, err)
	}
}

// Verify is Check as an error.
func (k *Talk) Verify(d Direction, frame []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	op := ""
	if id := peek(frame).id; d == FromServer && id != 0 {
		ops := k.asked[id]
		if len(ops) == 0 {
			return fmt.Errorf("a reply to %d, which waits for none", id)
		}
		op = ops[0]
		if k.asked[id] = ops[1:]; len(ops) == 1 {
			delete(k.asked, id)
		}
	}
	said, err := verify(d, frame, op)
	if d == FromClient && said.id != 0 {
		if k.asked == nil {
			k.asked = map[int64][]string{}
		}
		k.asked[said.id] = append(k.asked[said.id], said.op)
	}
	return err
}

// Unanswered is how many requests have had no reply.
func (k *Talk) Unanswered() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := 0
	for _, ops := range k.asked {
		n += len(ops)
	}
	return n
}

func verify(d Direction, frame []byte, answers string) (envelope, error) {
	said := peek(frame)
	if err := wellFormed(frame); err != nil {
		return said, err
	}
	if d == FromClient {
		if len(frame) > wire.MaxFrame {
			return said, fmt.Errorf("%d bytes from a client", len(frame))
		}
		return said, conforms(frame, said.op)
	}
	order := slices.Equal(said.names, []string{"id", "data"}) || slices.Equal(said.names, []string{"id", "error"}) ||
		slices.Equal(said.names, []string{"event", "data"})
	switch {
	case !order:
		return said, fmt.Errorf("members are %q", said.names)
	case said.event != "":
		return said, conforms(frame, said.event+"Event")
	case said.names[1] == "error":
		return said, conforms(frame, "refusal")
	case answers != "":
		return said, conforms(frame, answers+"Reply")
	}
	var errs []error
	for _, op := range Ops() {
		err := conforms(frame, op+"Reply")
		if err == nil {
			return said, nil
		}
		errs = append(errs, err)
	}
	return said, fmt.Errorf("a reply to no op: %w", errors.Join(errs...))
}

// wellFormed tells whether a frame is one JSON value, in UTF-8 and without duplicate names.
func wellFormed(frame []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(frame))
	if _, err := d.ReadValue(); err != nil {
		return err
	}
	if d.InputOffset() != int64(len(frame)) {
		return errors.New("more than one value")
	}
	return nil
}

// conforms checks a frame against the payload of one of the document's messages.
func conforms(frame []byte, message string) error {
	s := document().messages[message]
	if s == nil {
		return fmt.Errorf("the document has no message %q", message)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(frame))
	if err != nil {
		return err
	}
	return s.Validate(v)
}
