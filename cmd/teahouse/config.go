package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// settings are the values of a configuration file.
type settings map[string]any

// loadYAML reads a configuration file: one flat mapping of flags' names to values.
func loadYAML(r io.Reader) (kong.Resolver, error) {
	s := settings{}
	if err := yaml.NewDecoder(r).Decode(&s); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the configuration file is not a YAML mapping: %w", err)
	}
	for key, value := range s {
		switch v := value.(type) {
		case settings, nil:
			return nil, fmt.Errorf("the configuration file's %q has no plain value", key)
		case []any:
			words := make([]string, len(v))
			for i, w := range v {
				words[i] = fmt.Sprint(w)
			}
			s[key] = strings.Join(words, ",")
		}
	}
	return s, nil
}

// Validate refuses keys that are no flag of any command.
func (s settings) Validate(app *kong.Application) error {
	known := map[string]bool{}
	flags(app, func(f *kong.Flag) { known[f.Name] = true })
	var unknown []string
	for key := range s {
		if !known[key] || key == "config" || key == "help" {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("the configuration file has unknown keys: %s", strings.Join(unknown, ", "))
	}
	return nil
}

// Resolve finds a flag's value, unless the environment has one: files rank below it.
func (s settings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := s[flag.Name]
	if !ok || inEnvironment(flag) {
		return nil, nil
	}
	if _, isText := value.(string); !isText {
		value = fmt.Sprint(value)
	}
	return value, nil
}

// flags calls do for every flag of every command.
func flags(app *kong.Application, do func(*kong.Flag)) {
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if f, ok := node.(*kong.Flag); ok {
			do(f)
		}
		return next(nil)
	})
}

// checkEnvironment refuses variables that look like a flag's, misspelt: a setting
// must not be left out for a slip. Others that begin like ours are none of our
// business: those of tests and scripts, and those that Kubernetes makes of services
// which are called teahouse.
func checkEnvironment(app *kong.Application, environment []string) error {
	known := map[string]bool{}
	flags(app, func(f *kong.Flag) {
		for _, name := range f.Envs {
			known[name], known[name+"_FILE"] = true, true
		}
	})
	var unknown []string
	for _, line := range environment {
		name, _, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, "TEAHOUSE_") && !known[name] && !others.MatchString(name) && nearAny(name, known) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("the environment has variables that are no setting: %s", strings.Join(unknown, ", "))
	}
	return nil
}

// others are variables that look like settings and are meant for somebody else.
var others = regexp.MustCompile(`^TEAHOUSE_(TEST_.*|BIN|(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_\w+)?))$`)

// nearAny tells whether a name is at most two letters from one of some.
func nearAny(name string, some map[string]bool) bool {
	for other := range some {
		if apart(name, other) <= 2 {
			return true
		}
	}
	return false
}

// apart is how many letters have to be put in, taken out or changed to make a of b.
func apart(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func inEnvironment(flag *kong.Flag) bool {
	return slices.ContainsFunc(flag.Envs, func(name string) bool {
		_, set := os.LookupEnv(name)
		return set
	})
}

// secretFiles reads TEAHOUSE_<FLAG>_FILE: a secret in a file, as orchestrators hand them out.
func secretFiles() kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if inEnvironment(flag) {
			return nil, nil
		}
		for _, name := range flag.Envs {
			file := os.Getenv(name + "_FILE")
			if file == "" {
				continue
			}
			b, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("%s_FILE: %w", name, err)
			}
			return strings.TrimRight(string(b), "\r\n"), nil
		}
		return nil, nil
	})
}
