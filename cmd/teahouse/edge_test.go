package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestTheSocketTakesNothingButGET(t *testing.T) {
	p := launch(t, "--data", t.TempDir())
	for _, method := range []string{http.MethodPost, http.MethodHead, http.MethodDelete} {
		r, err := http.NewRequestWithContext(t.Context(), method, p.url+"/v1/ws", nil)
		must(t, err)
		res, err := http.DefaultClient.Do(r)
		must(t, err)
		res.Body.Close()
		if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != http.MethodGet {
			t.Errorf("%s /v1/ws answers %s, allowing %q", method, res.Status, res.Header.Get("Allow"))
		}
	}
}

var clockLine = regexp.MustCompile(`curl -H '([^:']+): ([^']+)' -d '([^']+)' (\S+)`)

// TestTheClockMovesAsDevSaysIt follows what dev prints, as people paste it.
func TestTheClockMovesAsDevSaysIt(t *testing.T) {
	said := play(t).said
	m := clockLine.FindStringSubmatch(said)
	if m == nil {
		t.Fatalf("dev says nothing of its clock: %q", said)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m[4], strings.NewReader(m[3]))
	must(t, err)
	r.Header.Set(m[1], m[2])
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the clock answers %s", res.Status)
	}
}

func TestAStopCutsOffWhoDoesNotEnd(t *testing.T) {
	p := launch(t, "--data", t.TempDir(), "--drain-within", "1s")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.listen)
	must(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	must(t, err)
	_, err = bufio.NewReader(conn).ReadString('\n') // the server waits for the body
	must(t, err)
	if code := p.stop(); code != 0 {
		t.Fatalf("a stop with a request that does not end exits with %d", code)
	}
}
