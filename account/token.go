package account

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/teahouse-im/teahouse/id"
)

// A token is "<user>~<secret>". The user says in which partition to look; the
// secret is 256 random bits as 43 characters of base64url. '~' is in neither.
const (
	secretBytes = 32
	secretChars = 43
	tokenMost   = 32 + 1 + secretChars
)

func newToken(u id.User) (string, TokenHash) {
	token := string(u) + "~" + base64.RawURLEncoding.EncodeToString(random(secretBytes))
	return token, sha256.Sum256([]byte(token))
}

// parseToken tells whose a token would be and what to look it up by. The whole
// text is hashed, so only the very same text is the token.
func parseToken(token string) (id.User, TokenHash, bool) {
	if len(token) > tokenMost {
		return "", TokenHash{}, false
	}
	user, secret, _ := strings.Cut(token, "~")
	u, ok := id.ParseUser(user)
	if !ok || len(secret) != secretChars {
		return "", TokenHash{}, false
	}
	return u, sha256.Sum256([]byte(token)), true
}
