package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// what says in a word how a message was taken: "ok", "gone" for one that ends the
// connection, or a fault's code with the places it points at.
func what(err error) string {
	f, isFault := errors.AsType[*fault.Fault](err)
	switch {
	case err == nil:
		return "ok"
	case err == wire.ErrNoRequest:
		return "gone"
	case !isFault:
		return err.Error()
	}
	words := []string{string(f.Code)}
	for _, field := range f.Fields {
		words = append(words, field.Pointer)
	}
	return strings.Join(words, " ")
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestParseRequest(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, c := range []struct{ msg, want string }{
		{`{"id":1,"op":"ping"}`, "ok"},
		{` { "data" : {} , "op" : "ping" , "id" : 9007199254740991 } ` + "\r\n\t", "ok"},
		{`{"id":1,"op":"p\u0069ng","data":{"a":[1,{"b":null}]}}`, "ok"},
		{`{"\u0069d":1,"op":"ping"}`, "ok"},
		{`{"id":1}`, "ok"},                                     // no op; the dispatcher does not know ""
		{`{"id":1,"op":"ping","data":[]}`, "ok"},               // for Decode to refuse
		{`{"id":1,"op":"ping","data":"` + "\xff" + `"}`, "ok"}, // the same
		{`{"id":1,"op":"ping","data":{"a":1,"a":2}}`, "ok"},    // the same

		// no JSON, or more than that
		{``, "gone"},
		{`ping`, "gone"},
		{"\x00", "gone"},
		{"\ufeff" + `{"id":1,"op":"ping"}`, "gone"},
		{`{"id":1,"op":"ping"`, "gone"},
		{`{"id":1,"op":"ping",}`, "gone"},
		{`{'id':1,'op':'ping'}`, "gone"},
		{`{"id":1 "op":"ping"}`, "gone"},
		{`{"id":1,"op":"ping"}{}`, "gone"},
		{`{"id":1,"op":"ping"}]`, "gone"},
		{`{"id":1,"op":"ping"}` + "\x00", "gone"},
		{`{"id":1,"op":"pi` + "\x00" + `ng"}`, "gone"},
		{`{"id":1,"op":"ping","data":{"a":tru}}`, "gone"},
		{`{"id":1,"op":"ping"} // bye`, "gone"},
		{`{"id":1,"op":"ping","data":{]}`, "gone"},

		// JSON, but no object
		{`[]`, "gone"},
		{`[{"id":1,"op":"ping"}]`, "gone"},
		{`null`, "gone"},
		{`1`, "gone"},
		{`"{}"`, "gone"},

		// no usable id
		{`{}`, "gone"},
		{`{"op":"ping"}`, "gone"},
		{`{"ID":1,"op":"ping"}`, "gone"},
		{`{"id":0,"op":"ping"}`, "gone"},
		{`{"id":-1,"op":"ping"}`, "gone"},
		{`{"id":-0,"op":"ping"}`, "gone"},
		{`{"id":01,"op":"ping"}`, "gone"},
		{`{"id":1.0,"op":"ping"}`, "gone"},
		{`{"id":1e3,"op":"ping"}`, "gone"},
		{`{"id":"1","op":"ping"}`, "gone"},
		{`{"id":null,"op":"ping"}`, "gone"},
		{`{"id":true,"op":"ping"}`, "gone"},
		{`{"id":[1],"op":"ping"}`, "gone"},
		{`{"id":9007199254740992,"op":"ping"}`, "gone"},
		{`{"id":18446744073709551617,"op":"ping"}`, "gone"},
		{`{"id":1` + strings.Repeat("0", 1000) + `,"op":"ping"}`, "gone"},
		{`{"id":1,"id":1,"op":"ping"}`, "gone"},
		{`{"id":1,"\u0069d":2,"op":"ping"}`, "gone"},

		// an id, and something else wrong
		{`{"id":1,"op":1}`, "bad_request /op"},
		{`{"id":1,"op":null}`, "bad_request /op"},
		{`{"id":1,"op":["ping"]}`, "bad_request /op"},
		{`{"id":1,"op":"` + "\xff" + `"}`, "bad_request /op"},
		{`{"id":1,"op":"\ud800"}`, "bad_request /op"},
		{`{"op":"ping","op":"ping","id":1}`, "bad_request /op"},
		{`{"data":{},"data":{},"op":"ping","id":1}`, "bad_request /data"},
		{`{"x":1,"id":1,"op":"ping"}`, "unknown_field /x"},
		{`{"id":1,"op":"ping","a/b~c":1}`, "unknown_field /a~1b~0c"},
		{`{"id":1,"op":"ping","":1}`, "unknown_field /"},
		{`{"id":1,"op":"ping","Op":1}`, "unknown_field /Op"},
		{`{"id":1,"op":"ping","` + long + `":1}`, "unknown_field "},
		{`{"id":1,"op":"ping","` + "\xff" + `":1}`, "unknown_field /\ufffd"},
		{`{"id":1,"op":2,"x":1}`, "bad_request /op"}, // the first that is wrong

		// depth
		{`{"id":1,"op":"ping","data":` + nested(63) + `}`, "ok"},
		{`{"id":1,"op":"ping","data":` + nested(64) + `}`, "bad_request "},
		{`{"id":1,"op":"ping","data":` + nested(30_000) + `}`, "bad_request "},
		{`{"id":1,"op":"ping","data":{"a":[` + strings.Repeat("[],{},", 500) + `[]]}}`, "ok"},
		{`{"id":1,"op":"ping","data":"` + strings.Repeat(`[{\"`, 500) + `"}`, "ok"},
		{`{"id":1,"op":"ping","data":` + strings.Repeat(`{"a":[`, 80) + `"]}]}\"]}"` + strings.Repeat(`]}`, 80) + `}`, "bad_request "},
		{strings.Repeat("[", wire.MaxFrame), "gone"},
		{strings.Repeat(`{"id":`, wire.MaxFrame/6), "gone"},
		{`{"id":1,"data":` + strings.Repeat("[", 60_000) + `}`, "gone"},
	} {
		r, err := wire.ParseRequest([]byte(c.msg))
		if got := what(err); got != c.want {
			t.Errorf("%.120q: %s, want %s", c.msg, got, c.want)
		}
		if c.want != "gone" && r.ID == 0 {
			t.Errorf("%.120q: the id is lost", c.msg)
		}
	}
}

func TestParseRequestParts(t *testing.T) {
	body := strings.Repeat("茶", 20_000)
	msg := fmt.Appendf(nil, `{ "op" : "se\u006ed" , "data" :  {"text": "%s"}  , "id" : 42 }`, body)
	r, err := wire.ParseRequest(msg)
	if err != nil || r.ID != 42 || r.Op != "send" {
		t.Fatalf("%d %q: %v", r.ID, r.Op, err)
	}
	if want := `{"text": "` + body + `"}`; string(r.Data) != want {
		t.Errorf("data is %.60s…", r.Data)
	}
	if r, err = wire.ParseRequest([]byte(`{"id":7,"op":"ping"}`)); err != nil || string(r.Data) != "{}" {
		t.Errorf("data that is left out is %q: %v", r.Data, err)
	}
}

func TestDecode(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, c := range []struct{ data, want string }{
		{`{"stream":"g-1","message_id":"m","kind":"text","body":{"text":"hi","reply_to":1}}`, "ok"},
		{`{}`, "ok"},
		{` {"kind" : "null", "body":{"text":"null"}} `, "ok"},
		{`{"kind":"\ud83c\udf75"}`, "ok"},
		{`{"kind":"a\u0000b"}`, "ok"}, // for the domain to refuse where it matters

		{``, "bad_request "},
		{`[]`, "bad_request "},
		{`"x"`, "bad_request "},
		{`null`, "bad_request "},
		{`{"stream":null}`, "bad_request /stream"},
		{`{"body":null}`, "bad_request /body"},
		{`{"body":{"a":[1,{"b":null}]}}`, "bad_request /body/a/1/b"},
		{`{"stream":1}`, "bad_request /stream"},
		{`{"stream":["g-1"]}`, "bad_request /stream"},
		{`{"stream":"a","stream":"a"}`, "bad_request /stream"},
		{`{"body":{"text":"a","text":"b"}}`, "bad_request /body/text"},
		{`{"body":{"a":[{"b":{"c":1,"\u0063":2}}]}}`, "bad_request /body/a/0/b/c"},
		{`{"x":1}`, "unknown_field /x"},
		{`{"Stream":"g-1"}`, "unknown_field /Stream"},
		{`{"` + long + long + `":1}`, "unknown_field "},
		{`{"body":{"` + long + `":{"` + long + `":{"a":1,"a":1}}}}`, "bad_request /body/" + long},
		{`{"kind":"` + "\xff" + `"}`, "bad_request /kind"},
		{`{"body":{"text":"` + "\xc3\x28" + `"}}`, "bad_request /body/text"},
		{`{"kind":"\ud800"}`, "bad_request /kind"},
		{`{"body":{"text":"\udf75\ud83c"}}`, "bad_request /body/text"},
		{`{"kind":"a` + "\x00" + `b"}`, "bad_request /kind"},
		{`{"kind":"a"}{}`, "bad_request "},
		{`{"kind":"a"} x`, "bad_request "},
	} {
		_, err := wire.Decode[wire.Send]([]byte(c.data))
		if got := what(err); got != c.want {
			t.Errorf("%.120q: %s, want %s", c.data, got, c.want)
		}
	}
}

func TestDecodeNumbers(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{`{"stream":"g-1","seq":12}`, "ok"},
		{`{"stream":"g-1","seq":-12}`, "ok"}, // for the domain to refuse
		{`{"stream":"g-1","seq":9223372036854775807}`, "ok"},
		{`{"stream":"g-1"}`, "ok"},
		{`{"stream":"g-1","seq":9223372036854775808}`, "bad_request /seq"},
		{`{"stream":"g-1","seq":1.5}`, "bad_request /seq"},
		{`{"stream":"g-1","seq":1.0}`, "bad_request /seq"},
		{`{"stream":"g-1","seq":1e2}`, "bad_request /seq"},
		{`{"stream":"g-1","seq":"12"}`, "bad_request /seq"},
		{`{"stream":"g-1","seq":true}`, "bad_request /seq"},
		{`{"stream":"g-1","seq":[12]}`, "bad_request /seq"},
	} {
		r, err := wire.Decode[wire.Read]([]byte(c.data))
		if got := what(err); got != c.want {
			t.Errorf("%s: %s, want %s", c.data, got, c.want)
		}
		if err == nil && (r.Seq == nil) == strings.Contains(c.data, "seq") {
			t.Errorf("%s: seq is %v", c.data, r.Seq)
		}
	}
	for _, c := range []struct{ data, want string }{
		{`{"token":"t","device":"d","cursors":{"g-1":5,"@contacts":0}}`, "ok"},
		{`{"cursors":{"g-1":1,"g-1":1}}`, "bad_request /cursors/g-1"},
		{`{"cursors":{"g-1":"1"}}`, "bad_request /cursors/g-1"},
		{`{"cursors":{"g-1":null}}`, "bad_request /cursors/g-1"},
		{`{"cursors":[]}`, "bad_request /cursors"},
	} {
		_, err := wire.Decode[wire.Hello]([]byte(c.data))
		if got := what(err); got != c.want {
			t.Errorf("%s: %s, want %s", c.data, got, c.want)
		}
	}
}

