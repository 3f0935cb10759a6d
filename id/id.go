// Package id names the things Teahouse speaks of. Every identifier and every
// position has a type of its own, so that two of them cannot be swapped; how an
// identifier is made and what makes one well-formed stands here and nowhere else.
//
// Identifiers are opaque to clients. Inside, some tell what they belong to (a
// direct conversation's id carries its two people), which saves a look-up on
// every message.
package id

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"
)

type (
	// User is the name somebody chose when registering; it never changes.
	User string
	// App is a mini-program. Its id begins with "app-", which no user's does.
	App string
	// Principal is whoever wrote an entry: a user or an app.
	Principal string
	// Device is what a client calls its own installation; it is the same at every sign-in of that installation.
	Device string
	// Session is one sign-in of one device.
	Session string
	// Seq is a position in a stream: 1, 2, 3 … without holes; 0 is before the first entry.
	Seq int64
)

// MaxSeq is the largest position that every JSON reader holds exactly.
const MaxSeq = Seq(1<<53 - 1)

const (
	maxUser   = 32
	maxDevice = 64
)

// ParseUser checks a user id: 2 to 32 of a–z, 0–9, '.', '_' and '-', beginning
// with a letter or digit, and not looking like an app's.
func ParseUser(s string) (User, bool) {
	if len(s) < 2 || len(s) > maxUser || strings.HasPrefix(s, appPrefix) {
		return "", false
	}
	for i := range len(s) {
		c := s[i]
		plain := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !plain && (i == 0 || c != '.' && c != '_' && c != '-') {
			return "", false
		}
	}
	return User(s), true
}

const appPrefix = "app-"

// ParseDevice checks a device's name: 1 to 64 printable ASCII characters.
func ParseDevice(s string) (Device, bool) {
	if s == "" || len(s) > maxDevice {
		return "", false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return "", false
		}
	}
	return Device(s), true
}

// NewSession makes the id of a new sign-in.
func NewSession() Session { return Session("ses-" + random()) }

// ParseMessage checks the id a sender chose for a message: a UUIDv7 in its
// canonical, lower-case form.
func ParseMessage(s string) (uuid.UUID, bool) {
	u, err := uuid.Parse(s)
	if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 || u.String() != s {
		return uuid.Nil, false
	}
	return u, true
}

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// random is 128 random bits as 26 letters and digits.
func random() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return lower.EncodeToString(b[:])
}

// Derive makes the id of what follows from something that has one: the same
// parts always give the same id, which makes doing it again harmless. It begins
// with the same time, because stores look for an id where its time points, but is
// a UUIDv8: whoever can read the first id could otherwise send a message under the
// derived one and be in the way of what follows.
func Derive(from uuid.UUID, parts ...string) uuid.UUID {
	h := sha256.New()
	h.Write(from[:])
	for _, p := range parts {
		h.Write([]byte{0})
		h.Write([]byte(p))
	}
	u := uuid.UUID(h.Sum(nil)[:16])
	copy(u[:6], from[:6])
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}

// NewEntry makes the id of an entry that the server itself writes at a time.
func NewEntry(at time.Time) uuid.UUID {
	u := uuid.UUID{}
	binary.BigEndian.PutUint64(u[:8], uint64(at.UnixMilli())<<16)
	rand.Read(u[6:])
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u
}
