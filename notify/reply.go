package notify

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/stream"
)

// Kinds of answers, as messages have them.
const (
	kindText  = "text"
	kindImage = "image"
	kindFile  = "file"
)

// Reply takes the body of POST /v1/app/replies as it came: one answer in a window
// that a user opened by writing: a text, or a picture or file that the app's
// developer has uploaded. What is said there is between the two, so links and
// offers pass; the same to many is found like that of notices. The checks come in
// the order of Redeem.
func (s *Service) Reply(ctx context.Context, a id.App, raw []byte) (grant.Answer, error) {
	r, err := readReply(raw)
	var answer grant.Answer
	if err == nil {
		answer, err = s.reply(ctx, a, &r)
	}
	if err != nil {
		return grant.Answer{}, s.refused(ctx, a, "", r.key, err)
	}
	return answer, nil
}

func (s *Service) reply(ctx context.Context, a id.App, r *request) (grant.Answer, error) {
	f, err := s.book.Find(ctx, a, r.handle, r.key, r.hash)
	if err != nil {
		return grant.Answer{}, err
	}
	if f.Answer != nil {
		return s.book.Send(ctx, f, grant.Spend{}) // as it was, and make sure that it has arrived
	}
	app, err := s.working(ctx, a)
	if err != nil {
		return grant.Answer{}, err
	}
	if f.Grant.Scope != grant.Window {
		return grant.Answer{}, grant.ErrMismatch
	}
	if err := s.answering(ctx, a); err != nil {
		return grant.Answer{}, err
	}
	e, err := s.enclose(ctx, app.Developer, r)
	if err != nil {
		return grant.Answer{}, err
	}
	if err := s.live(f); err != nil {
		return grant.Answer{}, err
	}
	r.medium = e.medium
	spend := grant.Spend{App: a, AppName: app.Name, Alert: true, Kind: stream.Kind(r.kind), Body: e.body}
	return s.send(ctx, f, app, r, spend, e.said.parts, shape.Sighting{Template: answers(a), Texts: e.said.whole, Minted: f.Grant.Act.At})
}

// answering refuses while an app's answers are paused.
func (s *Service) answering(ctx context.Context, a id.App) error {
	v, err := s.store.ReadPart(ctx, templatePart(answers(a)), ledger.Want{Keys: []string{headKey}})
	if err != nil {
		return fmt.Errorf("find whether answers are paused: %w", err)
	}
	var h head
	if _, err := decodeRow(v, headKey, &h); err != nil {
		return err
	}
	if h.stopped(s.now()) {
		return ErrPaused.Saying("This app's answers are paused.")
	}
	return nil
}

// fitText refuses what cannot be said in an answer.
func (s *Service) fitText(at, text string) error {
	switch {
	case runes(text) > s.opt.ReplyRunes:
		return fault.BadRequest.At(at, fmt.Sprintf("has more than %d characters", s.opt.ReplyRunes))
	case !strings.ContainsFunc(text, func(c rune) bool { return unicode.IsGraphic(c) && !unicode.IsSpace(c) && !hidden(c) }):
		return fault.BadRequest.At(at, "shows nothing")
	case strings.ContainsFunc(text, unspeakable):
		return fault.BadRequest.At(at, "has characters that cannot be shown, or that turn the text around them")
	}
	return nil
}

// unspeakable tells what has no place in an answer, which may have lines, and
// joiners as emoji and several scripts need them.
func unspeakable(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), r == '\ufeff', '\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u2069':
		return true
	}
	return false
}
