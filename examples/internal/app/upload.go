package app

import (
	"bytes"
	"context"
	"fmt"

	"github.com/teahouse-im/teahouse/client"
)

// Upload uploads what an answer is to show. An app has no way to; its developer has,
// and is signed in for as long as it takes. What no answer shows is forgotten in a day.
func (a *App) Upload(ctx context.Context, name string, data []byte) (client.Medium, error) {
	a.uploading.Lock() // another sign-in on this device would end the first
	defer a.uploading.Unlock()
	api, err := client.NewAPI(client.Server{URL: a.server})
	if err != nil {
		return client.Medium{}, err
	}
	in, err := api.SignIn(ctx, a.options.Developer, a.options.Password, a.device+" uploads")
	if err != nil {
		return client.Medium{}, fmt.Errorf("sign in as %s to upload: %w", a.options.Developer, err)
	}
	developer := api.As(in.Token)
	defer func() { _ = developer.SignOut(context.WithoutCancel(ctx)) }()
	return developer.Upload(ctx, name, bytes.NewReader(data), int64(len(data)), nil)
}
