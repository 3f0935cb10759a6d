package api

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A tree is a JSON document that keeps the order of its members, which a page
// made from it should have.
type tree struct {
	text    string // of a string or number
	names   []string
	members map[string]*tree
	items   []*tree
}

func readTree(raw []byte) (*tree, error) {
	return readNode(jsontext.NewDecoder(bytes.NewReader(raw)))
}

func readNode(d *jsontext.Decoder) (*tree, error) {
	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	n := &tree{}
	switch t.Kind() {
	case '{':
		n.members = map[string]*tree{}
		for d.PeekKind() == '"' {
			name, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			n.names = append(n.names, name.String())
			if n.members[n.names[len(n.names)-1]], err = readNode(d); err != nil {
				return nil, err
			}
		}
	case '[':
		for k := d.PeekKind(); k != ']' && k != 0; k = d.PeekKind() {
			item, err := readNode(d)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
	default:
		n.text = t.String()
		return n, nil
	}
	_, err = d.ReadToken()
	return n, err
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
