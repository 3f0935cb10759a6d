package wire_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
	"github.com/teahouse-im/teahouse/wire/wiretest"
)

// node is a JSON object of the document.
type node = map[string]any

func document(t *testing.T) node {
	t.Helper()
	var doc node
	if err := json.Unmarshal(wire.AsyncAPI, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// at follows names and references from a place in the document.
func at(t *testing.T, doc node, from any, names ...string) node {
	t.Helper()
	for here, _ := from.(node); ; {
		if ref, ok := here["$ref"].(string); ok {
			path, ok := strings.CutPrefix(ref, "#/")
			if !ok {
				t.Fatalf("%s leads out of the document", ref)
			}
			here = at(t, doc, doc, strings.Split(path, "/")...)
			continue
		}
		if len(names) == 0 {
			if here == nil {
				t.Fatal("a reference leads nowhere")
			}
			return here
		}
		next, ok := here[names[0]].(node)
		if !ok {
			t.Fatalf("there is no %q", names[0])
		}
		here, names = next, names[1:]
	}
}

func TestAsyncAPIIsValid(t *testing.T) {
	rules, err := os.ReadFile("testdata/asyncapi-3.0.0.json")
	if err != nil {
		t.Fatal(err)
	}
	load := func(raw []byte) any {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("http://asyncapi.com/definitions/3.0.0/asyncapi.json", load(rules)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("http://asyncapi.com/definitions/3.0.0/asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(load(wire.AsyncAPI)); err != nil {
		t.Errorf("%#v", err)
	}
}

// Every reference leads somewhere, and every component is referred to.
func TestAsyncAPIReferences(t *testing.T) {
	doc := document(t)
	used := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case node:
			if ref, ok := v["$ref"].(string); ok {
				used[ref] = true
				at(t, doc, v)
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(doc)
	for _, kind := range []string{"schemas", "messages", "correlationIds"} {
		for name := range at(t, doc, doc, "components", kind) {
			if !used["#/components/"+kind+"/"+name] {
				t.Errorf("%s %s is not used", kind, name)
			}
		}
	}
	for name := range at(t, doc, doc, "channels", "session", "messages") {
		if !used["#/channels/session/messages/"+name] {
			t.Errorf("message %s is in no operation", name)
		}
	}
}

// The examples are what they are examples of.
func TestAsyncAPIExamples(t *testing.T) {
	doc := document(t)
	for name := range at(t, doc, doc, "components", "messages") {
		examples, _ := at(t, doc, doc, "components", "messages", name)["examples"].([]any)
		if len(examples) == 0 {
			t.Errorf("message %s has no example", name)
		}
		for _, e := range examples {
			frame := inOrder(t, e.(node)["payload"].(node))
			d := wiretest.FromClient
			if strings.HasSuffix(name, "Reply") || strings.HasSuffix(name, "Event") || name == "refusal" {
				d = wiretest.FromServer
			}
			wiretest.Check(t, d, frame)
		}
	}
}

// inOrder writes a frame with its outer members as servers order them.
func inOrder(t *testing.T, frame node) []byte {
	t.Helper()
	var b []byte
	for _, name := range []string{"event", "id", "op", "data", "error"} {
		if v, ok := frame[name]; ok {
			raw, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, `,"`+name+`":`+string(raw)...)
		}
	}
	return append(append([]byte("{"), b[1:]...), '}')
}

// spoken is the protocol as Go types: what an op takes and replies, what an event carries.
var spoken = struct {
	ops    map[string][2]any
	events map[string]any
}{
	map[string][2]any{
		"hello":   {wire.Hello{}, wire.Welcome{}},
		"sync":    {wire.SyncRequest{}, wire.Sync{}},
		"send":    {wire.Send{}, wire.Sent{}},
		"history": {wire.History{}, wire.Page{}},
		"read":    {wire.Read{}, wire.Position{}},
		"typing":  {wire.Typing{}, wire.Empty{}},
		"watch":   {wire.Watch{}, wire.Watched{}},
		"status":  {wire.Status{}, wire.Empty{}},
		"ping":    {wire.Ping{}, wire.Pong{}},
	},
	map[string]any{
		"entry": wire.Entry{}, "resync": wire.Resync{}, "read": wire.ReadEvent{}, "typing": wire.TypingEvent{}, "bye": wire.Bye{},
		"presence": wire.Presence{}, "feed": wire.FeedEvent{},
	},
}

// The document and the Go types have the same ops, events, members and types of members.
func TestAsyncAPIIsWhatIsSpoken(t *testing.T) {
	doc := document(t)
	var ops, events []string
	for op, types := range spoken.ops {
		ops = append(ops, op)
		request := at(t, doc, doc, "components", "messages", op, "payload", "properties", "data")
		reply := at(t, doc, doc, "components", "messages", op+"Reply", "payload", "properties", "data")
		same(t, doc, op, request, reflect.TypeOf(types[0]), false)
		same(t, doc, op+" reply", reply, reflect.TypeOf(types[1]), true)
	}
	for event, data := range spoken.events {
		events = append(events, event)
		same(t, doc, event+" event", at(t, doc, doc, "components", "messages", event+"Event", "payload", "properties", "data"), reflect.TypeOf(data), true)
	}
	slices.Sort(ops)
	slices.Sort(events)
	if !slices.Equal(ops, wiretest.Ops()) || !slices.Equal(events, wiretest.Events()) {
		t.Errorf("the document has the ops %v and the events %v", wiretest.Ops(), wiretest.Events())
	}
}

// same holds a schema against a Go type. told: by the server, which leaves out
// only what the type's tags say.
func same(t *testing.T, doc node, where string, s node, goType reflect.Type, told bool) {
	t.Helper()
	if all, ok := s["allOf"].([]any); ok && s["type"] == nil {
		s = at(t, doc, all[0])
	}
	if some, ok := s["anyOf"].([]any); ok {
		s = at(t, doc, some[0])
	}
	for goType.Kind() == reflect.Pointer {
		goType = goType.Elem()
	}
	is := func(want string) {
		t.Helper()
		if types, ok := s["type"].([]any); ok && len(types) == 2 && types[1] == "null" {
			s["type"] = types[0]
		}
		if _, enum := s["enum"]; !enum && s["type"] != want {
			t.Errorf("%s is %v in the document, %v in Go", where, s["type"], goType)
		}
	}
	switch {
	case goType == reflect.TypeFor[wire.Time](), goType.Kind() == reflect.String:
		is("string")
	case goType == reflect.TypeFor[json.RawMessage](), goType.Kind() == reflect.Map:
		is("object")
	case goType.Kind() == reflect.Slice:
		is("array")
		same(t, doc, where+"[]", at(t, doc, s["items"]), goType.Elem(), told)
	case goType.Kind() == reflect.Bool:
		is("boolean")
	case goType.Kind() == reflect.Int, goType.Kind() == reflect.Int64:
		is("integer")
	case goType.Kind() == reflect.Struct:
		is("object")
		members(t, doc, where, s, goType, told)
	default:
		t.Errorf("%s: what is %v?", where, goType)
	}
}

func members(t *testing.T, doc node, where string, s node, goType reflect.Type, told bool) {
	t.Helper()
	properties, _ := s["properties"].(node)
	required, _ := s["required"].([]any)
	if goType.NumField() > 0 && s["additionalProperties"] != false {
		t.Errorf("%s may have any member", where)
	}
	known := map[string]bool{}
	for f := range goType.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = true
		if properties[name] == nil {
			t.Errorf("%s has no %s in the document", where, name)
			continue
		}
		if told && slices.Contains(required, any(name)) != (options == "") {
			t.Errorf("%s: whether %s may be left out differs", where, name)
		}
		same(t, doc, where+" "+name, at(t, doc, properties[name]), f.Type, told)
	}
	for name := range properties {
		if !known[name] {
			t.Errorf("%s has no %s in Go", where, name)
		}
	}
}

// Every close code of the package is in the document, and no other.
func TestAsyncAPICloseCodes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "close.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var inGo, inDoc []int
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.INT {
			code, _ := strconv.Atoi(lit.Value)
			inGo = append(inGo, code)
		}
		return true
	})
	doc := document(t)
	for _, c := range at(t, doc, doc, "channels", "session")["x-close-codes"].([]any) {
		inDoc = append(inDoc, int(c.(node)["code"].(float64)))
	}
	slices.Sort(inGo)
	slices.Sort(inDoc)
	if len(inGo) < 10 || !slices.Equal(inGo, inDoc) {
		t.Errorf("in Go %v, in the document %v", inGo, inDoc)
	}
}

// What chat, contacts and streams refuse over a WebSocket is in the document.
func TestAsyncAPIErrorCodes(t *testing.T) {
	doc := document(t)
	codes := at(t, doc, doc, "components", "schemas", "Error", "properties", "code")["enum"].([]any)
	for _, f := range []*fault.Fault{
		fault.BadRequest, fault.UnknownField, fault.TooLarge, fault.Unauthenticated, fault.TokenExpired, fault.Forbidden,
		fault.NotFound, fault.RateLimited, fault.Unavailable, fault.Internal,
		chat.ErrNotMember, chat.ErrMuted, chat.ErrClosed, contact.ErrNotFriends, contact.ErrBlocked, stream.ErrReused,
	} {
		if !slices.Contains(codes, any(string(f.Code))) {
			t.Errorf("%s is not in the document", f.Code)
		}
	}
}
