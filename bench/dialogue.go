package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"gopkg.in/yaml.v3"
)

// A script is a file of dialogues, which are replayed one after the other in one
// conversation. A dialogue is what is said in it, in turns.
type script struct {
	name      string
	dialogues [][]string
	left      int // utterances that no chat takes: empty, or too long
}

// utteranceMost is the longest text a server takes unless told otherwise, in bytes.
const utteranceMost = 8 << 10

// readScripts reads a file, or all dialogue files in a folder, in the order of
// their names:
//
//   - .yml, .yaml: a mapping whose "conversations" is a list of lists of
//     utterances, as in the chatterbot-corpus collection;
//   - .jsonl: on each line a JSON array of utterances.
func readScripts(path string) ([]*script, error) {
	var files []string
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && (file == path || readerOf(file) != nil) {
			files = append(files, file)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var out []*script
	for _, file := range files {
		read := readerOf(file)
		if read == nil {
			return nil, fmt.Errorf("%s is neither .yml, .yaml nor .jsonl", file)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		name, err := filepath.Rel(path, file)
		if err != nil || name == "." {
			name = filepath.Base(file)
		}
		s := &script{name: name}
		dialogues, err := read(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, d := range dialogues {
			s.add(d)
		}
		if len(s.dialogues) > 0 {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there are no dialogues in %s", path)
	}
	return out, nil
}

func readerOf(file string) func([]byte) ([][]string, error) {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".yml", ".yaml":
		return readYAML
	case ".jsonl":
		return readLines
	}
	return nil
}

// add keeps what of a dialogue can be said.
func (s *script) add(dialogue []string) {
	var said []string
	for _, u := range dialogue {
		blank := strings.IndexFunc(u, func(r rune) bool { return !unicode.IsSpace(r) }) < 0
		if blank || len(u) > utteranceMost || strings.ContainsRune(u, 0) {
			s.left++
			continue
		}
		said = append(said, u)
	}
	if len(said) > 0 {
		s.dialogues = append(s.dialogues, said)
	}
}

// utterances is how much is said in a script.
func (s *script) utterances() (n int) {
	for _, d := range s.dialogues {
		n += len(d)
	}
	return n
}

func readYAML(b []byte) ([][]string, error) {
	var doc struct {
		Conversations []yaml.Node `yaml:"conversations"`
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	var out [][]string
	for _, c := range doc.Conversations {
		if c.Kind != yaml.SequenceNode { // somebody speaks to themselves
			out = append(out, []string{plain(&c)})
			continue
		}
		var d []string
		for _, u := range c.Content {
			d = append(d, plain(u))
		}
		out = append(out, d)
	}
	return out, nil
}

// plain is a YAML value as somebody would say it. An utterance with a colon in
// it may have been written without quotes, which makes it a mapping.
func plain(n *yaml.Node) string {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value
	case yaml.AliasNode:
		return plain(n.Alias)
	}
	var parts []string
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			parts[len(parts)-1] += ": " + plain(c)
		} else {
			parts = append(parts, plain(c))
		}
	}
	return strings.Join(parts, ", ")
}

func readLines(b []byte) (out [][]string, err error) {
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var d []string
		if json.Unmarshal(line, &d) != nil {
			return nil, fmt.Errorf("line %d: not an array of strings", n)
		}
		out = append(out, d)
	}
	return out, errors.Join(lines.Err())
}
