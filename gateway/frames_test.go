package gateway

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

func closePayload(code int, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
}

// TestFraming is what RFC 6455 says of frames, and what the protocol adds.
func TestFraming(t *testing.T) {
	ping := `{"id":7,"op":"ping"}`
	join := func(frames ...[]byte) []byte { return slices.Concat(frames...) }
	fragment := func(first byte, text string) []byte { return clientFrame(first, []byte(text)) }
	unmasked := func(first byte, text string) []byte { return append([]byte{first, byte(len(text))}, text...) }
	long := func(n int) string { return ping + strings.Repeat(" ", n-len(ping)) }

	for name, c := range map[string]struct {
		bytes []byte
		close int  // 0: it stays
		reply bool // the ping is answered before
	}{
		"one frame":                      {textOf(ping), 0, true},
		"two fragments":                  {join(fragment(opText, ping[:5]), fragment(final, ping[5:])), 0, true},
		"an empty last fragment":         {join(fragment(opText, ping), fragment(final, "")), 0, true},
		"empty fragments":                {join(fragment(opText, ""), fragment(0, ping[:3]), fragment(0, ""), fragment(final, ping[3:])), 0, true},
		"a ping amid fragments":          {join(fragment(opText, ping[:5]), fragment(final|opPing, "x"), fragment(final, ping[5:])), 0, true},
		"an unasked pong":                {join(fragment(final|opPong, "x"), textOf(ping)), 0, true},
		"the longest message":            {textOf(long(wire.MaxFrame)), 0, true},
		"the longest one in fragments":   {join(fragment(opText, long(wire.MaxFrame)[:40000]), fragment(final, long(wire.MaxFrame)[40000:])), 0, true},
		"needlessly long lengths":        {join([]byte{final | opText, masked | 127, 0, 0, 0, 0, 0, 0, 0, byte(len(ping)), 0, 0, 0, 0}, []byte(ping)), 0, true},
		"a message cut amid a character": {join(fragment(opText, `{"id":7,"op":"ping","data":{"`+"\xe8\x8c"), fragment(final, "\xb6"+`":1}}`)), 0, true},

		"a byte too long":              {textOf(long(wire.MaxFrame + 1)), wire.CloseTooBig, false},
		"a byte too long in fragments": {join(fragment(opText, long(wire.MaxFrame)), fragment(final, " ")), wire.CloseTooBig, false},
		"only the head of a huge one":  {[]byte{final | opText, masked | 127, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4}, wire.CloseTooBig, false},
		"a length of 2^63":             {[]byte{final | opText, masked | 127, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, wire.CloseTooBig, false},
		"endless empty fragments":      {append(fragment(opText, ""), bytes.Repeat(fragment(0, ""), 30000)...), wire.CloseTooBig, false},

		"unmasked":                        {unmasked(final|opText, ping), wire.CloseFraming, false},
		"an unmasked control frame":       {unmasked(final|opPing, ""), wire.CloseFraming, false},
		"an unmasked fragment":            {join(fragment(opText, ping[:5]), unmasked(final, ping[5:])), wire.CloseFraming, false},
		"reserved bit 1":                  {fragment(final|opText|0x40, ping), wire.CloseFraming, false},
		"reserved bit 2":                  {fragment(final|opText|0x20, ping), wire.CloseFraming, false},
		"reserved bit 3":                  {fragment(final|opText|0x10, ping), wire.CloseFraming, false},
		"reserved bit of a control frame": {fragment(final|opPing|0x40, ""), wire.CloseFraming, false},
		"reserved data opcode 3":          {fragment(final|3, ping), wire.CloseFraming, false},
		"reserved data opcode 7":          {fragment(final|7, ping), wire.CloseFraming, false},
		"reserved control opcode b":       {fragment(final|0xb, ""), wire.CloseFraming, false},
		"reserved control opcode f":       {fragment(final|0xf, ""), wire.CloseFraming, false},
		"a fragmented ping":               {fragment(opPing, ""), wire.CloseFraming, false},
		"a fragmented close":              {fragment(opClose, ""), wire.CloseFraming, false},
		"a ping of 126 bytes":             {fragment(final|opPing, strings.Repeat("x", 126)), wire.CloseFraming, false},
		"a continuation of nothing":       {fragment(final, ping), wire.CloseFraming, false},
		"a message within a message":      {join(fragment(opText, ping[:5]), textOf(ping)), wire.CloseFraming, false},
		"a good one, then garbage":        {join(textOf(ping), []byte("GET / HTTP/1.1\r\n\r\n")), wire.CloseFraming, true},

		"binary":                       {fragment(final|opBinary, ping), wire.CloseBinary, false},
		"fragmented binary":            {join(fragment(opBinary, ping[:5]), fragment(final, ping[5:])), wire.CloseBinary, false},
		"not UTF-8":                    {textOf("{\"id\":7,\"op\":\"\xff\"}"), wire.CloseNotUTF8, false},
		"a lone half of a character":   {textOf("{\"id\":7,\"op\":\"\xed\xa0\x80\"}"), wire.CloseNotUTF8, false},
		"UTF-8 that is cut at the end": {join(fragment(opText, "{"), fragment(final, "\xe8\x8c")), wire.CloseNotUTF8, false},
		"no JSON":                      {textOf("hello"), wire.CloseProtocol, false},
		"an empty message":             {textOf(""), wire.CloseProtocol, false},
		"no object":                    {textOf("[1]"), wire.CloseProtocol, false},
		"no id":                        {textOf(`{"op":"ping"}`), wire.CloseProtocol, false},
		"an id of zero":                {textOf(`{"id":0,"op":"ping"}`), wire.CloseProtocol, false},
		"two objects":                  {textOf(ping + ping), wire.CloseProtocol, false},

		"close":                      {fragment(final|opClose, ""), -1, false},
		"close with a code":          {clientFrame(final|opClose, closePayload(1000, "")), 1000, false},
		"close with a reason":        {clientFrame(final|opClose, closePayload(1001, "going home 茶")), 1001, false},
		"close of an application":    {clientFrame(final|opClose, closePayload(4999, "")), 4999, false},
		"close amid a message":       {join(fragment(opText, ping[:5]), clientFrame(final|opClose, closePayload(1000, ""))), 1000, false},
		"close after a request":      {join(textOf(ping), clientFrame(final|opClose, closePayload(1000, ""))), 1000, true},
		"requests after close":       {join(clientFrame(final|opClose, closePayload(1000, "")), textOf(ping)), 1000, false},
		"close with half a code":     {clientFrame(final|opClose, []byte{3}), wire.CloseFraming, false},
		"close with code 1005":       {clientFrame(final|opClose, closePayload(1005, "")), wire.CloseFraming, false},
		"close with code 1006":       {clientFrame(final|opClose, closePayload(1006, "")), wire.CloseFraming, false},
		"close with code 999":        {clientFrame(final|opClose, closePayload(999, "")), wire.CloseFraming, false},
		"close with code 2999":       {clientFrame(final|opClose, closePayload(2999, "")), wire.CloseFraming, false},
		"close with code 5000":       {clientFrame(final|opClose, closePayload(5000, "")), wire.CloseFraming, false},
		"close with a broken reason": {clientFrame(final|opClose, closePayload(1000, "\xff")), wire.CloseNotUTF8, false},
	} {
		t.Run(name, func(t *testing.T) {
			bothHouses(t, nil, func(t *testing.T, h *house) {
				for _, step := range []int{len(c.bytes), 1 + len(c.bytes)/3} { // at once, and in three parts
					p := h.join("ann", "a")
					p.t = t
					for part := range slices.Chunk(c.bytes, step) {
						p.conn.Write(part) // it may be closed already
					}
					if c.reply {
						if m := p.reply(7); m.Error != nil && m.Error.Code != "unknown_field" {
							t.Fatalf("answer %+v", m.Error)
						}
					}
					switch c.close {
					case 0:
						p.ok("ping", struct{}{})
					case -1: // an echo without a code
						if op, payload, err := p.frame(); op != opClose || len(payload) > 0 || err != nil {
							t.Fatalf("answers %x %x %v", op, payload, err)
						}
						if _, err := p.in.ReadByte(); err != io.EOF {
							t.Fatalf("then %v", err)
						}
					default:
						p.closes(c.close)
						for _, m := range p.seen {
							t.Fatalf("got %+v as well", m)
						}
					}
				}
			})
		})
	}
}

func TestPingIsAnsweredAtOnce(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		p := h.join("ann", "a")
		// Amid a message, whose rest comes only after the answer.
		request := textOf(`{"id":7,"op":"ping"}`)
		first := clientFrame(opText, []byte(`{"id":7,`))
		p.write(append(first, clientFrame(final|opPing, []byte("are you there"))...)...)
		if op, payload, err := p.frame(); op != opPong || string(payload) != "are you there" || err != nil {
			t.Fatalf("answers %x %q %v", op, payload, err)
		}
		p.write(clientFrame(final, []byte(`"op":"ping"}`))...)
		p.reply(7)
		// Byte by byte.
		for _, b := range request {
			p.write(b)
		}
		p.reply(7)
	})
}

