package account_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
)

const (
	issuer   = "https://idp.example"
	audience = "teahouse"
)

// An idP is an identity provider with one key.
type idP struct {
	kid    string
	key    crypto.Signer
	method jwt.SigningMethod
}

func anIdP(t *testing.T) idP {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	good(t, err)
	return idP{"k1", key, jwt.SigningMethodEdDSA}
}

func (p idP) jwk() map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	k := map[string]any{"kid": p.kid, "use": "sig", "alg": p.method.Alg()}
	switch pub := p.key.Public().(type) {
	case ed25519.PublicKey:
		maps.Copy(k, map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(pub)})
	case *ecdsa.PublicKey:
		raw, _ := pub.Bytes()
		maps.Copy(k, map[string]any{"kty": "EC", "crv": pub.Curve.Params().Name, "x": b64(raw[1 : 1+len(raw)/2]), "y": b64(raw[1+len(raw)/2:])})
	case *rsa.PublicKey:
		maps.Copy(k, map[string]any{"kty": "RSA", "n": b64(pub.N.Bytes()), "e": b64(big.NewInt(int64(pub.E)).Bytes())})
	}
	return k
}

func jwks(ps ...idP) []byte {
	keys := []map[string]any{}
	for _, p := range ps {
		keys = append(keys, p.jwk())
	}
	b, _ := json.Marshal(map[string]any{"keys": keys})
	return b
}

func (p idP) file(t *testing.T, others ...idP) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jwks.json")
	good(t, os.WriteFile(path, jwks(append([]idP{p}, others...)...), 0o600))
	return path
}

func (p idP) provider(t *testing.T, others ...idP) *account.Provider {
	t.Helper()
	provider, err := account.NewProvider(p.file(t, others...), issuer, audience)
	good(t, err)
	return provider
}

