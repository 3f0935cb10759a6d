package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/teahouse-im/teahouse/fault"
)

// A param is something an operation may be asked in the query.
type param struct {
	name    string
	integer bool
	words   string
}

// What lists are asked.
var (
	pageLimit     = param{"limit", true, "How many items at most, 1 to 200; 50 if left out."}
	pageCursor    = param{"cursor", false, "The `next` of the page before."}
	since         = param{"since", false, "A `version` told earlier: only what changed after it is listed."}
	before        = param{"before", true, "Only entries before this position, the newest of them."}
	after         = param{"after", true, "Only entries after this position, the oldest of them."}
	momentBefore  = param{"before", false, "The `next` of the page before."}
	presenceUsers = param{"users", false, "User ids, at most 200, with commas between them."}
	momentLimit   = param{"limit", true, "One moment is one: this is not needed, and does nothing."}
	momentsAs     = param{"as", false, "A friend: only what they see, and as they see it."}
	programQuery  = param{"q", false, "Part of a name; all of them if left out."}
	handedAfter   = param{"after", false, "The `next` of the page before, whenever that was."}
	caseState     = param{"state", false, "Only cases in this state."}
	caseKind      = param{"kind", false, "Only cases of this kind."}
	auditActor    = param{"actor", false, "Only what this user, app or teahouse did."}
	auditAction   = param{"action", false, "Only this action."}
	auditKind     = param{"subject_kind", false, "Only what is about this kind of thing."}
	auditSubject  = param{"subject_id", false, "Only what is about the thing of this id."}
	entryLimit    = param{"limit", true, "How many entries at most, 1 to 200; 50 if left out."}
)

const (
	limitUsual = 50
	limitMost  = 200
)

// readQuery reads the query strictly: only what the operation knows, each once.
func readQuery(r *http.Request, known []param) (url.Values, error) {
	if r.URL.RawQuery == "" {
		return nil, nil
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.BadRequest.Saying("The query is not well-formed.")
	}
	for name, values := range q {
		switch {
		case !slices.ContainsFunc(known, func(p param) bool { return p.name == name }):
			return nil, fault.BadRequest.Saying("The query has a parameter that is not known here.")
		case len(values) > 1:
			return nil, fault.BadRequest.Saying("The query has a parameter twice.")
		}
	}
	return q, nil
}

// number reads a whole number of the query; nil if it is not there.
func (c *call) number(p param) (*int64, error) {
	if !c.query.Has(p.name) {
		return nil, nil
	}
	text := c.query.Get(p.name)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' {
		return nil, fault.BadRequest.Saying("The query's " + p.name + " is not a whole number.")
	}
	return &n, nil
}

// page reads where a list goes on and how long a page may be.
func (c *call) page() (cursor string, limit int, err error) {
	n, err := c.number(pageLimit)
	switch {
	case err != nil:
		return "", 0, err
	case n == nil:
		limit = limitUsual
	case *n < 1 || *n > limitMost:
		return "", 0, fault.BadRequest.Saying("The query's limit is not from 1 to 200.")
	default:
		limit = int(*n)
	}
	return c.query.Get(pageCursor.name), limit, nil
}

// list is a page of a list.
type list[T any] struct {
	Items []T     `json:"items" doc:"A page of the list."`
	Next  *string `json:"next" doc:"Goes back as cursor; null at the end."`
}

func listOf[T any](items []T, next string) list[T] {
	if next == "" {
		return list[T]{Items: items}
	}
	return list[T]{items, &next}
}

// errCursor refuses a cursor that no page of the list ended with.
var errCursor = fault.BadRequest.Saying("The cursor is not one of this list.")

// each shows stored things to a client, one by one.
func each[T, U any](stored []T, show func(T) U) []U {
	out := make([]U, len(stored))
	for i, of := range stored {
		out[i] = show(of)
	}
	return out
}

// typed are plain names as typed ones; nobody has looked whether they can be some.
func typed[T ~string](names []string) []T {
	return each(names, func(name string) T { return T(name) })
}

// texts are typed names as plain ones.
func texts[T ~string](names []T) []string {
	return each(names, func(name T) string { return string(name) })
}
