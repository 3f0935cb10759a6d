package bench

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// What assertions of the bench say of themselves.
const (
	issuer   = "teahouse-bench"
	audience = "teahouse"
	keyID    = "bench"
)

// A signer is an identity provider of the bench's own: people sign in by its
// word, so that no password is hashed in what is measured.
type signer struct {
	key  ed25519.PrivateKey
	jwks string // file for --identity-jwks
}

// makeSigner makes a key and its JWKS file in a folder.
func makeSigner(dir string) (*signer, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &signer{key, filepath.Join(dir, "jwks.json")}
	set := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":%q,"x":%q}]}`+"\n",
		keyID, base64.RawURLEncoding.EncodeToString(public))
	if err := os.WriteFile(s.jwks, []byte(set), 0o644); err != nil {
		return nil, err
	}
	return s, os.WriteFile(filepath.Join(dir, "key"), []byte(hex.EncodeToString(key.Seed())+"\n"), 0o600)
}

// loadSigner reads what makeSigner made.
func loadSigner(dir string) (*signer, error) {
	b, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil {
		return nil, err
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s holds no key of the bench", dir)
	}
	return &signer{ed25519.NewKeyFromSeed(seed), filepath.Join(dir, "jwks.json")}, nil
}

// assertion vouches for a person.
func (s *signer) assertion(person string) (string, error) {
	now := time.Now()
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": person, "name": person,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": uuid.NewString(),
	})
	t.Header["kid"] = keyID
	return t.SignedString(s.key)
}

// Keys is "bench keys".
type Keys struct {
	Dir string `arg:"" help:"Folder to put them in."`
}

// Run makes a key and says how to start a server that trusts it.
func (k *Keys) Run() error {
	if err := os.MkdirAll(k.Dir, 0o700); err != nil {
		return err
	}
	s, err := makeSigner(k.Dir)
	if err != nil {
		return err
	}
	fmt.Printf("teahouse serve --strangers allow --limits off --group-members 10000 --friends 50000 --identity-jwks %s --identity-issuer %s --identity-audience %s\n",
		s.jwks, issuer, audience)
	fmt.Printf("teahouse bench pairs --addr HOST:PORT --pid PID --key-dir %s\n", k.Dir)
	return nil
}
