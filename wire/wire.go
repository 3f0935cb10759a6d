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

const timeLayout = "2006-01-02T15:04:05.000Z"

func (t Time) AppendText(b []byte) ([]byte, error) { return t.UTC().AppendFormat(b, timeLayout), nil }
func (t Time) MarshalText() ([]byte, error)        { return t.AppendText(nil) }

func (t Time) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, len(timeLayout)+2), '"')
	return append(t.UTC().AppendFormat(b, timeLayout), '"'), nil
}

// Millis are a duration as clients are told it.
func Millis(d time.Duration) int64 { return d.Milliseconds() }

// Decode reads one JSON value strictly into a T. UnknownField: it has a member
// that T does not; BadRequest: anything else, a null included. The fault points at the place.
func Decode[T any](data []byte) (T, error) {
	var v T
	if bytes.Contains(data, []byte("null")) && hasNull(data) {
		return v, fault.BadRequest.Saying("null is not a value here.")
	}
	if err := json.Unmarshal(data, &v, json.RejectUnknownMembers(true)); err != nil {
		var zero T
		return zero, decodeFault(err)
	}
	return v, nil
}

func decodeFault(err error) *fault.Fault {
	f, detail, pointer := fault.BadRequest, "is not well-formed", ""
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		pointer, detail = string(semantic.JSONPointer), "has the wrong type"
		if errors.Is(err, json.ErrUnknownName) {
			f, detail = fault.UnknownField, "is not known"
		}
	} else if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		pointer = string(syntactic.JSONPointer)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			detail = "stands twice"
		}
	}
	return f.At(pointer, detail)
}

// hasNull tells whether null stands anywhere in a value.
func hasNull(data []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	for {
		t, err := d.ReadToken()
		if err != nil {
			return false
		}
		if t.Kind() == 'n' {
			return true
		}
	}
}
