package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/client"
)

// Start sets a program up and listens; Serve answers. It can be run as often as one
// likes: what is there already is used.
func Start(ctx context.Context, p Program, o Options, say io.Writer) (*App, error) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, err
	}
	a := &App{Own: "http://" + socket.Addr().String(), socket: socket, say: say, templates: map[string]string{}, options: o, device: device(p)}
	fmt.Fprintf(say, "%s, a mini-program\n", p.Name)
	if err := a.setUp(ctx, p, o); err != nil {
		_ = socket.Close()
		return nil, err
	}
	a.Link = a.server + "/mini-programs/" + a.ID + "/open/"
	fmt.Fprintf(say, "\nOpen %s and sign in as alice (password %s).\n\n", a.Link, o.Password)
	return a, nil
}

func (a *App) setUp(ctx context.Context, p Program, o Options) error {
	api, err := client.NewAPI(client.Server{URL: o.Server})
	if err != nil {
		return err
	}
	in, err := api.SignIn(ctx, o.Developer, o.Password, device(p))
	if err != nil {
		return fmt.Errorf("sign in as %s at %s, which should be `teahouse dev`: %w", o.Developer, o.Server, err)
	}
	developer := api.As(in.Token)
	defer func() { _ = developer.SignOut(ctx) }() // the app has credentials of its own
	a.step("signed in as %s at %s", o.Developer, o.Server)
	s, err := a.credentials(ctx, developer, p, o)
	if err != nil {
		return err
	}
	if err := a.approved(ctx, api, &s, p, o); err != nil {
		return err
	}
	if err := s.save(); err != nil {
		return err
	}
	zip, err := pack(p.Pages, a.Own)
	if err != nil {
		return err
	}
	if err := developer.PutPackage(ctx, a.ID, zip); err != nil {
		return fmt.Errorf("hand the pages in: %w", err)
	}
	a.step("handed in the pages, %d KB, which may call %s", (len(zip)+1023)/1024, a.Own)
	if a.secret, err = a.SetWebhook(ctx, a.Own+"/webhook"); err != nil {
		return fmt.Errorf("set the webhook, which the server has to allow here (--webhook-allow 127.0.0.0/8): %w", err)
	}
	a.step("events come to %s/webhook", a.Own)
	return nil
}

// device names this program's sign-ins: another one on the same device would end them.
func device(p Program) string { return "examples " + p.Name }

func (a *App) step(format string, args ...any) { fmt.Fprintf(a.say, "  · "+format+"\n", args...) }

// credentials finds the app and its secret where they were kept, or makes them.
func (a *App) credentials(ctx context.Context, developer *client.API, p Program, o Options) (state, error) {
	s := load(p, o)
	if s.App != "" {
		err := a.as(ctx, s, o)
		if err == nil {
			a.step("found %s", a.ID)
			return s, nil
		}
		if client.CodeOf(err) != "unauthenticated" {
			return s, err
		}
		a.step("the credentials kept in %s are not this server's any more", s.path)
	}
	s.App, s.Secret, s.Templates = "", "", map[string]kept{}
	for app, err := range developer.OwnApps(ctx) {
		if err != nil {
			return s, err
		}
		if app.Name == p.Name {
			s.App = app.App
		}
	}
	if s.App != "" { // its first secret was told once, to whoever made it: make another
		var err error
		if s.Secret, err = developer.NewSecret(ctx, s.App); err != nil {
			return s, fmt.Errorf("make a new secret: %w", err)
		}
		a.step("found %s, with a new secret", s.App)
	} else {
		made, err := developer.CreateApp(ctx, p.Name, p.Category, p.Summary)
		if err != nil {
			return s, fmt.Errorf("make the app: %w", err)
		}
		s.App, s.Secret = made.App, made.Secret
		a.step("made %s", s.App)
	}
	if err := s.save(); err != nil {
		return s, err
	}
	return s, a.as(ctx, s, o)
}

// as signs the app in, and makes sure that it is.
func (a *App) as(ctx context.Context, s state, o Options) error {
	own, err := client.NewApp(client.Server{URL: o.Server}, s.App, s.Secret)
	if err != nil {
		return err
	}
	if _, _, err := own.Grants(ctx, ""); err != nil {
		return err
	}
	a.App, a.ID, a.server, a.credential = own, s.App, strings.TrimSuffix(o.Server, "/"), s.Secret
	return nil
}

// approved hands in the templates that are not there yet, or have changed, and has them approved.
func (a *App) approved(ctx context.Context, api *client.API, s *state, p Program, o Options) error {
	for _, draft := range p.Templates {
		text, err := json.Marshal(draft)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		hash, was := hex.EncodeToString(sum[:]), s.Templates[draft.Title]
		if was.Hash != hash {
			draft.Template = was.ID // its next version, if there is one
			t, err := a.Submit(ctx, draft)
			if err != nil {
				return fmt.Errorf("hand in the template %q: %w", draft.Title, err)
			}
			was = kept{ID: t.Template, Hash: hash}
			s.Templates[draft.Title] = was
			a.step("handed in the template %q (%s), %s", draft.Title, t.Template, draft.Scope)
		}
		a.templates[draft.Title] = was.ID
		if err := a.reviewed(ctx, api, was.ID, device(p), o); err != nil {
			return err
		}
	}
	return nil
}

// reviewed waits until a template is approved. In the sandbox it is the demo
// moderator who does that, and this program is they; elsewhere somebody reads it.
func (a *App) reviewed(ctx context.Context, api *client.API, template, device string, o Options) error {
	for told := false; ; {
		t, err := a.App.Template(ctx, template)
		switch {
		case err != nil:
			return err
		case t.Status == "approved":
			a.step("%s is approved", template)
			return nil
		case t.Status != "review":
			return fmt.Errorf("the template %s is %s", template, t.Status)
		case o.Moderator != "":
			if err := approve(ctx, api, t, device, o); err != nil {
				return err
			}
			continue
		case !told:
			a.step("%s waits for a moderator", template)
			told = true
		}
		select {
		case <-time.After(5 * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// approve is for `teahouse dev` alone: it knows the moderator's password.
func approve(ctx context.Context, api *client.API, t client.Template, device string, o Options) error {
	in, err := api.SignIn(ctx, o.Moderator, o.Password, device)
	if err != nil {
		return fmt.Errorf("sign in as the demo moderator %s, who is there with `teahouse dev` only (elsewhere: --moderator ''): %w", o.Moderator, err)
	}
	moderator := api.As(in.Token)
	_, err = moderator.ReviewTemplate(ctx, t.Template, t.Version, true, "a sample")
	return errors.Join(err, moderator.SignOut(ctx))
}
