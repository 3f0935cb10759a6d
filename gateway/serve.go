package gateway

import (
	"slices"
	"unicode/utf8"

	"github.com/teahouse-im/teahouse/wire"
)

// serve reads and handles what the client sent until nothing is left or the
// session waits for something. One goroutine at a time may. It reports false
// when the session is over.
func (s *session) serve(d *desk) bool {
	p := &d.rest
	*p = partial{buf: d.buf[:0]}
	if s.partial != nil {
		*p, s.partial = *s.partial, nil
	}
	for {
		wait := s.consume(d, p)
		if wait {
			s.keep(d, p, false)
			return true
		}
		if len(p.buf) == cap(p.buf) {
			p.buf = slices.Grow(p.buf, len(p.buf))
		}
		n, err := s.link.read(p.buf[len(p.buf):cap(p.buf)])
		if n > 0 {
			s.heard.Store(int64(s.gw.wheel.now()))
			s.gw.stats.bytesIn.Add(int64(n))
			p.buf = p.buf[:len(p.buf)+n]
			continue
		}
		if err == errLater {
			s.keep(d, p, true)
			return true
		}
		if err != nil {
			s.drop()
			return false
		}
	}
}

// keep saves what is not handled for the next time. clientsTurn: it is a part of
// a message whose rest the client owes.
func (s *session) keep(d *desk, p *partial, clientsTurn bool) {
	if len(p.buf) == 0 || !clientsTurn {
		p.since = 0
	} else if p.since == 0 {
		p.since = s.gw.wheel.now()
	}
	s.stalled.Store(int64(p.since))
	if len(p.buf) == 0 {
		return
	}
	kept := *p
	if &p.buf[0] == &d.buf[:1][0] {
		kept.buf = slices.Clone(p.buf)
	}
	s.partial = &kept
}

// consume handles every whole message and control frame in p, and cuts them out.
// wait: the next one cannot be handled now; wake is called when it can.
func (s *session) consume(d *desk, p *partial) (wait bool) {
	b := p.buf // what is not handled yet
	defer func() { p.buf = p.buf[:copy(p.buf, b)] }()
	for len(b) > 0 {
		over, full := s.standing()
		switch {
		case over: // the rest is of no interest
			b = nil
			return false
		case full:
			return true
		}
		f, begin, end := p.next(b)
		switch {
		case f == unfinished:
			return false
		case !s.bucket.take(s.gw):
			s.tooMany()
			continue
		}
		s.gw.stats.framesIn.Add(1)
		switch f {
		case oversize:
			s.close(wire.CloseTooBig)
		case badFrame:
			s.close(wire.CloseFraming)
		case wholeControl:
			s.control(d, b[begin:end])
			b = b[:begin+copy(b[begin:], b[end:])]
		case wholeMessage:
			if s.message(d, b[:end]) {
				s.bucket.back(s.gw)
				return true
			}
			b = b[end:]
			p.scanner, p.since = scanner{}, 0
		}
	}
	return false
}

// control handles a control frame.
func (s *session) control(d *desk, unit []byte) {
	got, err := d.decode(unit)
	switch {
	case err != nil:
		s.close(wire.CloseFraming)
	case got.closed && !utf8.ValidString(got.reason):
		s.close(wire.CloseNotUTF8)
	case got.closed:
		s.closed(got.answer)
	case len(got.answer) > 0:
		s.send(&frame{bytes: slices.Clone(got.answer)})
	}
}

// message handles a whole message. wait: not now.
func (s *session) message(d *desk, unit []byte) (wait bool) {
	got, err := d.decode(unit)
	switch {
	case err != nil:
		s.close(wire.CloseFraming)
	case !got.text:
		s.close(wire.CloseBinary)
	case !utf8.Valid(got.message):
		s.close(wire.CloseNotUTF8)
	default:
		return s.request(got.message)
	}
	return false
}
