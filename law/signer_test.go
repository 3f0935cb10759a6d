package law

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const (
	issuer   = "https://id.law.test"
	audience = "teahouse-law"
)

// A signer is an identity provider: people sign in by its word, so that no
// password is hashed.
type signer struct {
	key  ed25519.PrivateKey
	jwks string
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	s := &signer{key, filepath.Join(t.TempDir(), "jwks.json")}
	set := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"law","x":%q}]}`, base64.RawURLEncoding.EncodeToString(public))
	must(t, os.WriteFile(s.jwks, []byte(set), 0o600))
	return s
}

// assertion vouches for somebody at a time.
func (s *signer) assertion(name string, now time.Time) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": name, "name": name,
		"iat": now.Add(-5 * time.Second).Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": uuid.NewString(),
	})
	t.Header["kid"] = "law"
	return t.SignedString(s.key)
}
