// Package wire is the protocol as Go types: what clients send over a WebSocket,
// what they get back, and what both mean on HTTP. Reading is strict (unknown
// members, duplicate names, null, bad UTF-8 are refused), writing is by hand
// where it happens for every message. asyncapi.json beside this file describes
// the same for people and tools.
package wire

import (
	"bytes"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/teahouse-im/teahouse/fault"
)

// Subprotocol is what a WebSocket client must ask for.
const Subprotocol = "teahouse.v1"

// MaxFrame bounds a message from a client, in bytes.
const MaxFrame = 64 << 10

// Time is a moment as it stands in JSON: RFC 3339, UTC, with milliseconds.
type Time struct{ time.Time }

func (t Time) AppendText(b []byte) ([]byte, error) { return t.append(b), nil }
func (t Time) MarshalText() ([]byte, error)        { return t.AppendText(nil) }

func (t Time) MarshalJSON() ([]byte, error) {
	return append(t.append([]byte{'"'}), '"'), nil
}

// append takes the layout that package time is quick with, and puts milliseconds before its Z.
func (t Time) append(b []byte) []byte {
	b = t.UTC().AppendFormat(b, time.RFC3339)
	ms := t.Nanosecond() / int(time.Millisecond)
	return append(b[:len(b)-1], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
}

// Millis are a duration as clients are told it.
func Millis(d time.Duration) int64 { return d.Milliseconds() }

// Decode reads one JSON value strictly into a T. UnknownField: it has a member
// that T does not; BadRequest: anything else, a null included. The fault points at the place.
func Decode[T any](data []byte) (T, error) {
	var v T
	if bytes.Contains(data, []byte("null")) {
		if at, found := nullIn(data); found {
			return v, fault.BadRequest.At(short(at), "is null, which is no value here")
		}
	}
	if err := json.Unmarshal(data, &v, json.RejectUnknownMembers(true)); err != nil {
		var zero T
		return zero, decodeFault(err)
	}
	return v, nil
}

func decodeFault(err error) *fault.Fault {
	detail, pointer := "is not well-formed", jsontext.Pointer("")
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		pointer, detail = semantic.JSONPointer, "has the wrong type"
		if errors.Is(err, json.ErrUnknownName) {
			return unknown(semantic.JSONPointer)
		}
	} else if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		pointer = syntactic.JSONPointer
		if errors.Is(err, jsontext.ErrDuplicateName) {
			detail = "stands twice"
		}
	}
	return fault.BadRequest.At(short(pointer), detail)
}

func unknown(p jsontext.Pointer) *fault.Fault { return fault.UnknownField.At(short(p), "is not known") }

// maxPointer bounds, in bytes, what of a client's own names goes back to it.
const maxPointer = 128

// short is a pointer to the place, or to what it is in if its name is very long.
func short(p jsontext.Pointer) string {
	for len(p) > maxPointer {
		p = p.Parent()
	}
	return string(p)
}

// nullIn tells whether null stands anywhere in a value, and where.
func nullIn(data []byte) (at jsontext.Pointer, found bool) {
	d := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	for {
		t, err := d.ReadToken()
		if err != nil {
			return "", false
		}
		if t.Kind() == 'n' {
			return d.StackPointer(), true
		}
	}
}
