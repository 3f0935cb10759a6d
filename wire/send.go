package wire

import (
	"bytes"
	"unicode/utf8"
)

// ParseSend reads a send of one text in the form in which programs write it: no
// white space, no escapes, the envelope's members in the protocol's order. That is
// nearly every message, and this way it takes a fifth of the time. Not ok: it may be
// anything, and ParseRequest and Decode tell what.
func ParseSend(msg []byte) (n int64, m Send, ok bool) {
	p := plain(msg)
	if !p.cut(`{"id":`) {
		return 0, m, false
	}
	digits, rest, _ := bytes.Cut(p, []byte{','})
	if n, ok = parseID(digits); !ok {
		return 0, m, false
	}
	if p = rest; !p.cut(`"op":"send","data":{`) || !utf8.Valid(msg) {
		return 0, m, false
	}
	for {
		name, ok := p.name()
		if !ok || !p.member(name, &m) {
			return 0, m, false
		}
		if p.cut(`}}`) {
			return n, m, len(p) == 0
		}
		if !p.cut(`,`) {
			return 0, m, false
		}
	}
}

// member reads the value of one member of a send, which has none of that name yet.
func (p *plain) member(name []byte, m *Send) bool {
	into := &m.Kind
	switch string(name) {
	case "stream":
		into = &m.Stream
	case "to":
		into = &m.To
	case "message_id":
		into = &m.MessageID
	case "body":
		value := *p
		if _, ok := p.single(); !ok || m.Body != nil {
			return false
		}
		m.Body = bytes.Clone(value[:len(value)-len(*p)])
		return true
	case "kind":
	default:
		return false
	}
	text, ok := p.text()
	if !ok || len(text) == 0 || *into != "" {
		return false
	}
	*into = string(text)
	return true
}

// OnlyText reads an object of one member that is called name, has no white space
// and no escapes in it, and is not empty: {"text":"hello"}. Not ok: it may be anything.
func OnlyText(object []byte, name string) (text []byte, ok bool) {
	p := plain(object)
	if !p.cut(`{"`) || !p.cut(name) || !p.cut(`":`) {
		return nil, false
	}
	text, ok = p.text()
	return text, ok && p.cut(`}`) && len(p) == 0 && utf8.Valid(text)
}

// plain is JSON without white space and escapes, from where it was read on.
type plain []byte

// cut takes off what comes next if it is that.
func (p *plain) cut(next string) bool {
	if len(*p) < len(next) || string((*p)[:len(next)]) != next {
		return false
	}
	*p = (*p)[len(next):]
	return true
}

// text takes off a string.
func (p *plain) text() (text []byte, ok bool) {
	if !p.cut(`"`) {
		return nil, false
	}
	for i, c := range *p {
		switch {
		case c == '"':
			text, *p = (*p)[:i], (*p)[i+1:]
			return text, true
		case c < ' ' || c == '\\':
			return nil, false
		}
	}
	return nil, false
}

// name takes off a member's name.
func (p *plain) name() (name []byte, ok bool) {
	name, ok = p.text()
	return name, ok && p.cut(`:`)
}

// single takes off an object whose one member is a string.
func (p *plain) single() (text []byte, ok bool) {
	if !p.cut(`{`) {
		return nil, false
	}
	if _, ok = p.name(); !ok {
		return nil, false
	}
	text, ok = p.text()
	return text, ok && p.cut(`}`)
}
