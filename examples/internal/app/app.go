// Package app is what every mini-program's server does before it gets to what it
// is for: it makes its app, hands in pages and templates, listens to webhooks and
// knows the users that its pages sign in. It is written to be copied.
//
// Everything goes through the public API, by the Go SDK in package client. Two
// things are so for a sandbox only, and are marked: the developer's password is
// the demo one, and the moderator who approves the templates is the demo one too.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/client"
)

// A Program is what a developer makes: words, pages and templates.
type Program struct {
	Name      string
	Category  string
	Summary   string
	Pages     fs.FS // with index.html at its root
	Templates []client.TemplateDraft
}

// Options say where everything is.
type Options struct {
	Server    string // of Teahouse
	Listen    string // where the webhook and the pages reach this program
	State     string // folder in which credentials are kept between runs
	Developer string
	Moderator string // "" where a real one reviews
	Password  string // of both: the sandbox has one for all
}

// An App is a program that is set up: it can send what it may, and hears events.
type App struct {
	*client.App
	ID   string // app-…
	Link string // where people open it
	Own  string // this program's own address

	say        io.Writer
	socket     net.Listener
	server     string
	credential string // of the app
	secret     string // of webhooks
	templates  map[string]string
	people     visitors

	options   Options
	device    string
	uploading sync.Mutex

	life context.Context // of Serve
	work sync.WaitGroup  // of Go
}

// Template is the id of one of the program's templates, by its title.
func (a *App) Template(title string) string { return a.templates[title] }

// Say writes a line for whoever started the program.
func (a *App) Say(format string, args ...any) {
	fmt.Fprintf(a.say, time.Now().Format("15:04:05")+"  "+format+"\n", args...)
}

// Go does something that lasts longer than the request that began it. Serve ends
// its context, and waits for it.
func (a *App) Go(do func(ctx context.Context)) { a.work.Go(func() { do(a.life) }) }

// Serve listens until ctx ends. Events come to hear, which may be called by many
// goroutines, and again with the same event; an error has the event sent again.
func (a *App) Serve(ctx context.Context, mux *http.ServeMux, hear func(context.Context, Event) error) error {
	life, end := context.WithCancel(ctx)
	a.life = life
	defer a.work.Wait()
	defer end()
	mux.Handle("POST /webhook", Webhook{Secret: a.secret, Hear: hear})
	mux.HandleFunc("POST /login", a.login)
	server := &http.Server{
		Handler: open(mux), ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return life },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(a.socket) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := server.Shutdown(last)
	if <-ended; errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	return err
}

// Send redeems a grant, and tries again while it makes sense. The key makes that
// harmless: whatever got lost, the user has one notice in the end.
func (a *App) Send(ctx context.Context, d client.NoticeDraft) (client.SentNotice, error) {
	for pause := 250 * time.Millisecond; ; pause *= 2 {
		sent, err := a.Notify(ctx, d)
		var refused *client.Error
		switch {
		case err == nil:
			return sent, nil
		case errors.As(err, &refused) && refused.Status < 500 && refused.Code != "rate_limited":
			return sent, err // it will not change its mind
		case pause > 30*time.Second:
			return sent, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return sent, ctx.Err()
		}
	}
}
