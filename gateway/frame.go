package gateway

import "encoding/binary"

// A frame is one WebSocket frame as it goes out, header and payload in one
// piece. It is encoded once and shared by every session it goes to: nobody may change it.
type frame struct {
	bytes []byte
	lossy bool // an event: dropped when the session falls behind. Replies and control frames are not.
}

// Opcodes of RFC 6455.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

const (
	final  = 0x80 // in the first byte: the last frame of its message
	masked = 0x80 // in the second byte

	// headerMost is the longest header of a frame from the server.
	headerMost = 10
)

// pingFrame is the ping all sessions get.
var pingFrame = &frame{bytes: []byte{final | opPing, 0}}

// seal makes a text frame of b, whose payload begins at headerMost, by putting
// the header right in front of the payload.
func seal(b []byte, lossy bool) *frame {
	n := len(b) - headerMost
	at := headerMost
	switch {
	case n < 126:
		at -= 2
		b[at+1] = byte(n)
	case n < 1<<16:
		at -= 4
		b[at+1] = 126
		binary.BigEndian.PutUint16(b[at+2:], uint16(n))
	default:
		b[1] = 127
		at = 0
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
	b[at] = final | opText
	return &frame{b[at:], lossy}
}

func textFrame(payload []byte, lossy bool) *frame {
	return seal(append(make([]byte, headerMost, headerMost+len(payload)), payload...), lossy)
}

func closeFrame(code int) *frame {
	return &frame{bytes: []byte{final | opClose, 2, byte(code >> 8), byte(code)}}
}
