// Package fault is the one vocabulary of failure. A Fault has a code that
// clients switch on, a message that is safe to show to anybody, and sometimes
// advice when to try again. Domains declare theirs as variables; the edges turn
// them into problem documents and error replies, and every other error into
// Internal, whose cause goes to the log and never to a client.
package fault

import (
	"errors"
	"time"
)

// Code is what clients switch on. Codes are part of the protocol.
type Code string

// A Fault is a failure told to whoever asked.
type Fault struct {
	Code    Code
	Message string        // for people; never holds secrets, or what the asker may not know
	Retry   time.Duration // when trying again makes sense; 0 says nothing
	Fields  []Field       // which parts of the request were wrong, if that can be told
}

// A Field is one wrong part of a request.
type Field struct {
	Pointer string // JSON pointer into the body (RFC 6901)
	Detail  string
}

// New makes a fault.
func New(code Code, message string) *Fault { return &Fault{Code: code, Message: message} }

func (f *Fault) Error() string { return string(f.Code) + ": " + f.Message }

// Is makes errors.Is compare codes, so that a fault with other words, advice or
// fields is still the same fault.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// Saying is the same fault in more fitting words.
func (f *Fault) Saying(message string) *Fault {
	g := *f
	g.Message = message
	return &g
}

// After is the same fault with advice when to try again.
func (f *Fault) After(d time.Duration) *Fault {
	g := *f
	g.Retry = d
	return &g
}

// At is the same fault pointing at a part of the request as well.
func (f *Fault) At(pointer, detail string) *Fault {
	g := *f
	g.Fields = append(f.Fields[:len(f.Fields):len(f.Fields)], Field{pointer, detail})
	return &g
}

// Within is the same fault of a value that is a member: it points from outside of it.
func (f *Fault) Within(pointer string) *Fault {
	g := *f
	g.Fields = make([]Field, len(f.Fields))
	for i, field := range f.Fields {
		g.Fields[i] = Field{pointer + field.Pointer, field.Detail}
	}
	return &g
}

// From finds the fault in an error. What is none is Internal.
func From(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return Internal
}

// The faults every part of the server knows. The domains declare their own beside their rules.
var (
	BadRequest           = New("bad_request", "The request cannot be understood.")
	UnknownField         = New("unknown_field", "The request has a field that is not known.")
	TooLarge             = New("too_large", "That is too large.")
	MethodNotAllowed     = New("method_not_allowed", "This method is not allowed here.")
	UnsupportedMediaType = New("unsupported_media_type", "Send JSON, as application/json.")
	Unauthenticated      = New("unauthenticated", "Sign in first.")
	TokenExpired         = New("token_expired", "The sign-in has expired. Sign in again.")
	Forbidden            = New("forbidden", "You may not do this.")
	WrongPrincipal       = New("wrong_principal", "This is not open to that kind of token.")
	NotFound             = New("not_found", "There is no such thing.")
	Conflict             = New("conflict", "Somebody else changed this at the same time. Look again, then retry.")
	RateLimited          = New("rate_limited", "Too many requests. Slow down.").After(time.Second)
	Unavailable          = New("unavailable", "The server cannot do this right now. Try again soon.").After(500 * time.Millisecond)
	Internal             = New("internal", "Something went wrong on the server.")
)
