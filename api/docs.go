package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

var (
	//go:embed docs.html
	docsHTML string
	//go:embed docs.css
	docsCSS string
)

// describe serves the documents: OpenAPI, AsyncAPI, and a page that shows both
// to people. The page is one document without scripts, and asks no other host
// for anything.
func describe(mux *http.ServeMux, doc *document) {
	doc.finish()
	socket, err := readSocket(wire.AsyncAPI)
	if err != nil {
		panic(err) // it is part of the binary; seen at every start
	}
	mux.HandleFunc("GET /openapi.json", static(jsonType, "", doc.bytesOf()))
	mux.HandleFunc("GET /asyncapi.json", static(jsonType, "", wire.AsyncAPI))
	mux.HandleFunc("GET /docs", static("text/html; charset=utf-8", docsPolicy(), render(doc, socket)))
}

// static serves bytes that do not change while the server runs.
func static(mediaType, policy string, body []byte) http.HandlerFunc {
	sum := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(sum[:12]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", etag)
		if policy != "" {
			h.Set("Content-Security-Policy", policy)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
}

// docsPolicy allows the page its own style sheet and nothing else.
func docsPolicy() string {
	sum := sha256.Sum256([]byte(docsCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// What the page shows.
type (
	docsPage struct {
		Title, Version string
		Introduction   []string
		Sections       []docsSection
		Socket         socketDocs
		Shapes         []docsShape
		Codes          []docsCode
		Style          template.CSS
	}
	docsSection struct {
		Name       string
		First      bool
		Operations []docsOperation
	}
	docsOperation struct {
		ID, Method, Path, Summary, Text string
		Open                            bool // to everybody
		Parameters, Body                []docsField
		Answers                         []docsAnswer
		Refusals                        []fault.Code // beside those that every operation has
	}
	docsAnswer struct {
		Status string
		Type   *docsType // nil: nothing to tell
		Fields []docsField
	}
	docsField struct {
		Name, Words string
		Type        docsType
		Required    bool
	}
	// docsType is a type in words; Link is the shape it speaks of, if it has a name.
	docsType struct{ Before, Link, After string }

	docsShape struct {
		Name   string
		Fields []docsField
	}
	docsCode struct {
		Code, Words string
		Status      int
	}
)

func render(doc *document, socket socketDocs) []byte {
	page := docsPage{
		Title: doc.Info.Title, Version: doc.Info.Version, Introduction: strings.Split(introduction, "\n\n"),
		Socket: socket, Style: template.CSS(docsCSS),
	}
	for _, o := range doc.operations {
		if n := len(page.Sections); n == 0 || page.Sections[n-1].Name != o.Tags[0] {
			page.Sections = append(page.Sections, docsSection{Name: o.Tags[0], First: n == 0})
		}
		s := &page.Sections[len(page.Sections)-1]
		s.Operations = append(s.Operations, doc.show(o))
	}
	page.Shapes = doc.shapes()
	for _, of := range socket.Shapes { // what both speak of is the same
		if !slices.ContainsFunc(page.Shapes, func(s docsShape) bool { return s.Name == of.Name }) {
			page.Shapes = append(page.Shapes, of)
		}
	}
	slices.SortFunc(page.Shapes, func(a, b docsShape) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range codeWords {
		page.Codes = append(page.Codes, docsCode{string(c.code), c.words, statusOf(c.code)})
	}
	var b bytes.Buffer
	if err := template.Must(template.New("docs").Funcs(template.FuncMap{"prose": prose}).Parse(docsHTML)).Execute(&b, page); err != nil {
		panic(fmt.Sprintf("the page of the API: %v", err)) // a mistake in this package, seen at every start
	}
	return b.Bytes()
}

// prose is a text in which what stands between backticks is code.
func prose(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		b.WriteString(part)
	}
	return template.HTML(b.String())
}

func (d *document) show(o *huma.Operation) docsOperation {
	v := docsOperation{
		ID: o.OperationID, Method: o.Method, Path: o.Path, Summary: o.Summary, Text: o.Description, Open: o.Security == nil,
	}
	for _, p := range o.Parameters {
		v.Parameters = append(v.Parameters, docsField{p.Name, p.Description, typeOf(p.Schema), p.Required})
	}
	if o.RequestBody != nil {
		if body := bodySchema(o); body != nil {
			v.Body = d.fields(body)
		}
	}
	statuses := make([]string, 0, len(o.Responses))
	for status := range o.Responses {
		statuses = append(statuses, status)
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		if status >= "300" {
			continue
		}
		a := docsAnswer{Status: status}
		if m := o.Responses[status].Content[jsonType]; m != nil {
			t := d.answerType(m.Schema)
			a.Type, a.Fields = &t, d.fields(&huma.Schema{Ref: schemaPrefix + t.Link})
		}
		v.Answers = append(v.Answers, a)
	}
	v.Refusals = words[o.OperationID].refuses
	return v
}

// bodySchema is what an operation's body looks like; nil if that has no fields.
func bodySchema(o *huma.Operation) *huma.Schema {
	for _, m := range o.RequestBody.Content { // of which one has fields, if any
		if m.Schema.Ref != "" {
			return m.Schema
		}
	}
	return nil
}

// answerType is the type of an answer; a list is called by what it is a list of.
func (d *document) answerType(ref *huma.Schema) docsType {
	s := d.Components.Schemas.SchemaFromRef(ref.Ref)
	if items := s.Properties["items"]; items != nil && s.Properties["next"] != nil {
		return docsType{Before: "a page of ", Link: nameOf(items.Items.Ref)}
	}
	return typeOf(ref)
}

// shapes are the bodies that have names, without lists and bodies of requests,
// which stand with their operations.
func (d *document) shapes() []docsShape {
	asked := map[string]bool{}
	for _, o := range d.operations {
		if o.RequestBody == nil {
			continue
		}
		if body := bodySchema(o); body != nil {
			asked[nameOf(body.Ref)] = true
		}
	}
	var all []docsShape
	for name := range d.Components.Schemas.Map() {
		if !asked[name] && !strings.HasPrefix(name, "List") {
			all = append(all, docsShape{name, d.fields(&huma.Schema{Ref: schemaPrefix + name})})
		}
	}
	return all
}

func nameOf(ref string) string { return strings.TrimPrefix(ref, schemaPrefix) }

// fields are the members of an object, in the order of its Go type.
func (d *document) fields(ref *huma.Schema) []docsField {
	s := d.Components.Schemas.SchemaFromRef(ref.Ref)
	var all []docsField
	for f := range members(d.Components.Schemas.TypeFromRef(ref.Ref)) {
		if p := s.Properties[f]; p != nil {
			all = append(all, docsField{f, p.Description, typeOf(p), slices.Contains(s.Required, f)})
		}
	}
	return all
}

// members are the JSON names of a type's fields.
func members(t reflect.Type) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			if name != "" && !yield(name) {
				return
			}
		}
	}
}

// typeOf says a schema's type in words.
func typeOf(s *huma.Schema) docsType {
	switch {
	case s.Ref != "":
		return docsType{Link: nameOf(s.Ref)}
	case len(s.AnyOf) == 2 && s.AnyOf[1].Type == "null":
		t := typeOf(s.AnyOf[0])
		t.After += " or null"
		return t
	case len(s.AnyOf) > 0:
		var names []string
		for _, of := range s.AnyOf {
			names = append(names, nameOf(of.Ref))
		}
		return docsType{Before: strings.Join(names, " | ")}
	case s.Type == huma.TypeArray:
		t := typeOf(s.Items)
		return docsType{"list of " + t.Before, t.Link, t.After}
	}
	words := s.Type
	switch {
	case s.Format == "date-time":
		words = "time"
	case s.Format == "uuid":
		words = "UUIDv7"
	case len(s.Enum) > 0:
		var names []string
		for _, e := range s.Enum {
			names = append(names, fmt.Sprint(e))
		}
		words = strings.Join(names, " | ")
	}
	if s.Nullable {
		words += " or null"
	}
	return docsType{Before: words}
}
