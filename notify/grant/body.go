package grant

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

// body is the JSON of what is shown: what encode makes of it, in an eighth of the time.
func (s *Shown) body() (json.RawMessage, error) {
	o := object{b: make([]byte, 0, 768)}
	o.open('{')
	o.text("notice", s.Notice)
	o.text("app", string(s.App))
	o.text("app_name", s.AppName)
	o.text("template", string(s.Template))
	o.text("title", s.Title)
	o.name("data")
	o.values(s.Data)
	o.name("params")
	o.open('[')
	for _, p := range s.Params {
		o.open('{')
		o.text("key", p.Key)
		o.text("label", p.Label)
		o.text("type", p.Type)
		o.text("value", p.Value)
		o.close('}')
	}
	o.close(']')
	o.text("page", s.Page)
	if s.State != "" {
		o.text("state", s.State)
	}
	if s.StateLabel != "" {
		o.text("state_label", s.StateLabel)
	}
	o.name("alert")
	if s.Alert {
		o.b = append(o.b, "true"...)
	} else {
		o.b = append(o.b, "false"...)
	}
	o.close('}')
	return o.b, o.err
}

// An object is JSON that is being written.
type object struct {
	b   []byte
	err error // of the first text that is none
}

// open begins an object or an array.
func (o *object) open(bracket byte) {
	o.comma()
	o.b = append(o.b, bracket)
}

func (o *object) close(bracket byte) { o.b = append(o.b, bracket) }

func (o *object) comma() {
	if n := len(o.b); n > 0 && o.b[n-1] != '{' && o.b[n-1] != '[' && o.b[n-1] != ':' {
		o.b = append(o.b, ',')
	}
}

func (o *object) name(s string) {
	o.comma()
	o.quote(s)
	o.b = append(o.b, ':')
}

func (o *object) text(name, value string) {
	o.name(name)
	o.quote(value)
}

func (o *object) quote(s string) {
	b, err := jsontext.AppendQuote(o.b, s)
	if o.b = b; err != nil && o.err == nil {
		o.err = err
	}
}

// values are in the order of their keys.
func (o *object) values(v Values) {
	o.open('{')
	for _, key := range inOrder(v) {
		o.name(key)
		o.open('{')
		for _, kind := range inOrder(v[key]) {
			o.text(kind, v[key][kind])
		}
		o.close('}')
	}
	o.close('}')
}