// sign makes an assertion; change alters its claims and header before signing.
func (p idP) sign(t *testing.T, now time.Time, sub string, change func(claims jwt.MapClaims, header map[string]any)) string {
	t.Helper()
	c := jwt.MapClaims{"iss": issuer, "aud": audience, "sub": sub, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	token := jwt.NewWithClaims(p.method, c)
	token.Header["kid"] = p.kid
	if change != nil {
		change(c, token.Header)
	}
	s, err := token.SignedString(p.key)
	good(t, err)
	return s
}

func TestAssertionsMakeTheUserOnce(t *testing.T) {
	idp := anIdP(t)
	h := open(t, func(o *account.Options) { o.Provider = idp.provider(t) })
	named := func(name string) string {
		return idp.sign(t, h.clock(), "ann", func(c jwt.MapClaims, _ map[string]any) { c["name"] = name })
	}
	in, err := h.SignInByAssertion(t.Context(), named("Ann Ång"), "d1")
	good(t, err)
	_, a, err := h.Authenticate(t.Context(), in.Token)
	good(t, err)
	if a.User != "ann" || a.DisplayName != "Ann Ång" {
		t.Fatalf("made %+v", a)
	}
	_, err = h.SignInByAssertion(t.Context(), named("Another Name"), "d2")
	good(t, err)
	if a, err := h.Profile(t.Context(), "ann"); err != nil || a.DisplayName != "Ann Ång" {
		t.Fatalf("called %q, %v after the second sign-in", a.DisplayName, err)
	}
	equal(t, h.devices("ann"), []string{"d1", "d2"})

	_, err = h.SignInByAssertion(t.Context(), idp.sign(t, h.clock(), "ben", func(c jwt.MapClaims, _ map[string]any) { c["name"] = "\u202eevil" }), "d1")
	good(t, err)
	if a, err := h.Profile(t.Context(), "ben"); err != nil || a.DisplayName != "ben" {
		t.Fatalf("called %q, %v", a.DisplayName, err)
	}

	good(t, h.Suspend(t.Context(), "ann", account.Suspension{}))
	_, err = h.SignInByAssertion(t.Context(), named(""), "d3")
	refused(t, err, fault.Forbidden)
}

func TestParallelFirstUsesMakeOneUser(t *testing.T) {
	idp := anIdP(t)
	h := open(t, func(o *account.Options) { o.Provider = idp.provider(t) })
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			if _, err := h.SignInByAssertion(t.Context(), idp.sign(t, h.clock(), "ann", nil), strings.Repeat("d", i+1)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := h.devices("ann"); len(got) != 6 {
		t.Fatalf("signed in on %v", got)
	}
}

func TestEachMethodIsBelieved(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	good(t, err)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	good(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	good(t, err)
	signers := []idP{anIdP(t), {"k2", ec, jwt.SigningMethodES256}, {"k3", rs, jwt.SigningMethodRS256}}
	others := []idP{{"k4", p384, jwt.SigningMethodES384}, {"k3", rs, jwt.SigningMethodPS256}}
	h := open(t, func(o *account.Options) { o.Provider = signers[0].provider(t, append(signers[1:], others...)...) })
	for _, p := range signers {
		_, err := h.SignInByAssertion(t.Context(), p.sign(t, h.clock(), "ann", nil), "d")
		if err != nil {
			t.Errorf("%s: %v", p.method.Alg(), err)
		}
		_, err = h.SignInByAssertion(t.Context(), p.sign(t, h.clock(), "ann", func(_ jwt.MapClaims, hd map[string]any) { delete(hd, "kid") }), "d")
		refused(t, err, fault.Unauthenticated) // with several keys one must be named
	}
	for _, p := range others {
		_, err := h.SignInByAssertion(t.Context(), p.sign(t, h.clock(), "ann", nil), "d")
		refused(t, err, fault.Unauthenticated)
	}
}

func TestBadAssertionsAreRefused(t *testing.T) {
	idp, stranger := anIdP(t), anIdP(t)
	h := open(t, func(o *account.Options) { o.Provider = idp.provider(t) })
	now := h.clock()
	public := idp.key.Public().(ed25519.PublicKey)
	signed := func(p idP, change func(c jwt.MapClaims, hd map[string]any)) string {
		return p.sign(t, now, "mallory", change)
	}
	claim := func(name string, value any) string {
		return signed(idp, func(c jwt.MapClaims, _ map[string]any) {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		})
	}
	header := func(p idP, name string, value any) string {
		return signed(p, func(_ jwt.MapClaims, hd map[string]any) { hd[name] = value })
	}
	encode := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	hs256 := func(secret []byte) string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": issuer, "aud": audience, "sub": "mallory", "exp": now.Add(time.Minute).Unix()})
		token.Header["kid"] = idp.kid
		s, err := token.SignedString(secret)
		good(t, err)
		return s
	}
	parts := strings.Split(signed(idp, nil), ".")
	body := map[string]any{"iss": issuer, "aud": audience, "sub": "mallory", "exp": now.Add(time.Minute).Unix()}
	for name, c := range map[string]struct {
		assertion string
		want      *fault.Fault
	}{
		"expired":                     {claim("exp", now.Add(-time.Hour).Unix()), fault.Unauthenticated},
		"expires in an hour":          {claim("exp", now.Add(time.Hour).Unix()), fault.Unauthenticated},
		"no expiry":                   {claim("exp", nil), fault.Unauthenticated},
		"expiry as text":              {claim("exp", "tomorrow"), fault.Unauthenticated},
		"not yet valid":               {claim("nbf", now.Add(time.Hour).Unix()), fault.Unauthenticated},
		"issued in the future":        {claim("iat", now.Add(time.Hour).Unix()), fault.Unauthenticated},
		"wrong audience":              {claim("aud", "somebody-else"), fault.Unauthenticated},
		"no audience":                 {claim("aud", nil), fault.Unauthenticated},
		"wrong issuer":                {claim("iss", "https://evil.example"), fault.Unauthenticated},
		"issuer as prefix":            {claim("iss", issuer+".evil.example"), fault.Unauthenticated},
		"no issuer":                   {claim("iss", nil), fault.Unauthenticated},
		"no subject":                  {claim("sub", nil), fault.BadRequest},
		"impossible subject":          {claim("sub", "Not Valid!"), fault.BadRequest},
		"subject in paths":            {claim("sub", "me"), fault.BadRequest},
		"subject of an app":           {claim("sub", "app-evil"), fault.BadRequest},
		"name is a number":            {claim("name", 5), fault.Unauthenticated},
		"another key, same kid":       {signed(stranger, nil), fault.Unauthenticated},
		"unknown kid":                 {header(idp, "kid", "k2"), fault.Unauthenticated},
		"kid is a path":               {header(stranger, "kid", "../../../dev/null"), fault.Unauthenticated},
		"kid is empty":                {header(idp, "kid", ""), fault.Unauthenticated},
		"kid is a number":             {header(idp, "kid", 1), fault.Unauthenticated},
		"kid is null":                 {header(idp, "kid", nil), fault.Unauthenticated},
		"no kid, another key":         {signed(stranger, func(_ jwt.MapClaims, hd map[string]any) { delete(hd, "kid") }), fault.Unauthenticated},
		"key brought along":           {header(stranger, "jwk", stranger.jwk()), fault.Unauthenticated},
		"jku of the attacker":         {header(stranger, "jku", "http://127.0.0.1:1/jwks.json"), fault.Unauthenticated},
		"critical extension":          {header(idp, "crit", []string{"b64"}), fault.Unauthenticated},
		"no algorithm":                {encode(map[string]any{"typ": "JWT"}) + "." + encode(body) + "." + parts[2], fault.Unauthenticated},
		"alg none":                    {encode(map[string]any{"alg": "none"}) + "." + encode(body) + ".", fault.Unauthenticated},
		"alg None with a signature":   {encode(map[string]any{"alg": "None", "kid": idp.kid}) + "." + encode(body) + "." + parts[2], fault.Unauthenticated},
		"HS256 with the public key":   {hs256(public), fault.Unauthenticated},
		"HS256 with the key set":      {hs256(jwks(idp)), fault.Unauthenticated},
		"body changed":                {parts[0] + "." + encode(body) + "." + parts[2], fault.Unauthenticated},
		"signature cut":               {parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-8], fault.Unauthenticated},
		"no signature":                {parts[0] + "." + parts[1] + ".", fault.Unauthenticated},
		"null for claims":             {parts[0] + "." + encode(nil) + "." + parts[2], fault.Unauthenticated},
		"null for a header":           {encode(nil) + "." + parts[1] + "." + parts[2], fault.Unauthenticated},
		"two parts":                   {parts[0] + "." + parts[1], fault.BadRequest},
		"four parts":                  {strings.Join(parts, ".") + ".", fault.BadRequest},
		"empty":                       {"", fault.BadRequest},
		"no JWT":                      {"hello", fault.BadRequest},
		"dots":                        {strings.Repeat(".", 100_000), fault.BadRequest},
		"larger than any":             {claim("name", strings.Repeat("x", 9000)), fault.BadRequest},
		"larger, and two dots":        {strings.Repeat("A", 9000) + "..", fault.BadRequest},
		"not base64":                  {"a!b.c!d.e!f", fault.Unauthenticated},
		"signed by nobody, all right": {signed(idP{idp.kid, stranger.key, stranger.method}, nil), fault.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.SignInByAssertion(t.Context(), c.assertion, "d")
			refused(t, err, c.want)
			_, err = h.Profile(t.Context(), "mallory")
			refused(t, err, fault.NotFound)
		})
	}
	_, err := h.SignInByAssertion(t.Context(), signed(idp, nil), "d") // control: all of the above fail for their one reason
	good(t, err)
	_, err = h.SignInByAssertion(t.Context(), signed(idp, func(_ jwt.MapClaims, hd map[string]any) { delete(hd, "kid") }), "d")
	good(t, err)
	_, err = h.SignInByAssertion(t.Context(), claim("aud", []string{"other", audience}), "d")
	good(t, err)
	_, err = h.SignInByAssertion(t.Context(), signed(idp, nil), "")
	refused(t, err, fault.BadRequest)
	_, err = open(t, nil).SignInByAssertion(t.Context(), signed(idp, nil), "d")
	refused(t, err, fault.Forbidden)
}