// TestDrippingMessage: a message may take a heartbeat; a client that sends it
// byte by byte is not silent, and closed all the same.
func TestDrippingMessage(t *testing.T) {
	bothHouses(t, func(p *plan) { p.Heartbeat = 150 * time.Millisecond }, func(t *testing.T, h *house) {
		p := h.join("ann", "a")
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			for _, b := range textOf(strings.Repeat(" ", 60_000)) {
				if _, err := p.conn.Write([]byte{b}); err != nil || h.gw.Stats().Sessions == 0 {
					return
				}
				time.Sleep(5 * time.Millisecond) // that slow is the client
			}
		})
		p.closes(wire.CloseSilent)
	})
}

func TestSilenceIsClosed(t *testing.T) {
	bothHouses(t, func(p *plan) { p.Heartbeat = 100 * time.Millisecond }, func(t *testing.T, h *house) {
		silent, answering := h.join("ann", "a"), h.join("ben", "b")
		stop := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				op, payload, err := answering.frame()
				if err != nil {
					return
				}
				if op == opPing {
					answering.conn.Write(clientFrame(final|opPong, payload))
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
		silent.closes(wire.CloseSilent)
		if silent.pings == 0 {
			t.Fatal("it was never pinged")
		}
		if n := h.gw.Stats().Sessions; n != 1 {
			t.Fatalf("%d sessions are left, want the one that answers", n)
		}
		close(stop)
		<-done
		answering.ok("ping", struct{}{})
	})
}

func TestTooManyFrames(t *testing.T) {
	bothHouses(t, func(p *plan) { p.Limits.FramesPerSecond, p.Limits.FramesBurst = 5, 20 }, func(t *testing.T, h *house) {
		fast, slow := h.join("ann", "a"), h.join("ben", "b")
		for range 19 { // hello was the first
			slow.start("ping", struct{}{})
		}
		slow.reply(slow.n)
		var all []byte
		for range 40 {
			b, _ := fast.request("ping", struct{}{})
			all = append(all, b...)
		}
		fast.conn.Write(all)
		bye := fast.event("bye")
		if !strings.Contains(string(bye.Data), `"reason":"rate_limited","retry_ms":`) {
			t.Fatalf("bye %s", bye.Data)
		}
		fast.closes(wire.CloseRateLimited)
		if n := len(fast.seen); n < 19 || n > 24 {
			t.Fatalf("%d requests were answered before", n)
		}
	})
}

func TestFrameEncoding(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 300_000} {
		payload := strings.Repeat("x", n)
		f := textFrame([]byte(payload), false)
		p := &peer{in: newReader(f.bytes), conn: nopConn{}}
		op, got, err := p.frame()
		if op != opText || string(got) != payload || err != nil {
			t.Fatalf("%d bytes come back as %d, %v", n, len(got), err)
		}
		if _, err := p.in.ReadByte(); err != io.EOF {
			t.Fatalf("%d bytes: something is left", n)
		}
	}
	if got := fmt.Sprintf("%x", closeFrame(4401).bytes); got != "88021131" {
		t.Fatal(got)
	}
}
