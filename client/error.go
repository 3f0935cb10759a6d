package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// An Error is a refusal by the server. errors.Is compares codes, with another
// *Error or with a fault: errors.Is(err, fault.NotFound).
type Error struct {
	Code    fault.Code
	Message string            // for people
	Status  int               // of HTTP; 0 if it came over the WebSocket
	Retry   time.Duration     // when trying again makes sense; 0 says nothing
	Fields  []wire.FieldError // which parts of the request were wrong
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	for _, f := range e.Fields {
		s += fmt.Sprintf(" (%s %s)", f.Pointer, f.Detail)
	}
	return s
}

// Is compares codes.
func (e *Error) Is(target error) bool {
	switch t := target.(type) {
	case *Error:
		return t.Code == e.Code
	case *fault.Fault:
		return t.Code == e.Code
	}
	return false
}

// Temporary tells whether the same request may succeed later.
func (e *Error) Temporary() bool {
	return e.Code == fault.Unavailable.Code || e.Code == fault.RateLimited.Code
}

// CodeOf is the code of a refusal in err; "" if there is none.
func CodeOf(err error) fault.Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// A CloseError says that the server ended the session for good.
type CloseError struct {
	Code   int // wire.CloseSignedOut, wire.CloseReplaced …
	Reason string
}

func (e *CloseError) Error() string {
	what := "closed by the server"
	switch e.Code {
	case wire.CloseSignedOut:
		what = "signed out"
	case wire.CloseSuspended:
		what = "suspended"
	case wire.CloseReplaced:
		what = "this device connected elsewhere"
	}
	return fmt.Sprintf("%s (%d %s)", what, e.Code, e.Reason)
}

var (
	// ErrClosed is told after Close.
	ErrClosed = errors.New("the client is closed")
	// ErrOffline is told by what makes no sense later when there is no connection now.
	ErrOffline = errors.New("not connected")
	// ErrOutboxFull is told when as many messages wait as the outbox may hold.
	ErrOutboxFull = errors.New("the outbox is full")

	// errLost ends calls whose connection went away; they are made again on the next one.
	errLost = errors.New("connection lost")
)

// forGood tells whether a close code forbids to reconnect.
func forGood(code int) bool {
	return code >= 4400 && code <= 4499 && code != wire.CloseSilent && code != wire.CloseRateLimited
}
