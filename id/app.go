package id

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

type (
	// Template is a kind of notice that a moderator reads before it is sent.
	Template string
	// Consent is a sheet that was shown to somebody.
	Consent string
	// Activation is one real tap.
	Activation string
	// Grant is the right to send a few notices to one user. Apps know it by a handle only.
	Grant string
	// Case is something for moderators to decide.
	Case string
	// Delivery is one event on its way to an app's server.
	Delivery string
)

// NewApp makes the id of a new app.
func NewApp() App { return App(appPrefix + random()) }

// ParseApp checks an app's id.
func ParseApp(s string) (App, bool) { return App(s), isRandom(s, appPrefix) }

// pageMost bounds a page's name, in bytes.
const pageMost = 512

// IsPage tells whether p can be a page within a mini-program: an absolute path,
// perhaps with a query, in printable ASCII.
func IsPage(p string) bool {
	path, _, _ := strings.Cut(p, "?")
	return len(p) <= pageMost && strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") && !strings.Contains(path, "..") &&
		strings.IndexFunc(p, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' || r == '#' }) < 0
}

// NewTemplate makes the id of a new template.
func NewTemplate() Template { return Template("t-" + random()) }

// ParseTemplate checks a template's id.
func ParseTemplate(s string) (Template, bool) { return Template(s), isRandom(s, "t-") }

// NewConsent makes the id of a new sheet.
func NewConsent() Consent { return Consent("c-" + random()) }

// ParseConsent checks a sheet's id.
func ParseConsent(s string) (Consent, bool) { return Consent(s), isRandom(s, "c-") }

// NewActivation makes the name of a tap.
func NewActivation() Activation { return Activation("tap-" + random()) }

// NewGrant makes the id of a new grant.
func NewGrant() Grant { return Grant(uuid.New().String()) }

// NewCase makes the id of a case opened at a time; later ones are behind earlier ones.
func NewCase(at time.Time) Case { return Case("case-" + NewEntry(at).String()) }

// NewDelivery makes the id of an event of that time.
func NewDelivery(at time.Time) Delivery { return Delivery("msg_" + NewEntry(at).String()) }

// isRandom tells whether s is prefix and 128 bits as random writes them.
func isRandom(s, prefix string) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok || len(rest) != lower.EncodedLen(16) {
		return false
	}
	var raw [16]byte
	var again [26]byte // as it would have been written
	if _, err := lower.Decode(raw[:], []byte(rest)); err != nil {
		return false
	}
	lower.Encode(again[:], raw[:])
	return string(again[:]) == rest
}

// ServiceStream is the conversation of a user with an app.
func ServiceStream(u User, a App) Stream { return Stream("s-" + string(u) + "~" + string(a)) }

// Served gives the user and the app of a service conversation; ok is false for
// anything that ServiceStream would not have made.
func (s Stream) Served() (u User, a App, ok bool) {
	rest, found := strings.CutPrefix(string(s), "s-")
	x, y, cut := strings.Cut(rest, "~")
	u, okU := ParseUser(x)
	a, okA := ParseApp(y)
	return u, a, found && cut && okU && okA
}

// Streams that nobody follows: the server's own books.
const (
	// AuditStream is everything that was decided about somebody, and every notice that was refused.
	AuditStream = Stream("#audit")
	handed      = "#handed/"
)

// HandedStream is the grants that an app's server may know of, in the order in which it may.
func HandedStream(a App) Stream { return Stream(handed + string(a)) }
