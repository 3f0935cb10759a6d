package law

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// An answer is what a raw request was answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// err is nil for what went well, and else of the kind that the SDK gives.
func (a answer) err() error {
	if a.status/100 == 2 {
		return nil
	}
	var doc struct {
		Code   fault.Code `json:"code"`
		Detail string     `json:"detail"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil || doc.Code == "" {
		return fmt.Errorf("status %d without a problem document: %.200q", a.status, a.body)
	}
	return &client.Error{Code: doc.Code, Message: doc.Detail, Status: a.status}
}

// bare is a refusal without what differs from request to request.
func (a answer) bare() string {
	var doc map[string]any
	_ = json.Unmarshal(a.body, &doc)
	delete(doc, "trace_id")
	b, _ := json.Marshal(doc)
	headers := a.header.Clone()
	for _, k := range []string{"Date", "Content-Length", "X-Trace-Id"} {
		headers.Del(k)
	}
	return fmt.Sprint(a.status, " ", string(b), " ", headers)
}

// object is an answer's body.
func (a answer) object() map[string]any {
	var doc map[string]any
	_ = json.Unmarshal(a.body, &doc)
	return doc
}

// A twist changes a request before it goes out.
type twist func(*http.Request)

func header(name, value string) twist { return func(r *http.Request) { r.Header.Set(name, value) } }

// ask makes a raw request: body is text as it stands, or something to be made JSON
// of, or nil. A path has no /v1 in front if it begins with "!".
func (s *scene) ask(method, path, token string, body any, twists ...twist) answer {
	s.Helper()
	a, err := s.h.ask(method, path, token, body, twists...)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (h *house) ask(method, path, token string, body any, twists ...twist) (answer, error) {
	return h.askAt(h.next(), method, path, token, body, twists...)
}

func (h *house) askAt(base, method, path, token string, body any, twists ...twist) (answer, error) {
	var text io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		text = strings.NewReader(b)
	case []byte:
		text = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		text = bytes.NewReader(raw)
	}
	if whole, ok := strings.CutPrefix(path, "!"); ok {
		path = whole
	} else {
		path = "/v1" + path
	}
	r, err := http.NewRequest(method, base+path, text)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, twist := range twists {
		twist(r)
	}
	resp, err := h.web.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, raw}, err
}
