package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Token gets a token for the app, as one does without an SDK: client credentials as
// OAuth 2.0 has them (RFC 6749, 4.4). It lives for two hours; several may at once.
func (a *App) Token(ctx context.Context) (string, error) {
	r, err := http.NewRequestWithContext(ctx, "POST", a.server+"/v1/app/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(a.ID, a.credential)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("get a token: %s", answer.Status)
	}
	return got.Token, nil
}
