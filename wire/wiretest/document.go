package wiretest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/teahouse-im/teahouse/wire"
)

// envelope is the outside of a frame, as far as it can be read.
type envelope struct {
	names []string // of the outermost members, in order
	id    int64
	op    string
	event string
}

func peek(frame []byte) (e envelope) {
	d := jsontext.NewDecoder(bytes.NewReader(frame), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return e
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return e
		}
		e.names = append(e.names, name.String())
		v, err := d.ReadValue()
		if err != nil {
			return e
		}
		switch text, _ := jsontext.AppendUnquote(nil, v); e.names[len(e.names)-1] {
		case "id":
			fmt.Sscan(string(v), &e.id)
		case "op":
			e.op = string(text)
		case "event":
			e.event = string(text)
		}
	}
	return e
}

// described is wire.AsyncAPI, compiled.
type described struct {
	messages map[string]*jsonschema.Schema // their payloads, by the messages' names
	ops      []string                      // what clients ask
	events   []string                      // what servers tell
}

var document = sync.OnceValue(func() described {
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(wire.AsyncAPI))
	if err != nil {
		panic(err) // the document is part of this module; its own test says more
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.AssertFormat()
	const at = "asyncapi.json"
	if err := c.AddResource(at, raw); err != nil {
		panic(err)
	}
	root := raw.(map[string]any)
	d := described{messages: map[string]*jsonschema.Schema{}}
	for name := range root["components"].(map[string]any)["messages"].(map[string]any) {
		d.messages[name] = c.MustCompile(at + "#/components/messages/" + name + "/payload")
	}
	for name, o := range root["operations"].(map[string]any) {
		if o.(map[string]any)["action"] == "receive" {
			d.ops = append(d.ops, name)
		} else {
			d.events = append(d.events, strings.TrimSuffix(name, "Event"))
		}
	}
	slices.Sort(d.ops)
	slices.Sort(d.events)
	return d
})

// Ops are the names of all ops in the document, sorted.
func Ops() []string { return document().ops }

// Events are the names of all events in the document, sorted.
func Events() []string { return document().events }
