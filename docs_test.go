package teahouse

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/wire/wiretest"
)

// docs/protocol.md names every error code, op, event and close code there is:
// what a client may meet stands where people look for it.
func TestProtocolIsWritten(t *testing.T) {
	page, err := os.ReadFile("docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	// named looks for a form of the name in the part of the page below a heading.
	named := func(heading, form string, names []string) {
		_, part, found := strings.Cut(string(page), "\n"+heading+"\n")
		part, _, _ = strings.Cut(part, "\n#")
		if !found || len(names) == 0 {
			t.Errorf("docs/protocol.md has no part %q, or there is nothing to look for", heading)
		}
		for _, name := range names {
			if !strings.Contains(part, strings.ReplaceAll(form, "NAME", name)) {
				t.Errorf("docs/protocol.md does not name %s under %q", name, heading)
			}
		}
	}
	named("## Errors", "| `NAME` |", faultCodes(t))
	named("### Ops", "| `NAME` |", wiretest.Ops())
	named("### Events", "| `NAME` |", wiretest.Events())
	named("### Close codes", "NAME", numbersOf(t, "wire/close.go"))
}

// faultCodes are the first arguments of all calls of fault.New, and of New in package fault.
func faultCodes(t *testing.T) (codes []string) {
	t.Helper()
	files, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	deeper, err := filepath.Glob("*/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, deeper...)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		ast.Inspect(parse(t, name), func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				from, _ := f.X.(*ast.Ident)
				ok = from != nil && from.Name == "fault" && f.Sel.Name == "New"
			case *ast.Ident:
				ok = f.Name == "New" && filepath.Dir(name) == "fault"
			default:
				ok = false
			}
			if lit, isLit := call.Args[0].(*ast.BasicLit); ok && isLit {
				code, _ := strconv.Unquote(lit.Value)
				codes = append(codes, code)
			}
			return true
		})
	}
	return codes
}

// numbersOf are the whole numbers that stand in a file.
func numbersOf(t *testing.T, name string) (numbers []string) {
	t.Helper()
	ast.Inspect(parse(t, name), func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.INT {
			numbers = append(numbers, lit.Value)
		}
		return true
	})
	return numbers
}

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
