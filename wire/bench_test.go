package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

func BenchmarkParseAndDecode(b *testing.B) {
	msg := []byte(`{"id":42,"op":"send","data":{"stream":"g-abcdefghijklmnopqrstuvwxyz","message_id":"0198c0de-7a11-7000-8000-000000000001","kind":"text","body":{"text":"` + strings.Repeat("x", 128) + `"}}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		r, err := wire.ParseRequest(msg)
		if err == nil {
			_, err = wire.Decode[wire.Send](r.Data)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseNested(b *testing.B) {
	msg := []byte(`{"id":1,"op":"send","data":` + nested(32_000) + `}`)
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		if _, err := wire.ParseRequest(msg); !errors.Is(err, fault.BadRequest) {
			b.Fatal(err)
		}
	}
}

func BenchmarkEntryEvent(b *testing.B) {
	e := message(strings.Repeat("x", 128))
	b.ReportAllocs()
	for b.Loop() {
		wire.EntryEvent(e)
	}
}

func BenchmarkSendReply(b *testing.B) {
	sent := wire.SentOf(message("x"))
	var buf [256]byte
	b.ReportAllocs()
	for b.Loop() {
		sent.AppendReply(buf[:0], 42)
	}
}

func BenchmarkPageReply(b *testing.B) {
	stored := make([]stream.Entry, 200)
	for i := range stored {
		stored[i] = message(strings.Repeat("x", 128))
	}
	b.ReportAllocs()
	for b.Loop() {
		wire.Reply(1, wire.Page{Entries: wire.EntriesOf(stored), Head: 12})
	}
}

func BenchmarkParseSend(b *testing.B) {
	msg := []byte(`{"id":42,"op":"send","data":{"stream":"g-abcdefghijklmnopqrstuvwxyz","message_id":"0198c0de-7a11-7000-8000-000000000001","kind":"text","body":{"text":"` + strings.Repeat("x", 128) + `"}}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		if _, _, ok := wire.ParseSend(msg); !ok {
			b.Fatal("not read")
		}
	}
}
