package api

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// A bad body and the code it must be refused with; "" is for a body that some
// operations may take, and that must not break any.
type badBody struct{ what, body, code string }

// badBodies makes bad bodies of a good one.
func badBodies(t *testing.T, good string) []badBody {
	all := []badBody{
		{"nothing", "", "bad_request"},
		{"white space", " \n", "bad_request"},
		{"null", "null", "bad_request"},
		{"an array", "[" + good + "]", "bad_request"},
		{"a string", `"text"`, "bad_request"},
		{"a number", "5", "bad_request"},
		{"true", "true", "bad_request"},
		{"two values", good + good, "bad_request"},
		{"cut off", good[:len(good)-1], "bad_request"},
		{"an open brace", "{", "bad_request"},
		{"a trailing comma", good[:len(good)-1] + ",}", "bad_request"},
		{"a comment", "/* */" + good, "bad_request"},
		{"a byte order mark", "\ufeff" + good, "bad_request"},
		{"a NUL before it", "\x00" + good, "bad_request"},
		{"UTF-16", strings.ToValidUTF8("{\x00\"\x00", ""), "bad_request"},
		{"an unknown member", good[:len(good)-1] + `,"admin":true}`, "unknown_field"},
		{"a member in capitals", `{"USER":"ann",` + good[1:], "unknown_field"},
		{"a deep array", good[:len(good)-1] + `,"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", ""},
		{"a huge unknown member", good[:len(good)-1] + `,"x":"` + strings.Repeat("x", 900_000) + `"}`, "unknown_field"},
		{"two MiB", good[:len(good)-1] + `,"x":"` + strings.Repeat("x", 2<<20) + `"}`, "too_large"},
		{"a byte more than a MiB", good + strings.Repeat(" ", bodyMost-len(good)+1), "too_large"},
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(good), &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		with := func(raw string) string {
			return strings.Replace(good, fmt.Sprintf("%q:%s", name, value), fmt.Sprintf("%q:%s", name, raw), 1)
		}
		all = append(all,
			badBody{name + " twice", fmt.Sprintf(`{%q:%s,%s`, name, value, good[1:]), "bad_request"},
			badBody{name + " with bad UTF-8", with("\"a\xff\""), "bad_request"},
			badBody{name + " with a lone surrogate", with(`"a\ud800"`), "bad_request"},
			badBody{name + " with surrogates in the wrong order", with(`"\udc00\ud800"`), "bad_request"},
			badBody{name + " with a raw NUL", with("\"a\x00b\""), "bad_request"},
			badBody{name + " with an escaped NUL", with(`"a\u0000b"`), ""},
			badBody{name + " with a bad escape", with(`"\x41"`), "bad_request"},
			badBody{name + " as NaN", with("NaN"), "bad_request"},
			badBody{name + " as a long text", with(`"` + strings.Repeat("x", 100_000) + `"`), ""},
			badBody{name + " empty", with(`""`), ""},
		)
		if name != "muted_until" && name != "quiet" {
			all = append(all, badBody{name + " as null", with("null"), "bad_request"})
		}
		for kind, raw := range map[string]string{"string": `"text"`, "number": "5.5", "bool": "true", "array": "[[]]", "object": `{"$ne":""}`, "huge": "1e400"} {
			if kind != kindOf(value) {
				all = append(all, badBody{name + " as " + kind, with(raw), "bad_request"})
			}
		}
	}
	return all
}

// kindOf is a JSON value's kind. A body of a message is an object of its own rules.
func kindOf(value []byte) string {
	switch value[0] {
	case '"':
		return "string"
	case '[':
		return "array"
	case '{':
		return "object"
	case 't', 'f':
		return "bool"
	}
	return "number" // of which none of ours has a fraction
}

func TestBadBodiesAreRefusedEverywhere(t *testing.T) {
	h := open(t)
	h.user("zoe")
	n := 0
	for _, rt := range routes {
		good := expected[rt.id].body
		if good == "" || rt.who == operator {
			continue
		}
		for _, bad := range badBodies(t, good) {
			n++
			a := h.call(rt.method, h.example(rt.path), h.as(rt.who), bad.body)
			switch {
			case rt.does.gate && a.status >= 400 && a.status < 500: // it has words of its own for much of this
			case a.status >= 500:
				t.Errorf("%s with %s answers %d %s", rt.id, bad.what, a.status, a.body)
			case bad.code != "" && (a.status < 400 || into[problem](a).Code != bad.code):
				t.Errorf("%s with %s answers %d %s, want %s", rt.id, bad.what, a.status, a.body, bad.code)
			}
		}
	}
	t.Logf("%d bad bodies", n)
}

// A body of exactly the limit is read; one more byte is not, whether its length was told or not.
func TestTheLimitOfBodies(t *testing.T) {
	h := open(t)
	token := h.user("ann")
	fits := `{"display_name":"Ann"}` + strings.Repeat(" ", bodyMost-22)
	for body, code := range map[string]string{fits: "", fits + " ": "too_large", fits + strings.Repeat(" ", 2<<20): "too_large"} {
		told := h.patch("/v1/me", token, body)
		r := h.request("PATCH", "/v1/me", token, body)
		r.ContentLength, r.Body = -1, io.NopCloser(strings.NewReader(body)) // in chunks
		for _, a := range []answer{told, h.do(r)} {
			if code == "" {
				a.want(200)
			} else {
				a.refused(code)
			}
		}
	}
}

// Operations without a body take nothing or {}, and nothing else.
func TestBodiesThatAreNotNeeded(t *testing.T) {
	h := open(t)
	for _, rt := range routes {
		token := h.as(rt.who)
		if rt.does.in != nil || len(rt.does.takes) > 0 || rt.who == operator || !slices.Contains([]string{"POST", "PUT", "PATCH"}, rt.method) {
			continue
		}
		usual := h.call(rt.method, h.example(rt.path), token, nil)
		if got := h.call(rt.method, h.example(rt.path), token, "{}"); got.status != usual.status {
			t.Errorf("%s answers %d to nothing and %d to {}", rt.id, usual.status, got.status)
		}
		h.call(rt.method, h.example(rt.path), token, `{"x":1}`).refused("unknown_field")
		h.call(rt.method, h.example(rt.path), token, `[]`).refused("bad_request")
		h.call(rt.method, h.example(rt.path), token, `null`).refused("bad_request")
		h.call(rt.method, h.example(rt.path), token, strings.Repeat(" ", 2<<20)).refused("too_large")
	}
	for _, method := range []string{"GET", "DELETE"} { // a body that nobody asked for is not looked at
		r := h.request(method, "/v1/contacts/zoe", h.as(session), `{"x":`)
		if method == "GET" {
			r = h.request(method, "/v1/me", h.as(session), `{"x":`)
		}
		if a := h.do(r); a.status >= 400 {
			t.Errorf("%s with a body answers %d %s", method, a.status, a.body)
		}
	}
}

// Nothing that was sent comes back in a refusal.
func TestRefusalsRepeatNothing(t *testing.T) {
	h := open(t)
	token := h.as(session)
	const canary = "canary8731"
	for _, rt := range routes {
		token := h.as(rt.who)
		good := expected[rt.id].body
		if good == "" || rt.who == operator {
			continue
		}
		for _, body := range []string{
			strings.ReplaceAll(good, `:"`, `:"`+canary+" "),
			good[:len(good)-1] + `,"` + canary + `":1}`,
			`{"` + canary + `":"` + canary + `"`,
			canary,
		} {
			a := h.call(rt.method, h.example(rt.path)+"?"+canary+"="+canary, token, body)
			if strings.Contains(string(a.body), canary) {
				t.Errorf("%s repeats what it was sent: %s", rt.id, a.body)
			}
			if a = h.call(rt.method, h.example(rt.path), token, body); a.status >= 400 && strings.Contains(strings.ReplaceAll(string(a.body), `"/`+canary+`"`, ""), canary) {
				t.Errorf("%s repeats what it was sent: %s", rt.id, a.body)
			}
		}
	}
	h.get("/v1/me?access_token="+token, "").refused("unauthenticated")
	h.get("/v1/me", token+canary).refused("unauthenticated")
	if log := h.log.String(); strings.Contains(log, canary) || strings.Contains(log, token) || strings.Contains(log, password) {
		t.Error("the log has what it must not have")
	}
}
