package bench

import (
	"encoding/binary"
	"errors"
)

// The part of RFC 6455 that a client of this project meets: unfragmented
// messages and control frames, no extensions.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA

	frameMost = 64 << 20 // bytes of one message from the server
)

var errFrame = errors.New("the server sent no frame of a text message")

// appendFrame appends a whole message as a client sends it. The masking key is
// zero, which leaves the bytes as they are: the generator must be cheap.
func appendFrame(b []byte, op byte, payload []byte) []byte {
	b = appendHead(b, op, len(payload))
	return append(b, payload...)
}

func appendHead(b []byte, op byte, n int) []byte {
	switch {
	case n < 126:
		b = append(b, 0x80|op, 0x80|byte(n))
	case n < 1<<16:
		b = append(b, 0x80|op, 0x80|126, byte(n>>8), byte(n))
	default:
		b = append(b, 0x80|op, 0x80|127)
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return append(b, 0, 0, 0, 0)
}

// cutFrame takes the first frame off b. need is how many bytes are needed
// before there is a whole one, 0 if there is.
func cutFrame(b []byte) (op byte, payload, rest []byte, need int, err error) {
	if len(b) < 2 {
		return 0, nil, b, 2, nil
	}
	if b[0]&0xF0 != 0x80 || b[1]&0x80 != 0 {
		return 0, nil, b, 0, errFrame
	}
	head, n := 2, int(b[1])
	switch n {
	case 126:
		head = 4
		if len(b) < head {
			return 0, nil, b, head, nil
		}
		n = int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		head = 10
		if len(b) < head {
			return 0, nil, b, head, nil
		}
		size := binary.BigEndian.Uint64(b[2:])
		if size > frameMost {
			return 0, nil, b, 0, errFrame
		}
		n = int(size)
	}
	if len(b) < head+n {
		return 0, nil, b, head + n, nil
	}
	return b[0] & 0x0F, b[head : head+n], b[head+n:], 0, nil
}