// FuzzParseRequest compares with what encoding/json makes of a message.
func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		`{"id":1,"op":"ping"}`, `{"id":1,"op":"send","data":{"to":"bob","kind":"text","body":{"text":"hi"}}}`,
		`{"id":1,"op":1,"x":[{"y":"\ud800"}]}`, `[{"id":1}]`, `{"id":1,"id":2}`, `{"data":` + nested(70) + `,"id":3}`, aSend,
		`{"id":7,"op":"send","data":{"to":"bob","message_id":"m","kind":"text","body":{"text":"hi"}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		readsAlike(t, msg)
		given := string(msg)
		r, err := wire.ParseRequest(msg)
		if string(msg) != given {
			t.Fatal("the message was changed")
		}
		got := what(err)
		if got == "gone" {
			if id, ok := usableID(msg); ok {
				t.Fatalf("it has the id %s", id)
			}
			return
		}
		if r.ID < 1 || r.ID > 1<<53-1 {
			t.Fatalf("id %d", r.ID)
		}
		code, _, _ := strings.Cut(got, " ")
		switch code {
		case "ok":
			if !json.Valid(msg) {
				t.Fatal("accepted, but it is no JSON")
			}
			if !json.Valid(r.Data) {
				t.Fatalf("data is %q", r.Data)
			}
			if id, ok := usableID(msg); !ok || id != fmt.Sprint(r.ID) {
				t.Fatalf("id %d, but it says %q", r.ID, id)
			}
		case "bad_request", "unknown_field":
			checkRefusal(t, r.ID, err)
		default:
			t.Fatal(err)
		}
	})
}

// usableID finds a message's id the slow way.
func usableID(msg []byte) (id string, ok bool) {
	if !json.Valid(msg) {
		return "", false
	}
	d := json.NewDecoder(strings.NewReader(string(msg)))
	d.UseNumber()
	if t, _ := d.Token(); t != json.Delim('{') {
		return "", false
	}
	count := 0
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return "", false
		}
		if name == "id" {
			id, count = string(value), count+1
		}
	}
	var n int64
	_, err := fmt.Sscan(id, &n)
	return id, count == 1 && err == nil && n > 0 && n < 1<<53 && fmt.Sprint(n) == id
}

// checkRefusal checks that a fault makes a frame a client can read.
func checkRefusal(t *testing.T, n int64, err error) {
	t.Helper()
	frame := wire.ErrorReply(n, fault.From(err))
	var reply struct {
		ID    int64
		Error struct{ Code, Message string }
	}
	if e := json.Unmarshal(frame, &reply); e != nil || reply.ID != n || reply.Error.Code == "" || reply.Error.Message == "" {
		t.Fatalf("the refusal is %s: %v", frame, e)
	}
	if len(frame) > 1024 {
		t.Fatalf("the refusal has %d bytes", len(frame))
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"stream":"g-1","message_id":"m","kind":"text","body":{"text":"hi"}}`, `{"token":"t","device":"d","cursors":{"a":1}}`,
		`{"stream":"g-1","before":10,"limit":20}`, `{"stream":"g-1","seq":null}`, `{"body":{"a":{"b":1,"b":2}}}`, `{"kind":"\ud800"}`, `[1]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		decodes[wire.Send](t, data)
		decodes[wire.Hello](t, data)
		decodes[wire.SyncRequest](t, data)
		decodes[wire.History](t, data)
		decodes[wire.Read](t, data)
		decodes[wire.Typing](t, data)
		decodes[wire.Ping](t, data)
	})
}

// decodes checks that what Decode accepts is an object without surprises.
func decodes[T any](t *testing.T, data []byte) {
	_, err := wire.Decode[T](data)
	if err != nil {
		code, _, _ := strings.Cut(what(err), " ")
		if code != "bad_request" && code != "unknown_field" {
			t.Fatal(err)
		}
		checkRefusal(t, 1, err)
		return
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil || object == nil {
		t.Fatalf("accepted, but %v", err)
	}
	if hasNil(object) {
		t.Fatal("accepted with a null in it")
	}
}

func hasNil(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, x := range v {
			if hasNil(x) {
				return true
			}
		}
	case []any:
		for _, x := range v {
			if hasNil(x) {
				return true
			}
		}
	}
	return false
}
