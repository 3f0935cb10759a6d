package wire

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Entry is one entry as clients see it.
type Entry struct {
	Stream string          `json:"stream"`
	Seq    int64           `json:"seq"`
	Count  int64           `json:"count"`
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`
	From   string          `json:"from"`
	At     Time            `json:"at"`
	Body   json.RawMessage `json:"body"`
}

// EntryOf shows a stored entry to a client.
func EntryOf(e stream.Entry) Entry {
	at := Time{e.At}
	return Entry{
		e.Stream.Name(), int64(e.Seq), e.Count, e.ID.String(),
		string(e.Kind), string(e.From), at, e.Body,
	}
}

// EntriesOf shows stored entries; it is never nil.
func EntriesOf(stored []stream.Entry) []Entry {
	out := make([]Entry, len(stored))
	for i, e := range stored {
		out[i] = EntryOf(e)
	}
	return out
}

// MarshalJSON writes an entry without looking at its body again.
func (e Entry) MarshalJSON() ([]byte, error) {
	return e.append(make([]byte, 0, len(e.Body)+224)), nil
}

// append writes the entry. Nothing but the body can need escaping: streams,
// ids, kinds and authors are plain ASCII by construction.
func (e Entry) append(b []byte) []byte {
	b = append(append(b, `{"stream":"`...), e.Stream...)
	b = strconv.AppendInt(append(b, `","seq":`...), e.Seq, 10)
	b = strconv.AppendInt(append(b, `,"count":`...), e.Count, 10)
	b = append(append(b, `,"id":"`...), e.ID...)
	b = append(append(b, `","kind":"`...), e.Kind...)
	b = append(append(b, `","from":"`...), e.From...)
	b = e.At.append(append(b, `","at":"`...))
	b = append(append(b, `","body":`...), e.Body...)
	return append(b, '}')
}

// EntryEvent is the frame that announces an entry. It is encoded once and written to many.
func EntryEvent(e stream.Entry) []byte {
	b := make([]byte, 0, len(e.Body)+256)
	b = append(b, `{"event":"entry","data":`...)
	return append(EntryOf(e).append(b), '}')
}

// SeqOf tells the position in a frame of EntryEvent that is of this stream. 0: it is another frame.
func SeqOf(frame []byte, s id.Stream) (seq id.Seq) {
	rest, ok := bytes.CutPrefix(frame, []byte(`{"event":"entry","data":{"stream":"`))
	if !ok || len(rest) < len(s) || string(rest[:len(s)]) != string(s) {
		return 0
	}
	if rest, ok = bytes.CutPrefix(rest[len(s):], []byte(`","seq":`)); !ok {
		return 0
	}
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		seq = seq*10 + id.Seq(c-'0')
	}
	return seq
}

// Sent is the reply to a send.
type Sent struct {
	Stream string `json:"stream"`
	Seq    int64  `json:"seq"`
	Count  int64  `json:"count"`
	At     Time   `json:"at"`
}

// SentOf tells a sender where the message is.
func SentOf(e stream.Entry) Sent {
	return Sent{e.Stream.Name(), int64(e.Seq), e.Count, Time{e.At}}
}

// AppendReply writes the reply to the send numbered n.
func (s Sent) AppendReply(b []byte, n int64) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), n, 10)
	b = append(append(b, `,"data":{"stream":"`...), s.Stream...)
	b = strconv.AppendInt(append(b, `","seq":`...), s.Seq, 10)
	b = strconv.AppendInt(append(b, `,"count":`...), s.Count, 10)
	b = s.At.append(append(b, `,"at":"`...))
	return append(b, `"}}`...)
}

// ParseID reads an entry's id.
func (e Entry) ParseID() (uuid.UUID, error) { return uuid.Parse(e.ID) }
