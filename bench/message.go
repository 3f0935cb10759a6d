package bench

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Every message of the bench begins with a stamp: a mark, when it was sent
// (nanoseconds of this process) and its number.
const (
	stampMark  = "TB!"
	stampBytes = len(stampMark) + 16 + 10
)

var (
	began    = time.Now()
	textMark = []byte(`"text":"` + stampMark)
	padding  = strings.Repeat("tea ", 1<<14)
)

func clock() int64 { return int64(time.Since(began)) }

// A stamp is what a message says of itself.
type stamp struct{ at, number int64 }

// stampOf finds the first stamp in a message, and what follows it.
func stampOf(msg []byte) (s stamp, rest []byte, ok bool) {
	i := bytes.Index(msg, textMark)
	if i < 0 || len(msg) < i+len(textMark)+26 {
		return stamp{}, nil, false
	}
	b := msg[i+len(textMark):]
	return stamp{digits(b[:16]), digits(b[16:26])}, b[26:], true
}

func digits(b []byte) (n int64) {
	for _, c := range b {
		n = n*10 + int64(c-'0')
	}
	return n
}

func appendDigits(b []byte, n int64, width int) []byte {
	at := len(b) + width
	b = append(b, "0000000000000000"[:width]...)
	for i := at - 1; n > 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// messageIDs are UUIDv7: the time, and a counter of this process under a random salt.
var (
	salt    = rand.Uint64()
	counter atomic.Uint64
)

func appendMessageID(b []byte) []byte {
	n := counter.Add(1)
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(time.Now().UnixMilli())<<16|0x7000|salt&0x0FFF)
	binary.BigEndian.PutUint64(id[8:], 1<<63|salt>>34<<32&(1<<62-1)|n&(1<<32-1))
	for i, part := range [][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, id[part[0]:part[1]])
	}
	return b
}

// send sends a message of size bytes of text, with its stamp.
func (c *conn) send(to receiver, number int64, size int) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	c.id++
	var space [512]byte
	msg := strconv.AppendInt(append(space[:0], `{"id":`...), c.id, 10)
	msg = append(append(append(msg, `,"op":"send","data":{"`...), to.member...), `":"`...)
	msg = append(append(msg, to.name...), `","message_id":"`...)
	msg = append(appendMessageID(msg), `","kind":"text","body":{"text":"`...)
	msg = append(msg, stampMark...)
	msg = appendDigits(msg, clock(), 16)
	msg = appendDigits(msg, number, 10)
	msg = append(append(msg, padding[:size-stampBytes]...), `"}}}`...)
	c.out = appendFrame(c.out[:0], opText, msg)
	_, err := c.sock.Write(c.out)
	return err
}

// A receiver is where messages go: a stream, or a user.
type receiver struct{ member, name string }

func toStream(name string) receiver { return receiver{"stream", name} }
func toUser(name string) receiver   { return receiver{"to", name} }
