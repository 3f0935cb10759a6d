package gateway

import (
	"encoding/binary"

	"github.com/teahouse-im/teahouse/wire"
)

// rawMost bounds the bytes of one message with all its frames' headers, so that
// a message in countless tiny fragments does not fill the memory.
const rawMost = 2 * wire.MaxFrame

// A scanner finds in the bytes a client sent what can be read in one go: a whole
// message, or one control frame. What is not whole yet is only kept; so reading
// never waits, and a client that is slow with the rest costs its bytes and no goroutine.
type scanner struct {
	at    int  // the first frame that was not looked at begins here
	size  int  // payload of the message so far
	begun bool // a message has begun and is not complete
}

type finding byte

const (
	unfinished   finding = iota // more bytes are needed
	wholeMessage                // all before end
	wholeControl                // from begin to end, perhaps amid the fragments of a message
	badFrame                    // no client may send this; the decoder says why
	oversize                    // a message that is longer than allowed
)

// next looks further into b. Whoever cuts out a whole control frame leaves the
// scanner as it is; after a whole message it begins anew.
func (s *scanner) next(b []byte) (f finding, begin, end int) {
	for {
		h, n, ok := parseHeader(b[s.at:])
		end := s.at + n + h.length
		switch {
		case ok && h.bad(s.begun):
			return badFrame, 0, len(b)
		case ok && !h.control() && s.size+h.length > wire.MaxFrame:
			return oversize, 0, 0
		case !ok || len(b) < end:
			if len(b) > rawMost {
				return oversize, 0, 0
			}
			return unfinished, 0, 0
		case h.control():
			return wholeControl, s.at, end
		case h.final:
			return wholeMessage, 0, end
		}
		s.at, s.size, s.begun = end, s.size+h.length, true
	}
}

// A header is what stands before a frame's payload.
type header struct {
	final  bool
	rsv    bool // one of the bits that mean nothing without an extension
	masked bool
	opcode byte
	length int // of the payload
}

// parseHeader reads a header and tells its length; not ok: it is not all there.
func parseHeader(b []byte) (h header, n int, ok bool) {
	if len(b) < 2 {
		return h, 0, false
	}
	h = header{b[0]&final != 0, b[0]&0x70 != 0, b[1]&masked != 0, b[0] & 0xf, int(b[1] &^ masked)}
	n = 2
	if !h.control() { // whose length is in these two bytes or wrong
		switch {
		case h.length == 126 && len(b) >= 4:
			h.length, n = int(binary.BigEndian.Uint16(b[2:])), 4
		case h.length == 127 && len(b) >= 10:
			h.length, n = int(min(binary.BigEndian.Uint64(b[2:]), 1<<31-1)), 10
		case h.length >= 126:
			return h, 0, false
		}
	}
	if h.masked {
		n += 4
	}
	return h, n, true
}

func (h *header) control() bool { return h.opcode >= opClose }

// whole tells whether it is that of a message in one frame, with nothing wrong about it.
func (h *header) whole() bool { return h.final && !h.control() && !h.bad(false) }

// bad tells whether no client may send this; begun: fragments of a message came before.
func (h *header) bad(begun bool) bool {
	switch {
	case h.rsv || !h.masked:
		return true
	case h.control():
		return h.opcode > opPong || !h.final || h.length > 125
	case begun:
		return h.opcode != opContinuation
	}
	return h.opcode != opText && h.opcode != opBinary
}
