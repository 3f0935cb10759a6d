package gateway

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/wire"
)

// FuzzFrames reads what a client may send, at once and in pieces: neither panics,
// both find the same, and no more is kept than may be.
func FuzzFrames(f *testing.F) {
	ping := `{"id":7,"op":"ping"}`
	for _, b := range [][]byte{
		textOf(ping),
		append(clientFrame(opText, []byte(ping[:5])), clientFrame(final, []byte(ping[5:]))...),
		append(clientFrame(opText, []byte(ping[:5])), clientFrame(final|opPing, []byte("x"))...),
		clientFrame(final|opClose, closePayload(1000, "bye")),
		clientFrame(final|opText|0x40, []byte(ping)),
		textOf(ping + strings.Repeat(" ", 70_000)),
		{final | opText, masked | 127, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4},
	} {
		f.Add(b, uint16(3))
	}
	f.Fuzz(func(t *testing.T, sent []byte, piece uint16) {
		whole := unpack(t, sent, len(sent)+1)
		pieces := unpack(t, sent, 1+int(piece))
		if !slices.Equal(whole, pieces) {
			t.Fatalf("at once\n%q\nin pieces of %d\n%q", whole, 1+int(piece), pieces)
		}
		if byHand, all := plain(sent); all && !slices.Equal(whole, byHand) {
			t.Fatalf("found\n%q\nwant\n%q", whole, byHand)
		}
	})
}

// unpack reads like a session does, up to the first thing that would close it.
func unpack(t *testing.T, sent []byte, piece int) (found []string) {
	d := desks.Get().(*desk)
	defer desks.Put(d)
	var p partial
	for part := range slices.Chunk(sent, piece) {
		p.buf = append(p.buf, part...)
		for len(p.buf) > 0 {
			what, begin, end := p.next(p.buf)
			if what == unfinished {
				if len(p.buf) > rawMost {
					t.Fatalf("%d bytes are kept", len(p.buf))
				}
				break
			}
			switch what {
			case badFrame:
				return append(found, "bad")
			case oversize:
				return append(found, "oversize")
			}
			got, err := d.decode(p.buf[begin:end])
			switch {
			case err != nil:
				return append(found, "bad")
			case got.closed:
				return append(found, "close "+got.reason)
			case what == wholeControl:
				found = append(found, fmt.Sprintf("control %x", got.answer))
				p.buf = append(p.buf[:begin:begin], p.buf[end:]...)
				continue
			}
			if len(got.message) > wire.MaxFrame {
				t.Fatalf("a message has %d bytes", len(got.message))
			}
			found = append(found, fmt.Sprintf("message %v %s", got.text, got.message))
			p.buf, p.scanner = bytes.Clone(p.buf[end:]), scanner{}
		}
	}
	return found
}

// plain reads unfragmented data frames the plainest way. all: there was nothing else.
func plain(b []byte) (found []string, all bool) {
	for len(b) > 0 {
		if len(b) < 6 || b[0] != final|opText && b[0] != final|opBinary || b[1]&masked == 0 {
			return nil, false
		}
		n, at := int(b[1]&^masked), 2
		switch {
		case n == 126 && len(b) >= 8:
			n, at = int(binary.BigEndian.Uint16(b[2:])), 4
		case n >= 126:
			return nil, false
		}
		if len(b) < at+4+n || n > wire.MaxFrame {
			return nil, false
		}
		payload := bytes.Clone(b[at+4 : at+4+n])
		for i := range payload {
			payload[i] ^= b[at+i%4]
		}
		found = append(found, fmt.Sprintf("message %v %s", b[0] == final|opText, payload))
		b = b[at+4+n:]
	}
	return found, true
}
