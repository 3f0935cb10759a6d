package redis

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/bus/bustest"
	"github.com/teahouse-im/teahouse/bus/redistest"
)

// speaks checks that two nodes at a URL hear each other.
func speaks(t *testing.T, url string) {
	t.Helper()
	ears := bustest.NewEars()
	a, b := open(t, url, bustest.NewEars(), Options{}), open(t, url, ears, Options{})
	for end := time.Now().Add(20 * time.Second); a.Ready() != nil && time.Now().Before(end); {
		runtime.Gosched() // a busy machine may take longer than New waits
	}
	if err := b.Subscribe(t.Context(), "user/alice"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.Ready(), b.Ready()); err != nil {
		t.Fatalf("not ready: %v", err)
	}
	a.Publish("user/alice", bus.Message{Kind: bus.Frame, Body: []byte("hello")})
	ears.UntilText(t, "hello")
	a.Close()
	b.Close()
}

// refused checks that a bus at a URL starts and tells why it is not ready.
func refused(t *testing.T, url, why string) {
	t.Helper()
	b := open(t, url, bustest.NewEars(), Options{})
	defer b.Close()
	err := b.Ready()
	if err == nil {
		t.Fatal("it is ready")
	}
	for _, side := range strings.SplitAfterN(err.Error(), "\n", 2) { // publishing and listening
		if !strings.Contains(side, why) {
			t.Errorf("%q does not say %q", side, why)
		}
	}
	if strings.Contains(err.Error(), "wrong-pw") {
		t.Errorf("the password is told: %v", err)
	}
}

func TestPassword(t *testing.T) {
	p := startRedis(t, "--requirepass", "letme/in")
	speaks(t, "redis://:letme%2Fin@"+p.Address())
	refused(t, "redis://:wrong-pw@"+p.Address(), "WRONGPASS")
	refused(t, p.URL(), "NOAUTH")
}

// A user who may not use our channels cannot make a bus, and is told so.
func TestChannelsForbidden(t *testing.T) {
	p := startRedis(t)
	p.do("acl", "setuser", "tea", "on", ">pw", "+@all", "resetchannels", "&house:*", "&house!*")
	speaks(t, "redis://tea:pw@"+p.Address()+"?prefix=house")
	refused(t, "redis://tea:pw@"+p.Address()+"?prefix=other", "NOPERM")
}

func TestSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "") // short: a socket's path may have 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	startRedis(t, "--unixsocket", socket)
	speaks(t, "unix://"+socket)
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	certificate(t, cert, key)
	port := redistest.FreePort(t)
	redistest.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key,
		"--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	at := "rediss://127.0.0.1:" + port
	speaks(t, at+"?skip_verify=true")
	refused(t, at, "certificate")
}

// certificate writes one that nobody has a reason to trust.
func certificate(t *testing.T, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	signed, err := x509.CreateCertificate(rand.Reader, about, about, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: raw},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
