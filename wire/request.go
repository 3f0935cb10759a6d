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

func (e *envelope) putBack() {
	e.in.Reset(nil) // the message is not ours to keep
	envelopes.Put(e)
}

// ParseRequest reads the envelope of a client's message. ErrNoRequest says that
// the connection is beyond help; a fault beside a request with its ID is for the reply.
// Without an error the request's Data is part of msg.
func ParseRequest(msg []byte) (Request, error) {
	env := envelopes.Get().(*envelope)
	defer env.putBack()
	var r reading
	msg, deep := prune(msg)
	if deep {
		r.wrong(fault.BadRequest.At("", "is nested too deeply"))
	}
	env.in.Reset(msg)
	env.dec.Reset(&env.in, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	d := &env.dec
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return Request{}, ErrNoRequest
	}
	for {
		t, err := d.ReadToken()
		if err != nil {
			return Request{}, ErrNoRequest
		}
		if t.Kind() == '}' {
			break
		}
		name := t.String()
		value, err := d.ReadValue()
		if err != nil {
			return Request{}, ErrNoRequest
		}
		end := int(d.InputOffset())
		if !r.member(name, msg[end-len(value):end]) {
			return Request{}, ErrNoRequest
		}
	}
	if _, err := d.ReadToken(); err != io.EOF || !r.id {
		return Request{}, ErrNoRequest
	}
	if !r.data {
		r.Data = json.RawMessage("{}")
	}
	if r.bad != nil {
		return r.Request, r.bad
	}
	return r.Request, nil
}

// A reading is a request of which some members have been seen.
type reading struct {
	Request
	id, op, data bool         // seen
	bad          *fault.Fault // the first thing wrong that does not concern the id
}

func (r *reading) wrong(f *fault.Fault) {
	if r.bad == nil {
		r.bad = f
	}
}

// once notes that a member was seen, which it may be once.
func (r *reading) once(seen *bool, pointer string) {
	if *seen {
		r.wrong(fault.BadRequest.At(pointer, "stands twice"))
	}
	*seen = true
}

// member takes one member of the envelope; false: nobody can tell what the id is.
func (r *reading) member(name string, value jsontext.Value) bool {
	switch name {
	case "id":
		n, ok := parseID(value)
		if !ok || r.id {
			return false
		}
		r.ID, r.id = n, true
	case "op":
		r.once(&r.op, "/op")
		op, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			r.wrong(fault.BadRequest.At("/op", "is not a string"))
		}
		r.Op = string(op)
	case "data":
		r.once(&r.data, "/data")
		r.Data = json.RawMessage(value)
	default:
		r.wrong(unknown(jsontext.Pointer("").AppendToken(name)))
	}
	return true
}

// parseID reads a positive integer below 2^53 in plain digits.
func parseID(v jsontext.Value) (int64, bool) {
	if len(v) == 0 || len(v) > 16 || v[0] == '0' {
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

// maxDepth is how deep a message may be nested; no op needs a tenth of it. What
// lies deeper is not read, so that nobody can grow the server's stacks.
const maxDepth = 64

// prune returns msg, or if it is nested too deeply a copy in which a 0 stands for whatever lies too deep.
func prune(msg []byte) (pruned []byte, deep bool) {
	if bytes.Count(msg, []byte{'{'})+bytes.Count(msg, []byte{'['}) <= maxDepth {
		return msg, false
	}
	pruned = make([]byte, 0, len(msg))
	depth, quoted, escaped := 0, false, false
	for _, c := range msg {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '{' || c == '['):
			if depth++; depth == maxDepth+1 {
				pruned, deep = append(pruned, '0'), true
			}
		case !quoted && (c == '}' || c == ']'):
			if depth--; depth == maxDepth {
				continue
			}
		}
		if depth <= maxDepth {
			pruned = append(pruned, c)
		}
	}
	return pruned, deep
}
