package grant

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	handlePrefix = "gh1_"
	namePrefix   = "n-"
	secretSize   = 32
	userSize     = 33 // its length and up to 32 bytes, so that all are as long
	nonceSize    = 12
	tagSize      = 16
)

// A seal makes the names that apps know grants and notices by. They can be
// neither forged nor moved to another app, and two of one user have nothing in
// common. The nonce follows from what is sealed, so the same thing always has the
// same name and no two things share a nonce.
type seal struct {
	box    cipher.AEAD
	nonces *sync.Pool // of keyed hashes
}

func newSeal(secret []byte) seal {
	if len(secret) != secretSize {
		panic(fmt.Sprintf("grant: the secret has %d bytes instead of %d", len(secret), secretSize))
	}
	derive := func(purpose string) []byte {
		key, err := hkdf.Key(sha256.New, secret, nil, purpose, 32)
		if err != nil {
			panic(err) // only of lengths, which are fixed
		}
		return key
	}
	block, err := aes.NewCipher(derive("teahouse handles 1: box"))
	if err != nil {
		panic(err)
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	key := derive("teahouse handles 1: nonce")
	return seal{box, &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// Secret is the key of all handles, which the first who asks makes.
func Secret(ctx context.Context, store ledger.Store) ([]byte, error) {
	const key = "handles"
	var secret []byte
	err := store.ChangePart(ctx, "secrets", ledger.Want{Keys: []string{key}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if secret = v.Get(key); secret != nil {
			return nil, nil
		}
		secret = make([]byte, secretSize)
		rand.Read(secret) // never fails
		return []ledger.Row{{Key: key, Value: secret}}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("the key of handles: %w", err)
	}
	return secret, nil
}

func (s *seal) nonceOf(what, app string, plain []byte) []byte {
	h := s.nonces.Get().(hash.Hash)
	defer s.nonces.Put(h)
	h.Reset()
	b := make([]byte, 0, 128)
	b = append(append(b, what...), 0)
	b = append(append(b, app...), 0)
	h.Write(append(b, plain...))
	return h.Sum(b[:0])[:nonceSize:nonceSize]
}

// handle names a grant for its app.
func (s *seal) handle(a id.App, u id.User, g id.Grant) string {
	grant, err := uuid.Parse(string(g))
	if err != nil {
		panic("grant: an id is no UUID: " + string(g)) // they are made here
	}
	plain := append(padded(u), grant[:]...)
	nonce := s.nonceOf(handlePrefix, string(a), plain)
	return handlePrefix + base64.RawURLEncoding.EncodeToString(s.box.Seal(nonce, nonce, plain, []byte(handlePrefix+string(a))))
}

// open reads a handle; ok is false for whatever is none of this app's.
func (s *seal) open(a id.App, handle string) (u id.User, g id.Grant, ok bool) {
	raw, ok := unwrap(handle, handlePrefix, nonceSize+userSize+16+tagSize)
	if !ok {
		return "", "", false
	}
	plain, err := s.box.Open(nil, raw[:nonceSize], raw[nonceSize:], []byte(handlePrefix+string(a)))
	if err != nil {
		return "", "", false
	}
	return unpadded(plain[:userSize]), id.Grant(uuid.UUID(plain[userSize:]).String()), true
}

// name is what app and user call a notice.
func (s *seal) name(a id.App, u id.User, n uuid.UUID) string {
	plain := padded(u)
	nonce := s.nonceOf(namePrefix, string(a), n[:])
	return namePrefix + base64.RawURLEncoding.EncodeToString(s.box.Seal(n[:], nonce, plain, []byte(namePrefix+string(a))))
}

// openName reads the name of a notice of this app.
func (s *seal) openName(a id.App, name string) (u id.User, n uuid.UUID, ok bool) {
	raw, ok := unwrap(name, namePrefix, 16+userSize+tagSize)
	if !ok {
		return "", n, false
	}
	n = uuid.UUID(raw[:16])
	plain, err := s.box.Open(nil, s.nonceOf(namePrefix, string(a), n[:]), raw[16:], []byte(namePrefix+string(a)))
	if err != nil {
		return "", n, false
	}
	return unpadded(plain), n, true
}

// uuidOf is the part of a notice's name that needs no key. Whoever uses it has to
// compare the whole name.
func uuidOf(name string) (uuid.UUID, bool) {
	raw, ok := unwrap(name, namePrefix, 16+userSize+tagSize)
	if !ok {
		return uuid.Nil, false
	}
	return uuid.UUID(raw[:16]), true
}

// unwrap takes prefix and base64 off. There is one way to write each name.
func unwrap(s, prefix string, size int) ([]byte, bool) {
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok || len(rest) != base64.RawURLEncoding.EncodedLen(size) {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	return raw, err == nil && len(raw) == size
}

func padded(u id.User) []byte {
	p := make([]byte, userSize, userSize+16)
	p[0] = byte(len(u))
	if n := copy(p[1:], u); n < len(u) {
		panic("grant: a user's name is too long: " + string(u))
	}
	return p
}

func unpadded(p []byte) id.User { return id.User(p[1 : 1+int(p[0])]) }

// Name is what app and user call a notice. Nobody can tell from two names whether
// they are of one user.
func (b *Book) Name(n Notice) string { return b.seal.name(n.App, n.User, n.ID) }
