package api

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// A document is the OpenAPI description of a listener, in the order of routes.
type document struct {
	*huma.OpenAPI
	operations []*huma.Operation
}

const schemaPrefix = "#/components/schemas/"

func newDocument(version string) *document {
	registry := huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[wire.Time](), reflect.TypeFor[time.Time]())
	registry.RegisterTypeAlias(reflect.TypeFor[wire.Conversation](), reflect.TypeFor[conversation]())
	return &document{OpenAPI: &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "Teahouse", Version: version, Description: introduction},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				string(session):  {Type: "http", Scheme: "bearer", Description: "The token of a sign-in."},
				string(app):      {Type: "http", Scheme: "bearer", Description: "An app's token, of POST /v1/app/token."},
				string(operator): {Type: "http", Scheme: "bearer", Description: "The operator's token."},
			},
		},
	}}
}

// add describes an operation, and tells it which members its body must have.
func (d *document) add(op *operation) *huma.Operation {
	w := words[op.id]
	o := &huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path,
		Summary: w.summary, Description: w.text, Tags: []string{tagOf(op.path)},
		Parameters: parameters(op), Responses: map[string]*huma.Response{},
		Extensions: map[string]any{"x-principal": string(op.who)},
	}
	if op.who != public {
		o.Security = []map[string][]string{{string(op.who.signs()): {}}}
	}
	refuses := slices.Concat(w.refuses, refusals(op))
	if op.does.in != nil {
		schema := d.Components.Schemas.Schema(op.does.in, true, "")
		whole := d.Components.Schemas.SchemaFromRef(schema.Ref)
		whole.AdditionalProperties = false
		op.required = whole.Required
		o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{jsonType: {Schema: schema}}}
	}
	for _, f := range op.does.takes {
		if o.RequestBody == nil {
			o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
		}
		schema := &huma.Schema{Type: huma.TypeString, Format: "binary"}
		if f.of != nil {
			schema = d.Components.Schemas.Schema(f.of, true, "")
			d.Components.Schemas.SchemaFromRef(schema.Ref).AdditionalProperties = false
		}
		o.RequestBody.Content[f.media] = &huma.MediaType{Schema: schema}
	}
	for _, status := range append(w.also, op.does.status) {
		answer := &huma.Response{Description: http.StatusText(status)}
		for _, t := range op.does.types {
			if answer.Content == nil && status != http.StatusNotModified {
				answer.Content = map[string]*huma.MediaType{}
			}
			if answer.Content != nil {
				answer.Content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
			}
		}
		if op.does.out != nil {
			answer.Content = map[string]*huma.MediaType{jsonType: {Schema: d.Components.Schemas.Schema(op.does.out, true, "")}}
		}
		o.Responses[strconv.Itoa(status)] = answer
	}
	d.refusals(o, refuses)
	d.AddOperation(o)
	d.operations = append(d.operations, o)
	return o
}

// refusals are the codes that any operation of this kind can answer.
func refusals(op *operation) []fault.Code {
	codes := []fault.Code{"bad_request", "rate_limited", "unavailable", "internal"}
	if op.who != public {
		codes = append(codes, "unauthenticated")
	}
	switch op.who.signs() {
	case session:
		codes = append(codes, "token_expired", "forbidden", "wrong_principal")
	case app:
		codes = append(codes, "token_expired", "forbidden", "wrong_principal", "app_suspended")
	}
	if takesBody(op.method) {
		codes = append(codes, "unknown_field", "too_large", "unsupported_media_type")
	}
	if len(op.names) > 0 {
		codes = append(codes, "not_found")
	}
	return codes
}

