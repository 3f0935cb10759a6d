package notify

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"strings"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/stream"
)

// A Medium is an upload as an answer shows it.
type Medium struct {
	ID     id.Media
	Body   json.RawMessage // of the entry, in the form in which it is stored
	Digest string          // hex: the same for the same content; "" if it is not known
	Look   string          // hex: nearly the same for pictures that look alike; "" of what is none
}

// Library has what people have uploaded. An app has no way to upload: what its
// answers show, its developer did, with a session of their own.
type Library interface {
	// Enclosed checks the body of an answer that shows an upload of u's, as that of a
	// message of u's. fault.NotFound: it names none of u's.
	Enclosed(ctx context.Context, u id.User, kind stream.Kind, body []byte) (Medium, error)
	// Carry notes that an answer is about to show a medium: carrier is what MayRead
	// and Carries will be asked about. It may be noted. fault.NotFound: the medium was
	// forgotten meanwhile.
	Carry(ctx context.Context, m id.Media, carrier string) error
	// Doubt has a medium looked after again, since an answer that would have shown it
	// never will. It may be gone.
	Doubt(ctx context.Context, m id.Media) error
}

// errNotOwn is the one refusal of a medium, whoever's it is, and if it is nobody's.
var errNotOwn = fault.BadRequest.At("/body/media", "is no upload of this app's developer")

// answerBody is what an answer says: as it is stored, and as the board sees it.
type answerBody struct {
	body   json.RawMessage
	medium id.Media // "": none
	said   saying
}

// enclose checks the body of an answer, whatever its kind.
func (s *Service) enclose(ctx context.Context, developer id.User, r *request) (answerBody, error) {
	switch r.kind {
	case kindText:
		if err := s.fitText("/body/text", r.text); err != nil {
			return answerBody{}, err
		}
		return answerBody{body: encode(map[string]string{"text": r.text}), said: saying{whole: []string{r.text}, parts: pieces(r.text)}}, nil
	case kindImage, kindFile:
		if s.opt.Media != nil {
			break
		}
		fallthrough
	default:
		return answerBody{}, fault.BadRequest.At("/kind", "is none of text, image, file")
	}
	if r.text != "" && r.kind == kindImage {
		if err := s.fitText("/body/caption", r.text); err != nil {
			return answerBody{}, err
		}
	}
	m, err := s.opt.Media.Enclosed(ctx, developer, stream.Kind(r.kind), r.body)
	if errors.Is(err, fault.NotFound) {
		err = errNotOwn
	}
	if err != nil {
		return answerBody{}, err
	}
	return answerBody{body: m.Body, medium: m.ID, said: m.says(r.kind, r.text)}, nil
}

// says is what a medium says: what it is and what it looks like, each by itself, and
// with it a caption, or the name of a file if there is more in it than a name.
func (m *Medium) says(kind, text string) (of saying) {
	of.parts = m.prints()
	switch {
	case text == "":
	case kind == kindImage:
		of.whole = []string{text}
		of.parts = append(of.parts, pieces(text)...)
	default:
		if name := strings.TrimSuffix(text, path.Ext(text)); wordy(name) > textLess {
			of.whole = []string{name}
		}
	}
	if of.whole == nil {
		of.whole, of.parts = of.parts[:1], of.parts[1:]
	}
	return of
}

// carry notes that the answer to a request is about to show a medium. It comes
// before the redemption: what is redeemed can be read, and what never is leaves a
// note that leads nowhere. errNotOwn: it was forgotten since it was looked at.
func (s *Service) carry(ctx context.Context, f *grant.Found, m id.Media) error {
	if m == "" {
		return nil
	}
	err := s.opt.Media.Carry(ctx, m, f.Trace())
	if errors.Is(err, fault.NotFound) {
		err = errNotOwn
	}
	return err
}

// MayRead tells whether a user was sent the answer that a carrier names, and it
// shows the medium. Nobody else was: it stands in a conversation of theirs alone.
func (s *Service) MayRead(ctx context.Context, u id.User, carrier string, m id.Media) (bool, error) {
	if !strings.HasPrefix(carrier, string(u)+"/") {
		return false, nil
	}
	n, found, err := s.book.Traced(ctx, carrier)
	return found && n.Status == grant.Accepted && mediumOf(&n) == m, err
}

// Carries tells whether the answer that a carrier names shows a medium, or will if
// it is released.
func (s *Service) Carries(ctx context.Context, carrier string, m id.Media) (bool, error) {
	n, found, err := s.book.Traced(ctx, carrier)
	return found && n.Status != grant.Dropped && mediumOf(&n) == m, err
}

// unsaid lets go of what an answer would have shown, if it was dropped. A sweep that
// has met it while it was held does not come back by itself.
func (s *Service) unsaid(ctx context.Context, a id.App, name string) error {
	n, err := s.book.Notice(ctx, a, name)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if m := mediumOf(&n); err == nil && m != "" && n.Status == grant.Dropped && s.opt.Media != nil {
		err = s.opt.Media.Doubt(ctx, m)
	}
	return err
}

// mediumOf is the medium that an answer shows; "" if it shows none.
func mediumOf(n *grant.Notice) id.Media {
	var body struct {
		Media id.Media `json:"media"`
	}
	if n.Kind == kindText || json.Unmarshal(n.Body, &body) != nil {
		return ""
	}
	return body.Media
}
