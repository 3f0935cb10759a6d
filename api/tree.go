package api

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A tree is a JSON document that keeps the order of its members, which a page
// made from it should have.
type tree struct {
	raw     []byte // as it stands in the document
	text    string // of what is neither object nor list
	names   []string
	members map[string]*tree
	items   []*tree
}

func readTree(raw []byte) (*tree, error) {
	return readNode(jsontext.NewDecoder(bytes.NewReader(raw)), raw)
}

func readNode(d *jsontext.Decoder, doc []byte) (*tree, error) {
	from := d.InputOffset()
	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	n := &tree{text: t.String()}
	if err := n.readRest(d, doc, t.Kind()); err != nil {
		return nil, err
	}
	n.raw = bytes.TrimLeft(doc[from:d.InputOffset()], " \t\r\n:,")
	return n, nil
}

// readRest reads what is inside an object or a list, of which the first token has been read.
func (n *tree) readRest(d *jsontext.Decoder, doc []byte, kind jsontext.Kind) error {
	switch kind {
	case '{':
		n.text, n.members = "", map[string]*tree{}
		for d.PeekKind() == '"' {
			name, err := d.ReadToken()
			if err != nil {
				return err
			}
			member := name.String() // before the next token is read
			n.names = append(n.names, member)
			if n.members[member], err = readNode(d, doc); err != nil {
				return err
			}
		}
	case '[':
		n.text = ""
		for k := d.PeekKind(); k != ']' && k != jsontext.KindInvalid; k = d.PeekKind() {
			item, err := readNode(d, doc)
			if err != nil {
				return err
			}
			n.items = append(n.items, item)
		}
	default:
		return nil
	}
	_, err := d.ReadToken()
	return err
}

// at is the node at a path of names; an empty node if there is none.
func (n *tree) at(names ...string) *tree {
	for _, name := range names {
		next := n.members[name]
		if next == nil {
			return &tree{}
		}
		n = next
	}
	return n
}

// follow is the node itself, or the one it refers to, and the name of that one.
func (n *tree) follow(root *tree) (to *tree, name string) {
	for range 8 { // references of references; never in a circle
		ref := n.at("$ref").text
		if ref == "" {
			break
		}
		parts := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
		for i, p := range parts {
			parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p)
		}
		n, name = root.at(parts...), parts[len(parts)-1]
	}
	return n, name
}
