package chat

import (
	"context"
	stdjson "encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// AppCard is a message that shows a page of a mini-program.
const AppCard stream.Kind = "app_card"

// Apps are who can be written to beside people. What an app says does not come
// this way: it answers within a window that the user's own message opens.
type Apps interface {
	// AppName is what an app is called. fault.NotFound: there is none, or it is suspended.
	AppName(ctx context.Context, a id.App) (string, error)
	// MayWrite is nil if u has not blocked the app. blocked.
	MayWrite(ctx context.Context, u id.User, a id.App) error
	// Wrote is told of each message of u to an app: after it is stored and before
	// that is told, and again when it is sent again.
	Wrote(ctx context.Context, u id.User, a id.App, message uuid.UUID, at time.Time) error
}

// noApps is a server without mini-programs.
type noApps struct{}

func (noApps) AppName(context.Context, id.App) (string, error) { return "", fault.NotFound }

func (noApps) MayWrite(context.Context, id.User, id.App) error                    { return fault.NotFound }
func (noApps) Wrote(context.Context, id.User, id.App, uuid.UUID, time.Time) error { return nil }

// told has an app hear of a message that is stored. Without that it is not
// acknowledged, and sending it again tells the app.
func (s *Service) told(ctx context.Context, e *stream.Entry) error {
	u, app, ok := e.Stream.Served()
	if !ok {
		return nil
	}
	return s.opt.Apps.Wrote(ctx, u, app, e.ID, e.At)
}

// openService puts a service conversation into its user's list before its first message.
func (s *Service) openService(ctx context.Context, a *access) error {
	if s.opened.has(a.stream) {
		return nil
	}
	if err := s.list(ctx, a); err != nil {
		return err
	}
	s.opened.add(a.stream)
	return nil
}

type cardBody struct {
	App   string `json:"app"`
	Title string `json:"title"`
	Page  string `json:"page"`
}

const cardTitleMost = 64 // code points

func (s *Service) cardBody(ctx context.Context, raw []byte) (stdjson.RawMessage, error) {
	b, err := decode[cardBody](raw)
	if err != nil {
		return nil, err
	}
	app, ok := id.ParseApp(b.App)
	switch {
	case !ok:
		return nil, fault.BadRequest.At("/body/app", "is no app's id")
	case blank(b.Title):
		return nil, fault.BadRequest.At("/body/title", "is empty")
	case utf8.RuneCountInString(b.Title) > cardTitleMost:
		return nil, fault.TooLarge.At("/body/title", "is too long")
	case strings.IndexFunc(b.Title, unicode.IsControl) >= 0:
		return nil, fault.BadRequest.At("/body/title", "has characters that no title has")
	case !id.IsPage(b.Page):
		return nil, fault.BadRequest.At("/body/page", "is no page of a mini-program, such as /queue?no=17")
	}
	if _, err := s.opt.Apps.AppName(ctx, app); err != nil {
		return nil, err
	}
	return json.Marshal(b)
}
