package id

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"
)

type (
	// Post is one moment. Sorted as text, posts are in the order of their times.
	Post string
	// Comment is one comment under a post; sorted as text, in the order of their times.
	Comment string
	// Media is one uploaded picture, recording, film or file.
	Media string
)

const (
	postPrefix    = "p-"
	commentPrefix = "c-"
	mediaPrefix   = "m-"
)

// NewPost makes the id of a post of that time. Posts of one process that are at
// least a quarter of a microsecond apart are in order.
func NewPost(at time.Time) Post { return Post(postPrefix + ordered(at).String()) }

// NewComment makes the id of a comment of that time.
func NewComment(at time.Time) Comment { return Comment(commentPrefix + ordered(at).String()) }

// NewMedia makes the id of a medium. Nobody can guess it.
func NewMedia() Media { return Media(mediaPrefix + random()) }

// ParsePost checks a post's id.
func ParsePost(s string) (Post, bool) { return Post(s), isOrdered(s, postPrefix) }

// ParseComment checks a comment's id.
func ParseComment(s string) (Comment, bool) { return Comment(s), isOrdered(s, commentPrefix) }

// ParseMedia checks a medium's id.
func ParseMedia(s string) (Media, bool) {
	rest, ok := strings.CutPrefix(s, mediaPrefix)
	if !ok || len(rest) != lower.EncodedLen(16) {
		return "", false
	}
	raw, err := lower.DecodeString(rest)
	return Media(s), err == nil && lower.EncodeToString(raw) == rest
}

// UUID is what entries about a post derive their ids from.
func (p Post) UUID() uuid.UUID { return uuid.MustParse(string(p[len(postPrefix):])) }

// ordered is a UUIDv7 whose twelve bits after the milliseconds are the fraction
// of a millisecond (RFC 9562, 6.2, method 3).
func ordered(at time.Time) uuid.UUID {
	u := NewEntry(at)
	fraction := at.Nanosecond() % int(time.Millisecond) << 12 / int(time.Millisecond)
	binary.BigEndian.PutUint16(u[6:8], 7<<12|uint16(fraction))
	return u
}

func isOrdered(s, prefix string) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return false
	}
	_, ok = ParseMessage(rest)
	return ok
}
