package api

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

const (
	bodyMost  = 1 << 20 // bytes of a body
	drainMost = 4 << 20 // bytes of a larger one that are read, so that its sender comes to read the refusal
	bodyWait  = 20 * time.Second
)

// none is the body of a request that needs none, and of an answer that has nothing to tell.
type none struct{}

// selfRead is a body that wire.Decode alone cannot read.
type selfRead interface{ read(raw []byte) error }

// decode reads a body strictly: no unknown or repeated members, no null, the
// right types, all that is required.
func decode[In any](raw []byte, required []string) (In, error) {
	var in In
	if own, ok := any(&in).(selfRead); ok {
		if err := own.read(raw); err != nil {
			return in, err
		}
	} else {
		var err error
		if in, err = wire.Decode[In](raw); err != nil {
			return in, err
		}
	}
	return in, require(raw, required)
}

// require refuses an object, known to be well-formed, that lacks a member.
func require(raw []byte, members []string) error {
	there := make(map[string]bool, 8)
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	_, _ = d.ReadToken()
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			break
		}
		there[name.String()] = true
		if d.SkipValue() != nil {
			break
		}
	}
	missing := fault.BadRequest
	for _, m := range members {
		if !there[m] {
			missing = missing.At("/"+m, "is missing")
		}
	}
	if missing != fault.BadRequest {
		return missing
	}
	return nil
}

// readBody reads the body of a request. It is empty if there is none.
func readBody(x *exchange, r *http.Request) ([]byte, error) {
	raw, err := readBytes(x, r, bodyMost)
	switch {
	case err != nil:
		return nil, err
	case len(raw) > bodyMost:
		return nil, fault.TooLarge.Saying("The body has more than 1 MiB.")
	case len(raw) == 0:
		return nil, nil
	}
	return raw, checkType(r)
}

// readRaw reads the body of a request for somebody who reads JSON, and knows what is too large.
func readRaw(x *exchange, r *http.Request, most int) ([]byte, error) {
	raw, err := readBytes(x, r, most)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	return raw, checkType(r)
}

// readBytes reads a body up to most bytes, and one more of a larger one.
// Answering without reading the rest would reset the connection of a client that
// is still sending, and it would never see the answer.
func readBytes(x *exchange, r *http.Request, most int) (raw []byte, err error) {
	rc := http.NewResponseController(x)
	_ = rc.SetReadDeadline(time.Now().Add(cmp.Or(x.bodyWait, bodyWait))) // a connection without deadlines has none to miss
	defer func() {
		if err == nil && len(raw) <= most { // otherwise the rest of the body is waited for when the request is over
			_ = rc.SetReadDeadline(time.Time{})
		}
	}()

	raw, err = io.ReadAll(io.LimitReader(r.Body, int64(most)+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		x.Header().Set("Connection", "close")
		return nil, fault.BadRequest.Saying("The body did not come in time.")
	case err != nil:
		return nil, fault.BadRequest.Saying("The body did not come whole.")
	case len(raw) > most:
		_, _ = io.CopyN(io.Discard, r.Body, drainMost)
	}
	return raw, nil
}

// checkType refuses what is not plain JSON in UTF-8.
func checkType(r *http.Request) error {
	types := r.Header.Values("Content-Type")
	if len(types) != 1 {
		return fault.UnsupportedMediaType
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != jsonType {
		return fault.UnsupportedMediaType
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return fault.UnsupportedMediaType.Saying("Send JSON in UTF-8.")
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return fault.UnsupportedMediaType.Saying("Send JSON as it is, without a content encoding.")
	}
	return nil
}
