package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// An API speaks to a server over HTTP, as nobody or as somebody (As). It may be
// used from any goroutine. Refusals are of type *Error.
type API struct {
	base  string
	http  *http.Client
	token string
}

// answerMost bounds what is read of one answer, in bytes.
const answerMost = 64 << 20

// NewAPI makes an API that is signed in as nobody.
func NewAPI(s Server) (*API, error) {
	base, hc, err := s.open()
	if err != nil {
		return nil, err
	}
	hc.Timeout = 30 * time.Second
	return &API{base: base, http: hc}, nil
}

// As is the same API with a token; the two share their connections.
func (a *API) As(token string) *API { return &API{a.base, a.http, token} }

// do makes a request. in and out may be nil.
func (a *API) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+"/v1"+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	return a.answer(req, out)
}

// answer makes a request and reads its answer; out may be nil.
func (a *API) answer(req *http.Request, out any) error {
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	if err != nil {
		return fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err)
	}
	if resp.StatusCode/100 != 2 {
		return problem(resp.StatusCode, resp.Header, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err)
	}
	return nil
}

// problem reads a problem document.
func problem(status int, h http.Header, body []byte) error {
	var doc struct {
		Code   fault.Code `json:"code"`
		Detail string     `json:"detail"`
		Errors []struct {
			Pointer string `json:"pointer"`
			Detail  string `json:"detail"`
		} `json:"errors"`
	}
	e := &Error{Status: status, Message: http.StatusText(status)}
	if json.Unmarshal(body, &doc) == nil {
		e.Code = doc.Code
		if doc.Detail != "" {
			e.Message = doc.Detail
		}
		for _, f := range doc.Errors {
			e.Fields = append(e.Fields, wire.FieldError(f))
		}
	}
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil {
		e.Retry = time.Duration(s) * time.Second
	}
	return e
}

// A list is one page of a list.
type list[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

// all goes through every page of a list.
func all[T any](ctx context.Context, a *API, path string) iter.Seq2[T, error] {
	return pages[T](ctx, a, path+"?limit=200", "cursor")
}

// pages goes through every page of a list, each asked for with the next of the one before.
func pages[T any](ctx context.Context, a *API, path, param string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		cursor := ""
		for {
			var page list[T]
			if err := a.do(ctx, "GET", path+cursor, nil, &page); err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == nil {
				return
			}
			cursor = "&" + param + "=" + url.QueryEscape(*page.Next)
		}
	}
}

// Collect gathers what a list of this package yields, up to its first error.
func Collect[T any](items iter.Seq2[T, error]) ([]T, error) {
	out := []T{}
	for item, err := range items {
		if err != nil {
			return out, err
		}
		out = append(out, item)
	}
	return out, nil
}

// seg is an id as a segment of a path.
func seg(id string) string { return "/" + url.PathEscape(id) }
