package chat

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// What stands in conversations, beside messages with media. The first three can be
// sent; the others come from operations of their own.
const (
	Text     stream.Kind = "text"
	Location stream.Kind = "location"
	Contact  stream.Kind = "contact"

	Recall  stream.Kind = "recall"
	Members stream.Kind = "member"
	Changed stream.Kind = "group"
)

const (
	mentionsMost  = 50
	placeNameMost = 200 // code points
	mentionAll    = "@all"
)

type textBody struct {
	Text     string   `json:"text"`
	Mentions []string `json:"mentions,omitzero"`
	ReplyTo  *int64   `json:"reply_to,omitzero"`
}

type locationBody struct {
	Lat  *float64 `json:"lat"`
	Lng  *float64 `json:"lng"`
	Name *string  `json:"name,omitzero"`
}

type contactBody struct {
	User id.User `json:"user"`
}

// body checks what somebody wants to send and returns it in the one form in
// which it is stored, sent out and compared with a retry: members in the order
// of the protocol, no white space, no needless escapes. mentions are the people
// it names; whether they are there is for mayMention to say. m is the medium it shows.
func (s *Service) body(ctx context.Context, from id.User, kind stream.Kind, raw stdjson.RawMessage) (body stdjson.RawMessage, mentions []string, m Medium, err error) {
	if len(raw) == 0 {
		return nil, nil, Medium{}, fault.BadRequest.At("/body", "is missing")
	}
	switch kind {
	case Text:
		if text, ok := wire.OnlyText(raw, "text"); ok { // that is how it is stored
			return raw, nil, Medium{}, s.mayStand(string(text))
		}
		b, err := decode[textBody](raw)
		if err != nil {
			return nil, nil, Medium{}, err
		}
		body, err = s.textBody(&b)
		return body, b.Mentions, Medium{}, err
	case Location:
		body, err = locationOf(raw)
		return body, nil, Medium{}, err
	case Contact:
		body, err = s.contactBody(ctx, raw)
		return body, nil, Medium{}, err
	case AppCard:
		body, err = s.cardBody(ctx, raw)
		return body, nil, Medium{}, err
	case Image, Voice, Video, File:
		if s.opt.Media == nil {
			break
		}
		body, m, err = s.mediaBody(ctx, s.opt.Media.Own, from, kind, raw)
		return body, nil, m, err
	}
	return nil, nil, Medium{}, fault.BadRequest.At("/kind", "cannot be sent")
}

// decode reads a body strictly.
func decode[B any](raw []byte) (B, error) {
	b, err := wire.Decode[B](raw)
	if err != nil {
		err = fault.From(err).Within("/body")
	}
	return b, err
}

// mayStand refuses a text that is no message.
func (s *Service) mayStand(text string) error {
	switch {
	case len(text) > s.opt.TextBytes:
		return fault.TooLarge.At("/body/text", fmt.Sprintf("has more than %d bytes", s.opt.TextBytes))
	case blank(text):
		return fault.BadRequest.At("/body/text", "is empty")
	case strings.IndexByte(text, 0) >= 0:
		return fault.BadRequest.At("/body/text", "contains NUL")
	}
	return nil
}

func (s *Service) textBody(b *textBody) (stdjson.RawMessage, error) {
	if err := s.mayStand(b.Text); err != nil {
		return nil, err
	}
	if len(b.Mentions) > mentionsMost {
		return nil, fault.BadRequest.At("/body/mentions", fmt.Sprintf("has more than %d people", mentionsMost))
	}
	for i, m := range b.Mentions {
		if _, ok := id.ParseUser(m); !ok && m != mentionAll {
			return nil, fault.BadRequest.At(fmt.Sprintf("/body/mentions/%d", i), "is no user id")
		}
	}
	if b.ReplyTo != nil && (*b.ReplyTo < 1 || *b.ReplyTo > int64(id.MaxSeq)) {
		return nil, fault.BadRequest.At("/body/reply_to", "is no position")
	}
	return json.Marshal(b)
}

// blank tells whether a text has nothing to see in it.
func blank(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) }) < 0
}

func locationOf(raw []byte) (stdjson.RawMessage, error) {
	b, err := decode[locationBody](raw)
	if err != nil {
		return nil, err
	}
	if b.Lat == nil || *b.Lat < -90 || *b.Lat > 90 {
		return nil, fault.BadRequest.At("/body/lat", "is not a latitude in degrees")
	}
	if b.Lng == nil || *b.Lng < -180 || *b.Lng > 180 {
		return nil, fault.BadRequest.At("/body/lng", "is not a longitude in degrees")
	}
	if b.Name != nil && utf8.RuneCountInString(*b.Name) > placeNameMost {
		return nil, fault.TooLarge.At("/body/name", fmt.Sprintf("has more than %d characters", placeNameMost))
	}
	return json.Marshal(b)
}

func (s *Service) contactBody(ctx context.Context, raw []byte) (stdjson.RawMessage, error) {
	b, err := decode[contactBody](raw)
	if err != nil {
		return nil, err
	}
	if _, ok := id.ParseUser(string(b.User)); !ok {
		return nil, fault.BadRequest.At("/body/user", "is no user id")
	}
	if _, err := s.people.DisplayName(ctx, b.User); err != nil {
		return nil, err
	}
	return json.Marshal(b)
}
