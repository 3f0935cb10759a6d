package push

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"

	"github.com/go-json-experiment/json"
)

// A signer makes the tokens (RFC 7519) that push services know this server by.
type signer struct {
	header any // with its alg
	sign   func(digest []byte) ([]byte, error)
}

type jwtHeader struct {
	Alg string `json:"alg"`
	Typ string `json:"typ,omitempty"`
	Kid string `json:"kid,omitempty"`
}

// es256 signs on P-256; kid may be "".
func es256(key *ecdsa.PrivateKey, typ, kid string) signer {
	return signer{jwtHeader{"ES256", typ, kid}, func(digest []byte) ([]byte, error) {
		r, s, err := ecdsa.Sign(rand.Reader, key, digest)
		if err != nil {
			return nil, err
		}
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out, nil
	}}
}

func rs256(key *rsa.PrivateKey, typ, kid string) signer {
	return signer{jwtHeader{"RS256", typ, kid}, func(digest []byte) ([]byte, error) {
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest)
	}}
}

// token is claims, signed.
func (s signer) token(claims any) (string, error) {
	header, err := json.Marshal(s.header)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding
	out := b64.EncodeToString(header) + "." + b64.EncodeToString(payload)
	digest := sha256.Sum256([]byte(out))
	sig, err := s.sign(digest[:])
	if err != nil {
		return "", err
	}
	return out + "." + b64.EncodeToString(sig), nil
}

// pkcs8 reads a private key of one type out of a PEM file. Its errors tell nothing of the content.
func pkcs8[K any](file []byte) (key K, err error) {
	block, _ := pem.Decode(file)
	if block == nil {
		return key, errors.New("it holds no PEM block")
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return key, errors.New("it holds no private key in PKCS #8")
	}
	key, ok := any.(K)
	if !ok {
		return key, errors.New("it holds a private key of another type")
	}
	return key, nil
}
