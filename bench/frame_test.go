package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/teahouse-im/teahouse/id"
)

// serverFrame is a frame as a server sends it.
func serverFrame(op byte, payload []byte) []byte {
	b := []byte{0x80 | op}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = append(b, 126, byte(n>>8), byte(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func TestMessagesComeWholeHoweverTheyArrive(t *testing.T) {
	var sent [][]byte
	var stream []byte
	for _, n := range []int{0, 1, 125, 126, 127, 1000, 65535, 65536, 200_000, 3, 0, 70_000, 126} {
		msg := bytes.Repeat([]byte{byte('a' + len(sent))}, n)
		sent = append(sent, msg)
		stream = append(append(stream, serverFrame(opPong, []byte("x"))...), serverFrame(opText, msg)...)
	}
	stream = append(stream, serverFrame(opClose, append([]byte{0x11, 0x39}, "replaced"...))...)
	for range 20 {
		mine, theirs := net.Pipe()
		go func() {
			for rest := stream; len(rest) > 0; {
				n := min(len(rest), 1+rand.IntN(1<<rand.IntN(18)))
				if _, err := theirs.Write(rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
		}()
		c := &conn{sock: mine, buf: make([]byte, 16)}
		for i, want := range sent {
			got, err := c.message()
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("message %d has %d bytes (%v), wanted %d", i, len(got), err, len(want))
			}
		}
		if _, err := c.message(); err == nil || err.Error() != "closed by the server: 4409 replaced" {
			t.Fatalf("the end is %v", err)
		}
		mine.Close()
	}
}

func TestWhatIsNoFrameIsRefused(t *testing.T) {
	for _, b := range [][]byte{
		{0x01, 0},    // a fragment
		{0xC1, 0},    // compressed
		{0x81, 0x80}, // masked
		{0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0},
	} {
		if _, _, _, _, err := cutFrame(b); !errors.Is(err, errFrame) {
			t.Errorf("%x: %v", b, err)
		}
	}
}

func TestClientFramesAreMasked(t *testing.T) {
	for _, n := range []int{0, 125, 126, 70_000} {
		b := appendFrame(nil, opText, bytes.Repeat([]byte("x"), n))
		if b[0] != 0x81 || b[1]&0x80 == 0 {
			t.Fatalf("%d bytes: %x", n, b[:2])
		}
		b[1] &^= 0x80 // as the server would have sent it, but for the key
		_, payload, rest, need, err := cutFrame(append(b, 0, 0, 0, 0))
		if err != nil || need > 0 || len(payload) != n || len(rest) != 8 {
			t.Errorf("%d bytes: %d come back, %d are left, %d missing (%v)", n, len(payload), len(rest), need, err)
		}
	}
}

func TestStampsAndIds(t *testing.T) {
	mine, theirs := net.Pipe()
	defer mine.Close()
	c := &conn{sock: mine}
	seen := map[string]bool{}
	for i, number := range []int64{0, 7, 1234567890} {
		go c.send(toUser("bob"), number, 128)
		frame := make([]byte, 4096)
		n, err := theirs.Read(frame)
		if err != nil {
			t.Fatal(err)
		}
		msg := frame[8:n]
		s, _, ok := stampOf(msg)
		if !ok || s.number != number || s.at <= 0 || s.at > clock() {
			t.Errorf("message %d: stamp %+v in %s", i, s, msg)
		}
		_, rest, _ := bytes.Cut(msg, []byte(`"message_id":"`))
		one := string(rest[:36])
		if _, ok := id.ParseMessage(one); !ok || seen[one] {
			t.Errorf("message id %s", one)
		}
		seen[one] = true
		_, text, _ := bytes.Cut(msg, []byte(`"text":"`))
		if n := bytes.IndexByte(text, '"'); n != 128 {
			t.Errorf("a text of %d bytes", n)
		}
	}
}

func TestNumbersInEntriesOnly(t *testing.T) {
	text := func(n string) string { return `{"body":{"text":"TB!0000000000000001` + n + `tea "}}` }
	msg := `{"id":1,"data":{"sync":{"streams":[{"last":` + text("0000000005") + `,"entries":[` + text("0000000003") + "," + text("0000000004") +
		`]},{"last":null,"entries":[` + text("0000000011") + `]}]}}}`
	if got := numbersIn([]byte(msg), 10); got != 1<<3|1<<4|1<<1 {
		t.Errorf("numbers %b", got)
	}
}
