package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/teahouse-im/teahouse/node"
)

// operatorFlags say how an operator reaches a running server.
type operatorFlags struct {
	OpsListen     string `default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"The operations listener of the running server."`
	Data          string `default:"./teahouse-data" placeholder:"DIR" help:"The server's data folder, where the operator's token is."`
	OperatorToken string `placeholder:"TOKEN" help:"The operator's token, if it is not in the data folder."`

	patience time.Duration // for an answer; 0: operatorPatience
}

// within is the same for what takes longer.
func (f operatorFlags) within(d time.Duration) *operatorFlags {
	f.patience = d
	return &f
}

// A refusal is what the server would not do.
type refusal struct{ Code, Detail string }

func (r *refusal) Error() string { return r.Detail + " (" + r.Code + ")" }

// operatorPatience is how long the server may take for most of what operators ask.
const operatorPatience = 30 * time.Second

// ask posts body to the server's operations listener, with the operator's token,
// and reads its answer into out, if that is not nil.
func (f *operatorFlags) ask(path string, body, out any) error {
	token := f.OperatorToken
	if token == "" {
		var err error
		if token, err = node.OperatorToken(f.Data); err != nil {
			return fmt.Errorf("no operator's token: %w; name the server's folder with --data, or set TEAHOUSE_OPERATOR_TOKEN", err)
		}
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	target := url.URL{Scheme: "http", Host: f.OpsListen}
	r, err := http.NewRequest(http.MethodPost, target.String()+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: cmp.Or(f.patience, operatorPatience)}
	res, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("no server answers at %s: %w", f.OpsListen, err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		var problem refusal
		if err := json.NewDecoder(res.Body).Decode(&problem); err != nil {
			return fmt.Errorf("the server answers %s", res.Status)
		}
		return &problem
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}