// refusals describes an answer for every status that the codes can have.
func (d *document) refusals(o *huma.Operation, codes []fault.Code) {
	slices.Sort(codes)
	schema := d.Components.Schemas.Schema(reflect.TypeFor[problem](), true, "")
	for _, code := range slices.Compact(codes) {
		status := strconv.Itoa(statusOf(code))
		if answer := o.Responses[status]; answer != nil {
			answer.Description += ", " + string(code)
			continue
		}
		o.Responses[status] = &huma.Response{
			Description: string(code), Content: map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
}

func parameters(op *operation) []*huma.Param {
	var all []*huma.Param
	for _, name := range op.names {
		schema := &huma.Schema{Type: huma.TypeString}
		if name == "seq" {
			schema = &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: number(1)}
		}
		all = append(all, &huma.Param{Name: name, In: "path", Required: true, Description: pathWords[name], Schema: schema})
	}
	for _, p := range op.does.query {
		schema := &huma.Schema{Type: huma.TypeString}
		if p.integer {
			schema = &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: number(0)}
		}
		if p.name == pageLimit.name {
			schema.Minimum, schema.Maximum = number(1), number(limitMost)
		}
		all = append(all, &huma.Param{Name: p.name, In: "query", Description: p.words, Schema: schema})
	}
	return all
}

func number(n float64) *float64 { return &n }

// tagOf is the section of the documents that a path belongs to.
func tagOf(path string) string {
	switch {
	case strings.HasSuffix(path, "/moments"):
		return "Moments"
	case strings.HasPrefix(path, "/v1/me/push"):
		return "Push"
	case strings.HasPrefix(path, "/v1/me/grants"), strings.HasPrefix(path, "/v1/me/notices"):
		return "Mini-programs"
	}
	switch first, _, _ := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/"); first {
	case "accounts", "sessions", "me", "users":
		return "Accounts"
	case "contact-requests", "contacts", "blocks":
		return "Contacts"
	case "conversations":
		return "Conversations"
	case "groups":
		return "Groups"
	case "presence":
		return "Presence"
	case "push":
		return "Push"
	case "moments":
		return "Moments"
	case "media":
		return "Media"
	case "mini-programs", "activations", "consents":
		return "Mini-programs"
	case "app":
		return "Apps"
	case "developer":
		return "Developers"
	case "moderation":
		return "Moderation"
	}
	return "Operation"
}

