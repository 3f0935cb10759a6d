package push

import (
	"context"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

const (
	textMost  = 180 // code points
	titleMost = 80
	product   = "Teahouse"
	hidden    = "New message"
)

// words are what a screen shows of an entry: who, and what.
func (s *Service) words(ctx context.Context, u id.User, e *stream.Entry, title, show string) (string, string, error) {
	if show == ShowNothing {
		return product, hidden, nil
	}
	var b bodyWords
	if err := json.Unmarshal(e.Body, &b); err != nil {
		return "", "", err
	}
	name := title
	switch {
	case e.Stream.Name() == id.Notices:
		name = b.AppName
	case e.Stream.Kind() != id.Service: // of a group too, before the text
		var err error
		if name, err = s.ports.Names.DisplayName(ctx, who(e, &b)); err != nil {
			return "", "", err
		}
	}
	text := b.text(e)
	if e.Stream.Kind() == id.Group {
		text = name + ": " + text
		name = title
	}
	if show == ShowSender {
		text = hidden
	}
	return line(name, titleMost), line(text, textMost), nil
}

// who is the person that an entry is about: its author, but of events what their body says.
func who(e *stream.Entry, b *bodyWords) id.User {
	if e.Stream.Kind() == id.Personal {
		if e.Stream.Name() == id.Contacts {
			return b.From
		}
		return b.User
	}
	return id.User(e.From)
}

// bodyWords is whatever of a body can be shown.
type bodyWords struct {
	Text     string  `json:"text"`
	Caption  string  `json:"caption"`
	Name     string  `json:"name"`
	Title    string  `json:"title"`
	From     id.User `json:"from"`
	User     id.User `json:"user"`
	Greeting string  `json:"greeting"`
	AppName  string  `json:"app_name"`
	Params   []struct {
		Value string `json:"value"`
	} `json:"params"`
	State string `json:"state_label"`
}

func (b *bodyWords) text(e *stream.Entry) string {
	switch e.Kind {
	case kindText, kindComment:
		return b.Text
	case kindImage:
		return strings.TrimSpace("[Photo] " + b.Caption)
	case kindVoice:
		return "[Voice message]"
	case kindVideo:
		return "[Video]"
	case kindFile:
		return "[File] " + b.Name
	case kindLocation:
		return strings.TrimSpace("[Location] " + b.Name)
	case kindContact:
		return "[Contact]"
	case kindCard:
		return "[Mini-program] " + b.Title
	case kindLike:
		return "likes your moment"
	case kindMention:
		return "mentioned you in a moment"
	case kindRequest:
		if b.Greeting == "" {
			return "wants to be your friend"
		}
		return "wants to be your friend: " + b.Greeting
	case kindNotice:
		return b.notice()
	}
	return hidden
}

// notice is a template's title, where the matter stands, and what was said with it.
func (b *bodyWords) notice() string {
	said := []string{b.Title}
	if b.State != "" {
		said = append(said, b.State)
	}
	for _, p := range b.Params {
		said = append(said, p.Value)
	}
	return strings.Join(said, " · ")
}

// line is text as one line of at most so many code points, without what could
// pretend to be something else: no controls, nothing that turns the direction.
func line(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// urlOf is where the web client shows a stream.
func urlOf(st id.Stream) string {
	switch st.Name() {
	case id.Contacts:
		return "/contacts"
	case id.Moments:
		return "/moments/notices"
	case id.Notices:
		return "/notices"
	}
	return "/chats/" + url.PathEscape(string(st))
}
