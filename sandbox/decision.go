package sandbox

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/teahouse-im/teahouse/fault"
)

// What the gate decided.
const (
	Accepted = "accepted"
	Held     = "held"
	Refused  = "refused"
)

// A Decision is what the gate made of one request of an app's server.
type Decision struct {
	Operation string         `json:"operation"` // such as sendNotice
	Status    string         `json:"status"`
	Code      fault.Code     `json:"code,omitzero"`   // of a refusal
	Detail    string         `json:"detail,omitzero"` // as the app was told it
	Fields    []Field        `json:"fields,omitempty"`
	Notice    string         `json:"notice,omitzero"`
	Alert     bool           `json:"alert,omitzero"`
	Left      int            `json:"uses_left"`
	Replayed  bool           `json:"replayed,omitzero"`
	Why       string         `json:"why"`             // in words
	Do        string         `json:"do,omitzero"`     // what the developer can do about it
	Gate      int            `json:"gate"`            // that refused or held, of Gates; len(Gates) if none did
	Sent      jsontext.Value `json:"sent,omitempty"`  // the request, if it was JSON
	Raw       string         `json:"raw,omitzero"`    // otherwise, as far as it is text
	Binary    string         `json:"binary,omitzero"` // or base64 of its beginning
	Gates     []string       `json:"gates"`
}

// A Field is a part of the request that was wrong.
type Field struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// sentMost is how much is shown of a request that is not JSON.
const sentMost = 1 << 10

// A Request is what an app's server sent, and what came of it.
type Request struct {
	App       string
	Operation string
	Raw       []byte
	Err       error  // of a refusal
	Notice    string // the rest: of an answer
	Held      string // why it is held: shape, pace or hoard
	Alert     bool
	Left      int
	Replayed  bool
}

// Decided adds what the gate decided to the news.
func (b *Box) Decided(r Request) {
	d := &Decision{Operation: r.Operation, Notice: r.Notice, Alert: r.Alert, Left: r.Left, Replayed: r.Replayed, Gates: gates}
	switch {
	case jsontext.Value(r.Raw).IsValid():
		d.Sent = r.Raw
	case utf8.Valid(r.Raw):
		d.Raw = string(r.Raw)
		if len(r.Raw) > sentMost {
			d.Raw = strings.ToValidUTF8(d.Raw[:sentMost], "") + "…"
		}
	default:
		d.Binary = base64.StdEncoding.EncodeToString(r.Raw[:min(len(r.Raw), sentMost)])
	}
	switch {
	case r.Err != nil:
		f := fault.From(r.Err)
		d.Status, d.Code, d.Detail = Refused, f.Code, f.Message
		for _, field := range f.Fields {
			d.Fields = append(d.Fields, Field(field))
		}
		e := explain(f.Code)
		d.Gate, d.Why, d.Do = e.gate, e.why, e.do
	case r.Held != "":
		e := explainHeld(r.Held)
		d.Status, d.Gate, d.Why, d.Do = Held, e.gate, e.why, e.do
	default:
		d.Status, d.Gate, d.Why = Accepted, len(gates), passed(r)
	}
	b.tell(Item{App: r.App, Decision: d})
}

// passed says what happened to a notice that passed.
func passed(r Request) string {
	switch {
	case r.Replayed:
		return "The same request with the same key was answered before, so this is the same answer again. Nothing was spent, nothing was sent twice."
	case r.Operation == "sendReply":
		return "The window is open and has an answer left. It is in the conversation."
	case !r.Alert:
		return "One use of the grant was spent and the notice is in the user's list, without a sound: this step makes none, or the user has had enough sounds today."
	}
	return "One use of the grant was spent and the notice is in the user's list, with a sound."
}
