package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// state is what is kept from run to run. The secret in it is all one needs to be
// the app: the file is its owner's alone. A real server has it in its vault.
type state struct {
	Server    string          `json:"server"`
	App       string          `json:"app"`
	Secret    string          `json:"secret"`
	Templates map[string]kept `json:"templates"` // by title

	path string
}

// kept is a template that was handed in, and of what.
type kept struct {
	ID   string `json:"template"`
	Hash string `json:"hash"`
}

// load reads what was kept for a program at a server; nothing if that cannot be read.
func load(p Program, o Options) state {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(p.Name+" "+o.Developer+" "+o.Server))
	s := state{path: filepath.Join(o.State, name+".json"), Server: o.Server}
	raw, err := os.ReadFile(s.path)
	if err != nil || json.Unmarshal(raw, &s) != nil || s.Server != o.Server {
		return state{path: s.path, Server: o.Server}
	}
	return s
}

func (s *state) save() error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(s.path, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("keep the credentials: %w", err)
	}
	return nil
}
