package wire

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/teahouse-im/teahouse/fault"
)

// encode writes one of this package's types. Bodies of entries go out as they are
// stored. Text that is not UTF-8 cannot have been stored; if it were, a
// replacement character would be better than no reply.
func encode(data any) ([]byte, error) {
	return json.Marshal(data, jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))
}

// Reply is the frame that answers the request numbered n. Encoding these types
// cannot fail; if one ever did, the client would be told "internal".
func Reply(n int64, data any) []byte {
	b := strconv.AppendInt([]byte(`{"id":`), n, 10)
	body, err := encode(data)
	if err != nil {
		return ErrorReply(n, fault.Internal)
	}
	return append(append(append(b, `,"data":`...), body...), '}')
}

// replyError is an error on a WebSocket.
type replyError struct {
	Code    string       `json:"code"`
	Message string       `json:"message"`
	RetryMS int64        `json:"retry_ms,omitzero"`
	Errors  []FieldError `json:"errors,omitempty"`
}

// FieldError points at what was wrong in a request.
type FieldError struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// FieldErrors shows a fault's fields to a client.
func FieldErrors(f *fault.Fault) []FieldError {
	var out []FieldError
	for _, field := range f.Fields {
		out = append(out, FieldError{field.Pointer, field.Detail})
	}
	return out
}

// ErrorReply is the frame that refuses the request numbered n.
func ErrorReply(n int64, f *fault.Fault) []byte {
	b := strconv.AppendInt([]byte(`{"id":`), n, 10)
	body, _ := encode(replyError{string(f.Code), f.Message, Millis(f.Retry), FieldErrors(f)})
	return append(append(append(b, `,"error":`...), body...), '}')
}

// Event is the frame of an event.
func Event(name string, data any) []byte {
	b := append(append([]byte(`{"event":"`), name...), `","data":`...)
	body, err := encode(data)
	if err != nil {
		body = []byte("{}")
	}
	return append(append(b, body...), '}')
}
