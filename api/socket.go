package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// What the page shows of the WebSocket, read from its AsyncAPI document.
type (
	socketDocs struct {
		Introduction []string
		Groups       []socketGroup
		Shapes       []docsShape // that HTTP does not have
		Codes        []socketCode
	}
	socketGroup struct {
		Name     string
		Messages []socketMessage
	}
	socketMessage struct {
		ID, Way, Name, Title, Words string
		Data, Reply                 []docsField
		Example                     string
	}
	socketCode struct{ Code, Words, Reconnect string }
)

// readSocket reads an AsyncAPI document of one channel, as far as it is there.
func readSocket(raw []byte) (socketDocs, error) {
	root, err := readTree(raw)
	if err != nil {
		return socketDocs{}, fmt.Errorf("the AsyncAPI document: %w", err)
	}
	asked, told := socketGroup{Name: "Requests"}, socketGroup{Name: "Events"}
	operations := root.at("operations")
	for _, id := range operations.names {
		o := operations.at(id)
		m, _ := first(o.at("messages"), root)
		v := socketMessage{
			ID: id, Way: "event", Title: o.at("title").text, Words: strings.TrimSpace(o.at("summary").text + " " + o.at("description").text),
			Data: root.dataFields(m), Example: m.example(),
		}
		v.Name = m.at("payload", "properties", "event", "const").text
		if o.at("action").text == "receive" {
			v.Way, v.Name = "op", m.at("payload", "properties", "op", "const").text
			reply, _ := first(o.at("reply", "messages"), root)
			v.Reply = root.dataFields(reply)
			asked.Messages = append(asked.Messages, v)
			continue
		}
		told.Messages = append(told.Messages, v)
	}
	d := socketDocs{Groups: []socketGroup{asked, told}}
	d.Introduction = strings.Split(root.at("info", "description").text, "\n\n")
	channels := root.at("channels")
	for _, id := range channels.names {
		d.Introduction = append(d.Introduction, channels.at(id, "description").text)
		for _, c := range channels.at(id, "x-close-codes").items {
			d.Codes = append(d.Codes, socketCode{c.at("code").text, c.at("meaning").text, c.at("reconnect").text})
		}
	}
	schemas := root.at("components", "schemas")
	for _, name := range schemas.names {
		if s := schemas.at(name); len(s.at("properties").names) > 0 {
			d.Shapes = append(d.Shapes, docsShape{name, root.schemaFields(s)})
		}
	}
	return d, nil
}

// first is the first of a list of references.
func first(list, root *tree) (*tree, string) {
	if len(list.items) == 0 {
		return &tree{}, ""
	}
	return list.items[0].follow(root)
}

// example is how a message may look, on one line.
func (n *tree) example() string {
	examples := n.at("examples").items
	if len(examples) == 0 {
		return ""
	}
	v := jsontext.Value(slices.Clone(examples[0].at("payload").raw))
	if v.Compact() != nil {
		return ""
	}
	return string(v)
}

// dataFields are the members of a message's data.
func (n *tree) dataFields(message *tree) []docsField {
	data, _ := message.at("payload", "properties", "data").follow(n)
	return n.schemaFields(data)
}

// schemaFields are the members of an object's schema, in its order.
func (n *tree) schemaFields(s *tree) []docsField {
	var all []docsField
	properties := s.at("properties")
	for _, name := range properties.names {
		p := properties.at(name)
		words := p.at("description").text
		if to, _ := p.follow(n); words == "" {
			words = to.at("description").text
		}
		required := slices.ContainsFunc(s.at("required").items, func(r *tree) bool { return r.text == name })
		all = append(all, docsField{name, words, n.schemaType(p), required})
	}
	return all
}

// schemaType says a schema's type in words.
func (n *tree) schemaType(s *tree) docsType {
	to, name := s.follow(n)
	if name != "" && len(to.at("properties").names) > 0 {
		return docsType{Link: name}
	}
	if of := to.at("allOf").items; len(of) > 0 { // a shape with words of its own
		return n.schemaType(of[0])
	}
	for _, choice := range []string{"oneOf", "anyOf"} {
		if of := to.at(choice).items; len(of) > 0 {
			return n.choiceType(of)
		}
	}
	kinds := to.at("type")
	switch {
	case len(to.at("enum").items) > 0:
		var values []string
		for _, v := range to.at("enum").items {
			values = append(values, v.text)
		}
		return docsType{Before: strings.Join(values, " | ")}
	case to.at("const").text != "":
		return docsType{Before: to.at("const").text}
	case to.at("format").text == "date-time":
		return docsType{Before: "time"}
	case kinds.text == "array":
		t := n.schemaType(to.at("items"))
		return docsType{"list of " + t.Before, t.Link, t.After}
	case len(kinds.items) > 0:
		var names []string
		for _, k := range kinds.items {
			names = append(names, k.text)
		}
		return docsType{Before: strings.Join(names, " or ")}
	}
	return docsType{Before: kinds.text}
}

// choiceType is the type of what may be several things: one of them linked, if only null is beside it.
func (n *tree) choiceType(of []*tree) docsType {
	if len(of) == 2 && of[1].at("type").text == "null" {
		t := n.schemaType(of[0])
		t.After += " or null"
		return t
	}
	var names []string
	for _, c := range of {
		t := n.schemaType(c)
		names = append(names, t.Before+t.Link+t.After)
	}
	return docsType{Before: strings.Join(names, " | ")}
}