// finish puts right what reflection cannot know, and gives every property its words.
func (d *document) finish() {
	all := d.Components.Schemas.Map()
	for _, of := range []reflect.Type{
		reflect.TypeFor[textBody](), reflect.TypeFor[locationBody](), reflect.TypeFor[contactBody](),
		reflect.TypeFor[imageBody](), reflect.TypeFor[voiceBody](), reflect.TypeFor[videoBody](), reflect.TypeFor[fileBody](),
		reflect.TypeFor[newAudience](), reflect.TypeFor[newLocation](), reflect.TypeFor[newAppCard](), reflect.TypeFor[appCardBody](),
		reflect.TypeFor[newConsentItem](), reflect.TypeFor[newDecisionItem](),
		reflect.TypeFor[newTemplateParam](), reflect.TypeFor[newTemplateEdge](), reflect.TypeFor[newCadence](), reflect.TypeFor[replyBody](), reflect.TypeFor[newSubject](),
		reflect.TypeFor[newKeys](), reflect.TypeFor[newQuiet](),
	} {
		ref := d.Components.Schemas.Schema(of, true, "").Ref
		all[strings.TrimPrefix(ref, schemaPrefix)].AdditionalProperties = false
	}
	for name, s := range all {
		for member, p := range s.Properties {
			p.Nullable = p.Nullable && p.Type != huma.TypeArray // lists are never null
			if p.Description == "" {
				p.Description = memberWords[name+"."+member]
			}
		}
	}
	if s := all["Entry"]; s != nil {
		s.Properties["body"].Type = huma.TypeObject
	}
	for of, member := range map[string]string{"Stream": "last", "PushChange": "quiet", "PushSettings": "quiet"} {
		if s := all[of]; s != nil {
			p := s.Properties[member]
			s.Properties[member] = &huma.Schema{Description: p.Description, AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
		}
	}
	if s := all["NewMessage"]; s != nil {
		s.Properties["body"].AnyOf = []*huma.Schema{
			{Ref: schemaPrefix + "TextBody"},
			{Ref: schemaPrefix + "LocationBody"},
			{Ref: schemaPrefix + "ContactBody"},
			{Ref: schemaPrefix + "ImageBody"},
			{Ref: schemaPrefix + "VoiceBody"},
			{Ref: schemaPrefix + "VideoBody"},
			{Ref: schemaPrefix + "FileBody"},
			{Ref: schemaPrefix + "AppCardBody"},
		}
	}
	for of, members := range map[string][]string{"ModerationCase": {"evidence"}, "AuditRow": {"before", "after"}} {
		for _, m := range members { // any JSON
			if s := all[of]; s != nil {
				s.Properties[m].Type = ""
			}
		}
	}
	if s := all["NewSession"]; s != nil {
		s.OneOf = []*huma.Schema{{Required: []string{"user", "password"}}, {Required: []string{"assertion"}}}
	}
}

// bytesOf is the document as it is sent.
func (d *document) bytesOf() []byte {
	b, err := d.MarshalJSON()
	if err != nil {
		panic(fmt.Sprintf("the API's own description: %v", err)) // a mistake in this package, seen at every start
	}
	return b
}

// conversation documents wire.Conversation, whose members depend on its kind.
type conversation struct {
	Stream      string              `json:"stream"`
	Kind        string              `json:"kind" enum:"direct,group,service"`
	Title       string              `json:"title"`
	Peer        string              `json:"peer,omitempty"`
	Name        string              `json:"name,omitempty"`
	Owner       string              `json:"owner,omitempty"`
	Admins      []string            `json:"admins,omitempty"`
	MemberCount int                 `json:"member_count,omitempty"`
	MyRole      string              `json:"my_role,omitempty"`
	Settings    *wire.GroupSettings `json:"settings,omitempty"`
	Muted       bool                `json:"muted"`
	Pinned      bool                `json:"pinned"`
	Hidden      bool                `json:"hidden"`
}

// Bodies of the messages that can be sent.
type (
	textBody struct {
		Text     string   `json:"text" minLength:"1" doc:"At most 8 KiB of UTF-8, not blank, no NUL."`
		Mentions []string `json:"mentions,omitempty" maxItems:"50" doc:"Users who are mentioned, or \"@all\" by who leads the group."`
		ReplyTo  int64    `json:"reply_to,omitempty" minimum:"1" doc:"The position of the message this answers."`
	}
	locationBody struct {
		Lat  float64 `json:"lat" minimum:"-90" maximum:"90"`
		Lng  float64 `json:"lng" minimum:"-180" maximum:"180"`
		Name string  `json:"name,omitempty" maxLength:"200"`
	}
	contactBody struct {
		User string `json:"user" doc:"Whose card it is."`
	}
	imageBody struct {
		Media   string `json:"media" doc:"A picture one has uploaded."`
		Width   int64  `json:"width" minimum:"0" doc:"Pixels. What the picture itself has is stored."`
		Height  int64  `json:"height" minimum:"0" doc:"Pixels, likewise."`
		Caption string `json:"caption,omitempty" doc:"At most 8 KiB of UTF-8, no NUL."`
	}
	voiceBody struct {
		Media      string `json:"media" doc:"Sound one has uploaded."`
		DurationMS int64  `json:"duration_ms" minimum:"0" doc:"What the file itself says is stored, if it says something."`
	}
	videoBody struct {
		Media      string `json:"media" doc:"A film one has uploaded."`
		DurationMS int64  `json:"duration_ms" minimum:"0" doc:"What the film itself says is stored, if it says something."`
		Width      int64  `json:"width" minimum:"0" doc:"Pixels, likewise."`
		Height     int64  `json:"height" minimum:"0" doc:"Pixels, likewise."`
	}
	appCardBody struct {
		App   string `json:"app" doc:"A mini-program."`
		Title string `json:"title" doc:"At most 64 characters."`
		Page  string `json:"page" doc:"A page of it, such as /queue?no=17."`
	}
	fileBody struct {
		Media string `json:"media" doc:"Anything one has uploaded."`
		Name  string `json:"name" minLength:"1" maxLength:"255" doc:"What to call it. No slashes and no control characters."`
		Size  int64  `json:"size" minimum:"0" doc:"Bytes. What the file itself has is stored."`
	}
)
