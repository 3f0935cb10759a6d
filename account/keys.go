package account

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"

	"github.com/teahouse-im/teahouse/fault"
)

// methods are the only ways to sign that are believed.
var methods = []string{"EdDSA", "ES256", "RS256"}

const (
	keysBytes    = 256 << 10 // of a set, at most
	keysTimeout  = 5 * time.Second
	keysFresh    = 10 * time.Minute // then a URL is asked again, so that a key that was withdrawn is no longer good
	keysPatience = time.Minute      // a URL is asked no more often, whatever key is looked for, once it has answered
	rsaBits      = 2048             // at least
)

// keys are the key set of a provider and where it comes from: a file that is
// read again whenever it changes, or a URL that is asked now and then. While
// neither can be read, what was read last stays good.
type keys struct {
	file string
	url  *url.URL
	http *http.Client

	current atomic.Pointer[keySet]
	turn    chan struct{} // holds a token for whoever reads; the fields below are theirs
	tried   time.Time     // when the URL was last asked, with or without success
}

// A keySet is one reading of the keys.
type keySet struct {
	keys []key
	at   time.Time // when a URL was asked
	file fileStamp // which state of a file was read
}

type key struct {
	id     string
	method string
	public any
}

type fileStamp struct {
	changed time.Time
	size    int64
}

func newKeys(where string) (*keys, error) {
	k := &keys{turn: make(chan struct{}, 1)}
	u, err := url.Parse(where)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		k.file = where
		return k, k.readFile()
	}
	if u.Host == "" {
		return nil, fmt.Errorf("%s names no host", where)
	}
	k.url = u
	k.http = &http.Client{Timeout: keysTimeout, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) > 3 || u.Scheme == "https" && next.URL.Scheme != "https" {
			return errors.New("redirected too often, or to an unprotected place")
		}
		return nil
	}}
	return k, nil
}

// find returns the public key of that name for that method. An assertion that
// names none (named is false) means the only key of a set of one.
func (k *keys) find(ctx context.Context, name string, named bool, method string) (any, error) {
	if err := k.refresh(ctx, name, named); err != nil {
		return nil, err
	}
	set := k.current.Load()
	if !named && len(set.keys) != 1 {
		return nil, errors.New("no key is named")
	}
	for _, candidate := range set.keys {
		if (!named || candidate.id == name) && candidate.method == method {
			return candidate.public, nil
		}
	}
	return nil, errors.New("there is no such key")
}

func (s *keySet) names(name string) bool {
	return slices.ContainsFunc(s.keys, func(k key) bool { return k.id == name })
}

// refresh reads the keys again if that is due. It fails only if there are none at all.
func (k *keys) refresh(ctx context.Context, name string, named bool) error {
	if k.file != "" {
		return k.refreshFile(ctx)
	}
	if set := k.current.Load(); set != nil && time.Since(set.at) < keysFresh && (!named || set.names(name)) {
		return nil
	}
	return k.reading(ctx, func() error {
		set := k.current.Load()
		fresh := set != nil && time.Since(set.at) < keysFresh
		if fresh && (!named || set.names(name)) {
			return nil // somebody else has just asked
		}
		patience := keysPatience
		if set == nil {
			patience = keysTimeout
		}
		if !k.tried.IsZero() && time.Since(k.tried) < patience {
			return nil
		}
		k.tried = time.Now()
		return k.ask(ctx)
	})
}

// reading lets one at a time read the keys. Failing is told only if there are no
// keys from before.
func (k *keys) reading(ctx context.Context, read func() error) error {
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%w: wait for the keys: %w", fault.Unavailable, ctx.Err())
	}
	err := read()
	<-k.turn
	if k.current.Load() != nil {
		return nil
	}
	unreachable := fault.Unavailable.Saying("The identity provider cannot be reached at the moment.")
	return fmt.Errorf("%w: %w", unreachable, errors.Join(err, errors.New("no keys have been read")))
}

func (k *keys) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout) // others wait for the same answer
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := k.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask for the keys: %s", resp.Status)
	}
	found, err := readKeys(resp.Body)
	if err != nil {
		return err
	}
	k.current.Store(&keySet{keys: found, at: time.Now()})
	return nil
}

func (k *keys) refreshFile(ctx context.Context) error {
	info, err := os.Stat(k.file)
	if err != nil || k.current.Load().file == stampOf(info) {
		return nil // it is being replaced, or is what was read
	}
	return k.reading(ctx, k.readFile)
}

func stampOf(info os.FileInfo) fileStamp { return fileStamp{info.ModTime(), info.Size()} }

func (k *keys) readFile() error {
	f, err := os.Open(k.file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat() // before reading: what is written meanwhile is read next time
	if err != nil {
		return err
	}
	found, err := readKeys(f)
	if err != nil {
		return fmt.Errorf("%s: %w", k.file, err)
	}
	k.current.Store(&keySet{keys: found, file: stampOf(info)})
	return nil
}

// readKeys reads the keys of a JWKS that can verify a signature. Others may
// stand in it and are passed over.
func readKeys(r io.Reader) ([]key, error) {
	raw, err := io.ReadAll(io.LimitReader(r, keysBytes+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > keysBytes {
		return nil, fmt.Errorf("the key set has more than %d bytes", keysBytes)
	}
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("not a key set: %w", err)
	}
	var found []key
	var passed []string
	for _, m := range set.Keys {
		k, err := readKey(m)
		if err != nil {
			passed = append(passed, err.Error())
			continue
		}
		found = append(found, k)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("the key set has no key for %s %s", strings.Join(methods, ", "), strings.Join(passed, "; "))
	}
	return found, nil
}

func readKey(m jwkset.JWKMarshal) (key, error) {
	if m.USE != "" && m.USE != jwkset.UseSig || len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify) {
		return key{}, fmt.Errorf("key %q does not verify signatures", m.KID)
	}
	j, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return key{}, fmt.Errorf("key %q: %w", m.KID, err)
	}
	k := key{id: m.KID, public: j.Key()}
	switch public := k.public.(type) {
	case ed25519.PublicKey:
		k.method = "EdDSA"
	case *ecdsa.PublicKey:
		if public.Curve.Params().Name == "P-256" {
			k.method = "ES256"
		}
	case *rsa.PublicKey:
		if public.N.BitLen() >= rsaBits {
			k.method = "RS256"
		}
	}
	if k.method == "" || m.ALG != "" && string(m.ALG) != k.method {
		return key{}, fmt.Errorf("key %q is of a kind or size that is not believed", m.KID)
	}
	return k, nil
}