func TestKeysOfAFileAreReadAgain(t *testing.T) {
	old, next := anIdP(t), anIdP(t)
	next.kid = "k2"
	path := old.file(t)
	provider, err := account.NewProvider(path, issuer, audience)
	good(t, err)
	h := open(t, func(o *account.Options) { o.Provider = provider })
	signIn := func(p idP) error {
		_, err := h.SignInByAssertion(t.Context(), p.sign(t, h.clock(), "ann", nil), "d")
		return err
	}
	good(t, signIn(old))
	refused(t, signIn(next), fault.Unauthenticated)

	good(t, os.WriteFile(path, []byte(`{"keys":[`), 0o600)) // half written
	good(t, signIn(old))
	good(t, os.WriteFile(path, jwks(next, old), 0o600))
	good(t, signIn(next))
	good(t, signIn(old))
	good(t, os.WriteFile(path, jwks(next), 0o600))
	refused(t, signIn(old), fault.Unauthenticated)
	good(t, os.Remove(path))
	good(t, signIn(next))
}

func TestKeysOfAURL(t *testing.T) {
	old, next := anIdP(t), anIdP(t)
	next.kid = "k2"
	var asked atomic.Int32
	var answer atomic.Value
	answer.Store(jwks(old))
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Write(answer.Load().([]byte))
	}))
	defer site.Close()
	provider, err := account.NewProvider(site.URL, issuer, audience)
	good(t, err)
	if asked.Load() != 0 {
		t.Fatal("asked before anybody signs in")
	}
	h := open(t, func(o *account.Options) { o.Provider = provider })
	signIn := func(p idP) error {
		_, err := h.SignInByAssertion(t.Context(), p.sign(t, h.clock(), "ann", nil), "d")
		return err
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := signIn(old); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	answer.Store(jwks(next))
	for range 5 { // names nobody knows do not make the provider be asked again and again
		refused(t, signIn(next), fault.Unauthenticated)
	}
	if n := asked.Load(); n != 1 {
		t.Fatalf("asked %d times", n)
	}
	answer.Store(jwks(old, next))
	provider.Age(time.Minute)
	good(t, signIn(next)) // by now it may be asked again
	good(t, signIn(old))
	answer.Store(jwks(next))
	provider.Age(9 * time.Minute)
	good(t, signIn(old))
	provider.Age(time.Minute)
	refused(t, signIn(old), fault.Unauthenticated) // a key that was withdrawn is no good for long
	if n := asked.Load(); n != 3 {
		t.Fatalf("asked %d times", n)
	}
	answer.Store([]byte(strings.Repeat(" ", 1<<20))) // nonsense, or nobody there: what is known stays good
	provider.Age(time.Hour)
	good(t, signIn(next))
	site.Close()
	provider.Age(time.Hour)
	good(t, signIn(next))

	gone, err := account.NewProvider(site.URL, issuer, audience)
	good(t, err)
	h = open(t, func(o *account.Options) { o.Provider = gone })
	refused(t, signIn(old), fault.Unavailable)
}

func TestProvidersThatCannotBe(t *testing.T) {
	idp := anIdP(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	good(t, err)
	weak := idP{"k", small, jwt.SigningMethodRS256}
	secret := filepath.Join(t.TempDir(), "secret.json")
	good(t, os.WriteFile(secret, []byte(`{"keys":[{"kty":"oct","kid":"k1","k":"c2VjcmV0"}]}`), 0o600))
	encrypting := filepath.Join(t.TempDir(), "enc.json")
	good(t, os.WriteFile(encrypting, []byte(strings.Replace(string(jwks(idp)), `"use":"sig"`, `"use":"enc"`, 1)), 0o600))
	for name, c := range map[string]struct{ jwks, issuer, audience string }{
		"no file":          {filepath.Join(t.TempDir(), "none.json"), issuer, audience},
		"no host":          {"https://", issuer, audience},
		"no issuer":        {idp.file(t), "", audience},
		"no audience":      {idp.file(t), issuer, ""},
		"no key":           {secret, issuer, audience},
		"a key to encrypt": {encrypting, issuer, audience},
		"a small key":      {weak.file(t), issuer, audience},
	} {
		if _, err := account.NewProvider(c.jwks, c.issuer, c.audience); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
