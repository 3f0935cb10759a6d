package api

import (
	"bytes"
	"net/http"
	pathlib "path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

func codeOf(s string) fault.Code { return fault.Code(s) }

// A contract holds answers against the document that promises them.
type contract struct {
	doc      map[string]any
	compiler *jsonschema.Compiler
	mux      *http.ServeMux // finds the operation of a request, by its pattern
}

const docURL = "https://teahouse.example/openapi.json"

func contractOf(t *testing.T, raw []byte) *contract {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := &contract{doc: doc.(map[string]any), compiler: jsonschema.NewCompiler(), mux: http.NewServeMux()}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := c.compiler.AddResource(docURL, doc); err != nil {
		t.Fatal(err)
	}
	for path, item := range c.doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			c.mux.HandleFunc(strings.ToUpper(method)+" "+path, nobody)
		}
	}
	return c
}

func nobody(http.ResponseWriter, *http.Request) {}

// operation finds what the document says about a method and a path of it.
func (c *contract) operation(method, path string) map[string]any {
	item, _ := c.doc["paths"].(map[string]any)[path].(map[string]any)
	op, _ := item[strings.ToLower(method)].(map[string]any)
	return op
}

// check fails unless the document has this answer: status, media type, schema, code.
func (c *contract) check(t *testing.T, r *http.Request, a answer) {
	t.Helper()
	_, pattern := c.mux.Handler(r)
	method, path, ok := strings.Cut(pattern, " ")
	if !ok || r.URL.EscapedPath() != pathlib.Clean(r.URL.EscapedPath()) {
		return // no operation
	}
	response, ok := c.operation(method, path)["responses"].(map[string]any)[strconv.Itoa(a.status)].(map[string]any)
	if !ok {
		t.Errorf("%s: the document of %s has no answer %d: %s", a.what, pattern, a.status, a.body)
		return
	}
	content, _ := response["content"].(map[string]any)
	if len(content) == 0 {
		if len(a.body) > 0 {
			t.Errorf("%s: the document says that %d has no body, and it is %s", a.what, a.status, a.body)
		}
		return
	}
	if content["*/*"] != nil || content["image/jpeg"] != nil {
		return // what people made up
	}
	media := a.header.Get("Content-Type")
	if content[media] == nil {
		t.Errorf("%s: the document of %s has no %s for %d", a.what, pattern, media, a.status)
		return
	}
	at := docURL + "#/paths/" + escape(path) + "/" + strings.ToLower(method) + "/responses/" + strconv.Itoa(a.status) + "/content/" + escape(media) + "/schema"
	schema, err := c.compiler.Compile(at)
	if err != nil {
		t.Errorf("the schema of %s: %v", pattern, err)
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	if err == nil {
		err = schema.Validate(body)
	}
	if err != nil {
		t.Errorf("%s: the answer is not what the document says: %v\n%s", a.what, err, a.body)
	}
	if a.status >= 300 {
		code, _ := body.(map[string]any)["code"].(string)
		if codes := strings.Split(response["description"].(string), ", "); !slices.Contains(codes, code) {
			t.Errorf("%s: refused with %s, and the document of %s only has %v", a.what, code, pattern, codes)
		}
	}
}

func escape(pointer string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(pointer)
}

type fieldError = wire.FieldError
