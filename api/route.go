package api

import (
	"context"
	"net/http"
	"reflect"
	"regexp"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// A route is one operation.
type route struct {
	method, path string
	who          principal
	id           string // of the operation, in the documents, logs and metrics
	does         endpoint
}

// An operation is a route at work.
type operation struct {
	route
	names    []string // of the parts of the path
	required []string // members of the request's body
}

// An endpoint is what a route does.
type endpoint struct {
	status  int          // of the answer when it went well
	in, out reflect.Type // bodies; nil for none
	query   []param
	takes   []format // of a body that serve reads itself; none: it is JSON
	gate    bool     // what it refuses leaves a record of its own
	types   []string // media types of an answer that is no JSON, and that serve has given itself
	serve   func(s *server, c *call, x *exchange, op *operation) (any, error)
}

// A format is how a body that is no JSON may come.
type format struct {
	media string
	of    reflect.Type // a form's fields; nil: bytes
}

// answers makes an endpoint of a method. With In none it takes no body, with Out
// none it has nothing to tell.
func answers[In, Out any](status int, do func(*server, context.Context, *call, In) (Out, error), query ...param) endpoint {
	e := endpoint{status: status, in: bodyType[In](), out: bodyType[Out](), query: query}
	e.serve = func(s *server, c *call, x *exchange, op *operation) (any, error) {
		in, err := take[In](c, x, op.required)
		if err != nil {
			return nil, err
		}
		return do(s, c.r.Context(), c, in)
	}
	return e
}

// receives makes an endpoint of a method that reads its body itself.
func receives[Out any](status int, do func(*server, context.Context, *call, *exchange) (Out, error), takes ...format) endpoint {
	return endpoint{status: status, out: bodyType[Out](), takes: takes, serve: func(s *server, c *call, x *exchange, _ *operation) (any, error) {
		return do(s, c.r.Context(), c, x)
	}}
}

// hands makes an endpoint of a method that gets the body as it came, up to most
// bytes and one more: to read it strictly is the gate's, which leaves a record of
// what it refuses. Doc is what a good one looks like.
func hands[Doc, Out any](status, most int, do func(*server, context.Context, *call, []byte) (Out, error)) endpoint {
	return endpoint{status: status, in: bodyType[Doc](), out: bodyType[Out](), gate: true, serve: func(s *server, c *call, x *exchange, op *operation) (any, error) {
		raw, err := readRaw(x, c.r, most)
		if err != nil {
			return nil, s.refused(c.r.Context(), c, &op.route, err)
		}
		return do(s, c.r.Context(), c, raw)
	}}
}

// sends makes an endpoint of a method that answers with bytes of those types.
func sends(do func(*server, context.Context, *call, *exchange) error, types ...string) endpoint {
	return endpoint{status: http.StatusOK, types: types, serve: func(s *server, c *call, x *exchange, _ *operation) (any, error) {
		return nil, do(s, c.r.Context(), c, x)
	}}
}

func bodyType[T any]() reflect.Type {
	if t := reflect.TypeFor[T](); t != reflect.TypeFor[none]() {
		return t
	}
	return nil
}

// take reads the body of a call. Where none is needed, nothing and {} are both
// right; GET and DELETE have no body, and one that comes is not looked at.
func take[In any](c *call, x *exchange, required []string) (in In, err error) {
	if !takesBody(c.r.Method) {
		return in, nil
	}
	raw, err := readBody(x, c.r)
	if err != nil || len(raw) == 0 && bodyType[In]() == nil {
		return in, err
	}
	return decode[In](raw, required)
}

func takesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

var pathName = regexp.MustCompile(`\{(\w+)\}`)

// mount puts the routes of those principals on the mux, and describes them.
func mount(mux *http.ServeMux, s *server, version string, who ...principal) *document {
	doc := newDocument(version)
	config := huma.Config{OpenAPI: doc.OpenAPI}
	config.AllowAdditionalPropertiesByDefault = true // answers may get new members; bodies of requests are closed one by one
	h := humago.New(mux, config)
	for _, rt := range routes {
		if !slices.Contains(who, rt.who) {
			continue
		}
		op := &operation{route: rt}
		for _, m := range pathName.FindAllStringSubmatch(rt.path, -1) {
			op.names = append(op.names, m[1])
		}
		h.Adapter().Handle(doc.add(op), func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			s.serve(op, w.(*exchange), r)
		})
	}
	return doc
}

// serve answers one request of a route.
func (s *server) serve(op *operation, x *exchange, r *http.Request) {
	x.route = op.id
	c, err := s.open(r.Context(), op, r)
	if err != nil {
		refuse(x, r, err)
		return
	}
	out, err := op.does.serve(s, c, x, op)
	switch {
	case err != nil && x.status != 0: // the answer is half out
		x.cause = err
		panic(http.ErrAbortHandler)
	case err != nil:
		refuse(x, r, s.noted(r.Context(), c, op, err))
		return
	case op.does.types != nil:
		return
	}
	status := op.does.status
	if c.status != 0 {
		status = c.status
	}
	if op.does.out == nil {
		x.WriteHeader(status)
		return
	}
	write(x, status, jsonType, out)
}
