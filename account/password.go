package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	passwordRunes = 8    // at least
	passwordBytes = 1024 // at most: more is no better, and costs
)

// checkPassword refuses passwords nobody should have; at points into the request.
// Any text will do otherwise, and only the very same text opens the account.
func checkPassword(u id.User, password, at string) error {
	if err := checkPasswordSize(password, at); err != nil {
		return err
	}
	if utf8.RuneCountInString(password) < passwordRunes {
		return ErrWeakPassword.At(at, fmt.Sprintf("has less than %d characters", passwordRunes))
	}
	if password == string(u) {
		return ErrWeakPassword.At(at, "is the user id")
	}
	return nil
}

func checkPasswordSize(password, at string) error {
	if len(password) > passwordBytes {
		return fault.BadRequest.At(at, fmt.Sprintf("has more than %d bytes", passwordBytes))
	}
	return nil
}

// cost is what one guess costs: memory in KiB and passes over it, as OWASP's
// password storage cheat sheet advises for argon2id (about 20 ms of one core).
type cost struct{ memory, passes uint32 }

var usual = cost{memory: 19 << 10, passes: 2}

const (
	saltBytes   = 16
	digestBytes = 32
	// waitingMost bounds who waits for a core to hash on; they are held by their requests.
	waitingMost = 1024
)

// A hasher makes and checks argon2id hashes in PHC form. It does as many at a
// time as there are cores: a flood of sign-ins waits instead of taking all memory.
type hasher struct {
	cost    cost
	slots   chan struct{}
	waiting atomic.Int64
	nobody  string // what a password is compared with when there is no account: as costly, and never equal
}

func newHasher(c cost) *hasher {
	return &hasher{
		cost:   c,
		slots:  make(chan struct{}, runtime.GOMAXPROCS(0)),
		nobody: c.phc(random(saltBytes), random(digestBytes)),
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	salt := random(saltBytes)
	return h.cost.phc(salt, h.cost.digest(password, salt)), nil
}

// matches tells whether password is the one that was hashed. An empty hash, of
// somebody who has no password or does not exist, takes as long and never matches.
func (h *hasher) matches(ctx context.Context, password, hash string) (bool, error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	if hash == "" {
		hash = h.nobody
	}
	c, salt, digest, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(c.digest(password, salt), digest) == 1, nil
}

func (h *hasher) enter(ctx context.Context) error {
	if h.waiting.Add(1) > waitingMost {
		h.waiting.Add(-1)
		return fault.Unavailable.Saying("Too many people are signing in at the moment.").After(2 * time.Second)
	}
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		h.waiting.Add(-1)
		return fmt.Errorf("%w: wait for a core: %w", fault.Unavailable, ctx.Err())
	}
}

func (h *hasher) leave() {
	<-h.slots
	h.waiting.Add(-1)
}

func (c cost) digest(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, c.passes, c.memory, 1, digestBytes)
}

var b64 = base64.RawStdEncoding

func (c cost) phc(salt, digest []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, c.memory, c.passes,
		b64.EncodeToString(salt), b64.EncodeToString(digest))
}

var errPHC = errors.New("the stored password hash is damaged")

// parsePHC reads what phc wrote, now or under an earlier cost.
func parsePHC(s string) (c cost, salt, digest []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errPHC
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &c.memory, &c.passes); err != nil || n != 2 || c.passes == 0 {
		return c, nil, nil, errPHC
	}
	salt, err = b64.DecodeString(parts[4])
	if err == nil {
		digest, err = b64.DecodeString(parts[5])
	}
	if err != nil || len(digest) != digestBytes {
		return c, nil, nil, errPHC
	}
	return c, salt, digest, nil
}
