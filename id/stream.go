package id

import "strings"

// Stream is an append-only log of entries. Its form tells its kind:
//
//	d-alice~bob       direct conversation, the two users in order
//	g-…               group
//	s-alice~app-…     service chat of a user and an app
//	@contacts/alice   a personal stream; its owner knows it as "@contacts"
//	#…                a book of the server's own
//
// '~' and '/' occur in no user id.
type Stream string

// StreamKind says what a stream is for.
type StreamKind string

const (
	Direct   StreamKind = "direct"
	Group    StreamKind = "group"
	Service  StreamKind = "service"
	Personal StreamKind = "personal"
	Book     StreamKind = "book" // the server's own; no user can name one
)

// The personal streams every user has.
const (
	Contacts = "@contacts"
	Moments  = "@moments"
	Notices  = "@notices"
)

// PersonalNames are the personal streams, in the order sync lists them.
var PersonalNames = []string{Contacts, Moments, Notices}

// DirectStream is the conversation of two users; it is the same for (a, b) and (b, a).
func DirectStream(a, b User) Stream {
	if b < a {
		a, b = b, a
	}
	return Stream("d-" + string(a) + "~" + string(b))
}

// NewGroup makes the id of a new group.
func NewGroup() Stream { return Stream("g-" + random()) }

// PersonalStream is a user's own stream of that name (Contacts, Moments or Notices).
func PersonalStream(name string, u User) Stream { return Stream(name + "/" + string(u)) }

// ParseStream reads a stream's name as user u may write it. "@contacts" means
// u's own; other people's personal streams cannot be named at all.
func ParseStream(s string, u User) (Stream, bool) {
	switch s {
	case Contacts, Moments, Notices:
		return PersonalStream(s, u), true
	}
	st := Stream(s)
	switch st.Kind() {
	case Direct:
		_, _, ok := st.Pair()
		return st, ok
	case Group:
		return st, len(s) == len("g-")+26
	case Service:
		owner, _, ok := st.Served()
		return st, ok && owner == u
	}
	return "", false
}

// Kind tells a stream's kind; "" if it is none.
func (s Stream) Kind() StreamKind {
	switch {
	case strings.HasPrefix(string(s), "d-"):
		return Direct
	case strings.HasPrefix(string(s), "g-"):
		return Group
	case strings.HasPrefix(string(s), "s-"):
		return Service
	case strings.HasPrefix(string(s), "@"):
		return Personal
	case strings.HasPrefix(string(s), "#"):
		return Book
	}
	return ""
}

// Pair gives the two people of a direct conversation, in order; ok is false for
// anything that DirectStream would not have made.
func (s Stream) Pair() (a, b User, ok bool) {
	rest, found := strings.CutPrefix(string(s), "d-")
	x, y, cut := strings.Cut(rest, "~")
	a, okA := ParseUser(x)
	b, okB := ParseUser(y)
	return a, b, found && cut && okA && okB && a < b
}

// Peer gives the other one of u's direct conversation; ok is false if u is not in it.
func (s Stream) Peer(u User) (peer User, ok bool) {
	a, b, ok := s.Pair()
	switch {
	case ok && u == a:
		return b, true
	case ok && u == b:
		return a, true
	}
	return "", false
}

// Owner gives the user a personal stream belongs to; ok is false for other streams.
func (s Stream) Owner() (u User, ok bool) {
	_, owner, ok := strings.Cut(string(s), "/")
	return User(owner), ok && s.Kind() == Personal
}

// Name is what the stream is called on the wire: personal streams lose their owner.
func (s Stream) Name() string {
	if s.Kind() == Personal {
		name, _, _ := strings.Cut(string(s), "/")
		return name
	}
	return string(s)
}
