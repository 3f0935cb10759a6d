package wire_test

import (
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/wire"
)

const aSend = `{"id":7,"op":"send","data":{"to":"bob","message_id":"m","kind":"text","body":{"text":"häy \u007f"}}}`

func TestParseSend(t *testing.T) {
	for msg, want := range map[string]bool{
		`{"id":7,"op":"send","data":{"to":"bob","message_id":"m","kind":"text","body":{"text":"häy ` + "\x7f\u2028" + `<&>"}}}`: true,
		`{"id":7,"op":"send","data":{"body":{"text":""},"stream":"g-1"}}`:                                                       true,
		`{"id":9007199254740991,"op":"send","data":{"body":{"user":"null"},"kind":"contact","to":"a","stream":"b"}}`:            true,

		aSend: false, // an escape
		`{"id":7, "op":"send","data":{"to":"bob"}}`:                             false,
		`{"op":"send","id":7,"data":{"to":"bob"}}`:                              false,
		`{"id":7,"op":"ping","data":{"to":"bob"}}`:                              false,
		`{"id":0,"op":"send","data":{"to":"bob"}}`:                              false,
		`{"id":07,"op":"send","data":{"to":"bob"}}`:                             false,
		`{"id":9007199254740992,"op":"send","data":{"to":"bob"}}`:               false,
		`{"id":7,"op":"send","data":{}}`:                                        false,
		`{"id":7,"op":"send","data":{"to":"bob",}}`:                             false,
		`{"id":7,"op":"send","data":{"to":"bob","to":"bob"}}`:                   false,
		`{"id":7,"op":"send","data":{"to":"","to":"bob"}}`:                      false,
		`{"id":7,"op":"send","data":{"to":null}}`:                               false,
		`{"id":7,"op":"send","data":{"To":"bob"}}`:                              false,
		`{"id":7,"op":"send","data":{"to":"bob"}} `:                             false,
		`{"id":7,"op":"send","data":{"to":"bob"}}}`:                             false,
		`{"id":7,"op":"send","data":{"to":"bob"},"id":8}`:                       false,
		`{"id":7,"op":"send","data":{"to":"bob"`:                                false,
		`{"id":7,"op":"send","data":{"to":"` + "\xff" + `"}}`:                   false,
		`{"id":7,"op":"send","data":{"to":"a` + "\n" + `b"}}`:                   false,
		`{"id":7,"op":"send","data":{"to":"a\nb"}}`:                             false,
		`{"id":7,"op":"send","data":{"body":{}}}`:                               false,
		`{"id":7,"op":"send","data":{"body":{"text":"a","text":"b"}}}`:          false,
		`{"id":7,"op":"send","data":{"body":{"text":"a"},"body":{"text":"b"}}}`: false,
		`{"id":7,"op":"send","data":{"body":{"text":"` + "\xff" + `"}}}`:        false,
		`{"id":7,"op":"send","data":{"body":{"text":["a"]}}}`:                   false,
		`{"id":7,"op":"send","data":{"body":"a"}}`:                              false,
		`{"id":7,"op":"send","data":{"body":{"text":"a"}`:                       false,
		``: false,
	} {
		if _, _, ok := wire.ParseSend([]byte(msg)); ok != want {
			t.Errorf("%s: %v", msg, ok)
		}
		readsAlike(t, []byte(msg))
	}
}

// readsAlike checks that a send which ParseSend reads is, to the letter, what the strict way reads.
func readsAlike(t *testing.T, msg []byte) {
	t.Helper()
	n, m, ok := wire.ParseSend(msg)
	if !ok {
		return
	}
	r, err := wire.ParseRequest(msg)
	if err != nil || r.ID != n || r.Op != "send" {
		t.Fatalf("%s: is %d %q, %v", msg, r.ID, r.Op, err)
	}
	if strict, err := wire.Decode[wire.Send](r.Data); err != nil || !reflect.DeepEqual(m, strict) {
		t.Fatalf("%s: %+v, not %+v, %v", msg, m, strict, err)
	}
}

func TestOnlyText(t *testing.T) {
	for object, want := range map[string]string{
		`{"text":"a"}`: "a", `{"text":""}`: "", `{"text":"ä ` + "\x7f\u2028" + `<&>"}`: "ä \x7f\u2028<&>",
		`{"text":"a\n"}`: "-", `{"text":"` + "\n" + `"}`: "-", `{"text":"` + "\xff" + `"}`: "-", `{"text": "a"}`: "-",
		`{"text":"a"} `: "-", `{"text":"a","text":"b"}`: "-", `{"txt":"a"}`: "-", `{"text":1}`: "-", `{"text":"a"`: "-", ``: "-",
	} {
		text, ok := wire.OnlyText([]byte(object), "text")
		if ok != (want != "-") || ok && string(text) != want {
			t.Errorf("%s: %q, %v", object, text, ok)
		}
		if again, err := json.Marshal(map[string]string{"text": string(text)}); ok && (err != nil || string(again) != object) {
			t.Errorf("%s would be stored as %s, %v", object, again, err)
		}
	}
}
