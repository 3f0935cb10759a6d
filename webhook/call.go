package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"

	"github.com/teahouse-im/teahouse/id"
)

// An outcome is how a call ended.
type outcome struct {
	success bool
	final   bool // it makes no sense to try again
	aborted bool // this node ends; it was no attempt
	code    int
	error   string // for the developer; tells nothing of our net
}

// call sends a delivery once.
func (s *Service) call(ctx context.Context, e storedEndpoint, d stored) outcome {
	at := time.Now() // as receivers compare it with their clocks
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(d.Body))
	if err != nil {
		return outcome{final: true, error: "the address cannot be called"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "teahouse-webhook/1")
	req.Header.Set("webhook-id", string(d.ID))
	req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("webhook-signature", sign(e.secrets(s.now()), d.ID, at, d.Body))
	resp, err := s.client.Do(req)
	if err != nil {
		return failure(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, answerMost)) // so that the connection can be used again
	if resp.StatusCode/100 == 2 {
		return outcome{success: true, code: resp.StatusCode}
	}
	return outcome{
		final: resp.StatusCode == http.StatusGone, code: resp.StatusCode,
		error: fmt.Sprintf("the answer was %d", resp.StatusCode),
	}
}

func failure(ctx context.Context, err error) outcome {
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return outcome{aborted: true, error: "the server was shut down"}
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return outcome{final: true, error: "the address is not public"}
	case errors.As(err, &timeout) && timeout.Timeout():
		return outcome{error: "there was no answer in time"}
	}
	return outcome{error: "there was no answer"}
}

// sign is the signature header of Standard Webhooks: one for each secret.
func sign(secrets []string, d id.Delivery, at time.Time, body []byte) string {
	var all []string
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil {
			continue // we made it, so it is none
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.", d, at.Unix())
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}
