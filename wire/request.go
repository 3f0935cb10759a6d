package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// A Request is one op of a client.
type Request struct {
	ID   int64           // chosen by the client, positive; comes back in the reply
	Op   string          //
	Data json.RawMessage // one JSON object, not looked at yet
}

// ErrNoRequest is a message that is no JSON object or has no usable id: there is nothing to reply to.
var ErrNoRequest = errors.New("not a request")

// envelopes are decoders for the outermost object. What lies inside is read
// leniently here and strictly by Decode, so that the fault can be told in a reply.
var envelopes = sync.Pool{New: func() any { return new(envelope) }}

type envelope struct {
	in  bytes.Reader
	dec jsontext.Decoder
}

// ParseRequest reads the envelope of a client's message. ErrNoRequest says that
// the connection is beyond help; a fault beside a request with its ID is for the reply.
// The request's Data is part of msg.
func ParseRequest(msg []byte) (Request, error) {
	env := envelopes.Get().(*envelope)
	defer envelopes.Put(env)
	env.in.Reset(msg)
	env.dec.Reset(&env.in, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	d := &env.dec

	var r Request
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return r, ErrNoRequest
	}
	var bad *fault.Fault // the first thing wrong that does not concern the id
	var seen [3]bool
	once := func(i int, name string) {
		if seen[i] && bad == nil {
			bad = fault.BadRequest.At("/"+name, "stands twice")
		}
		seen[i] = true
	}
	for {
		t, err := d.ReadToken()
		if err != nil {
			return r, ErrNoRequest
		}
		if t.Kind() == '}' {
			break
		}
		name := t.String()
		value, err := d.ReadValue()
		if err != nil {
			return r, ErrNoRequest
		}
		switch name {
		case "id":
			n, ok := parseID(value)
			if !ok || seen[0] {
				return r, ErrNoRequest
			}
			r.ID, seen[0] = n, true
		case "op":
			once(1, name)
			if op, err := jsontext.AppendUnquote(nil, value); err == nil {
				r.Op = string(op)
			} else if bad == nil {
				bad = fault.BadRequest.At("/op", "is not a string")
			}
		case "data":
			once(2, name)
			end := int(d.InputOffset())
			r.Data = msg[end-len(value) : end]
		default:
			if bad == nil {
				bad = fault.UnknownField.At("/"+name, "is not known")
			}
		}
	}
	if _, err := d.ReadToken(); err != io.EOF || !seen[0] {
		return r, ErrNoRequest
	}
	if !seen[2] {
		r.Data = json.RawMessage("{}")
	}
	if bad != nil {
		return r, bad
	}
	return r, nil
}

// parseID reads a positive integer below 2^53 in plain digits.
func parseID(v jsontext.Value) (int64, bool) {
	if len(v) == 0 || len(v) > 16 {
		return 0, false
	}
	var n int64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n > 0 && n <= int64(id.MaxSeq)
}
