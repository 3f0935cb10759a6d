package chat

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
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

// Messages that carry something that was uploaded.
const (
	Image stream.Kind = "image"
	Voice stream.Kind = "voice"
	Video stream.Kind = "video"
	File  stream.Kind = "file"
)

// A Medium is what a message has to know about an upload.
type Medium struct {
	ID            id.Media
	Type          string // a media type
	Size          int64  // bytes
	Width, Height int    // pixels, as shown; 0: unknown
	Duration      time.Duration
	Noted         []string // what Carry was told about it, in no order
}

// Library has what people have uploaded.
type Library interface {
	// Own finds an upload of u's own. fault.NotFound: there is none of that name.
	Own(ctx context.Context, u id.User, media string) (Medium, error)
	// Carry notes that a message is about to show a medium. carrier is what
	// MayReadMedium will be asked about. fault.NotFound: it was forgotten meanwhile.
	Carry(ctx context.Context, m id.Media, carrier string) error
	// Doubt has it looked after whether anything still shows a medium: something
	// is about to show it no more.
	Doubt(ctx context.Context, m id.Media) error
}

type imageBody struct {
	Media   string  `json:"media"`
	Width   *int64  `json:"width"`
	Height  *int64  `json:"height"`
	Caption *string `json:"caption,omitzero"`
}

type voiceBody struct {
	Media      string `json:"media"`
	DurationMS *int64 `json:"duration_ms"`
}

type videoBody struct {
	Media      string `json:"media"`
	DurationMS *int64 `json:"duration_ms"`
	Width      *int64 `json:"width"`
	Height     *int64 `json:"height"`
}

type fileBody struct {
	Media string `json:"media"`
	Name  string `json:"name"`
	Size  *int64 `json:"size"`
}

const (
	sideMost     = 1 << 20            // pixels
	durationMost = 30 * 24 * 3600_000 // milliseconds
	fileNameMost = 255                // code points
)

// errGone is a message that would show what its sender has not uploaded, or what
// was forgotten since.
var errGone = fault.NotFound.At("/body/media", "is no upload of yours")

// An owner finds an upload of somebody's own, as Library.Own does.
type owner func(ctx context.Context, u id.User, media string) (Medium, error)

// MediaBody checks the body of a message with an upload of from's, and gives it in
// the form in which it is stored, with what is known of the upload. fault.NotFound:
// from has no such upload.
func (s *Service) MediaBody(ctx context.Context, from id.User, kind stream.Kind, raw []byte) (stdjson.RawMessage, Medium, error) {
	return s.mediaBody(ctx, s.opt.Media.Own, from, kind, raw)
}

// mediaBody is body for a message with an upload of its sender. What the upload
// itself tells about its size goes before what the sender says. errGone.
func (s *Service) mediaBody(ctx context.Context, own owner, from id.User, kind stream.Kind, raw []byte) (body stdjson.RawMessage, m Medium, err error) {
	switch kind {
	case Image:
		return readMedia(ctx, own, from, familyOf(kind), raw, func(b *imageBody, m *Medium) (string, error) {
			if b.Caption != nil && (len(*b.Caption) > s.opt.TextBytes || strings.IndexByte(*b.Caption, 0) >= 0) {
				return "", fault.BadRequest.At("/body/caption", "is no text, or too long")
			}
			return b.Media, errors.Join(side("width", &b.Width, m.Width), side("height", &b.Height, m.Height))
		})
	case Voice:
		return readMedia(ctx, own, from, familyOf(kind), raw, func(b *voiceBody, m *Medium) (string, error) {
			return b.Media, length(&b.DurationMS, m.Duration)
		})
	case Video:
		return readMedia(ctx, own, from, familyOf(kind), raw, func(b *videoBody, m *Medium) (string, error) {
			return b.Media, errors.Join(length(&b.DurationMS, m.Duration), side("width", &b.Width, m.Width), side("height", &b.Height, m.Height))
		})
	}
	return readMedia(ctx, own, from, familyOf(kind), raw, func(b *fileBody, m *Medium) (string, error) {
		return b.Media, errors.Join(fileName(b.Name), known("size", &b.Size, m.Size, 1<<53-1))
	})
}

// readMedia reads a body and finds its medium. check is called twice: with no
// medium, to see whether the body can be right and what it names, and with it, to
// put in what it tells.
func readMedia[B any](ctx context.Context, own owner, from id.User, family string, raw []byte, check func(*B, *Medium) (string, error)) (stdjson.RawMessage, Medium, error) {
	b, err := decode[B](raw)
	if err != nil {
		return nil, Medium{}, err
	}
	name, err := check(&b, &Medium{Size: -1})
	if err != nil {
		return nil, Medium{}, err
	}
	if name == "" {
		return nil, Medium{}, fault.BadRequest.At("/body/media", "is missing")
	}
	m, err := own(ctx, from, name)
	if errors.Is(err, fault.NotFound) {
		err = errGone
	}
	if err != nil {
		return nil, Medium{}, err
	}
	if !strings.HasPrefix(m.Type, family) {
		return nil, Medium{}, fault.BadRequest.At("/body/media", "is of another type")
	}
	if _, err := check(&b, &m); err != nil {
		return nil, Medium{}, err
	}
	body, err := json.Marshal(b)
	return body, m, err
}

// known checks a number, and puts in what is known of it (not negative).
func known(name string, told **int64, actual, most int64) error {
	switch {
	case *told == nil:
		return fault.BadRequest.At("/body/"+name, "is missing")
	case **told < 0 || **told > most:
		return fault.BadRequest.At("/body/"+name, "cannot be")
	case actual >= 0:
		*told = &actual
	}
	return nil
}

func side(name string, told **int64, actual int) error {
	if actual == 0 {
		actual = -1
	}
	return known(name, told, int64(actual), sideMost)
}

func length(told **int64, actual time.Duration) error {
	ms := int64(-1)
	if actual > 0 {
		ms = actual.Milliseconds()
	}
	return known("duration_ms", told, ms, durationMost)
}

// fileName refuses what is no name, or would look like another one, or could be
// taken for a path.
func fileName(name string) error {
	switch {
	case blank(name):
		return fault.BadRequest.At("/body/name", "is empty")
	case utf8.RuneCountInString(name) > fileNameMost:
		return fault.TooLarge.At("/body/name", fmt.Sprintf("has more than %d characters", fileNameMost))
	case strings.IndexFunc(name, misleads) >= 0:
		return fault.BadRequest.At("/body/name", "has characters that no file's name has")
	}
	return nil
}

func misleads(r rune) bool {
	return r == '/' || r == '\\' || unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// mediumOf is the medium that an entry shows.
func mediumOf(e stream.Entry) (id.Media, bool) {
	m, ok := shownBy(e)
	return m.ID, ok
}

// shownBy is what an entry tells about the medium that it shows.
func shownBy(e stream.Entry) (Medium, bool) {
	switch e.Kind {
	case Image, Voice, Video, File:
	default:
		return Medium{}, false
	}
	var b struct {
		Media    id.Media `json:"media"`
		Width    int      `json:"width"`
		Height   int      `json:"height"`
		Duration int64    `json:"duration_ms"`
		Size     int64    `json:"size"`
	}
	err := json.Unmarshal(e.Body, &b)
	return Medium{
		ID: b.Media, Type: familyOf(e.Kind), Size: b.Size, Width: b.Width, Height: b.Height,
		Duration: time.Duration(b.Duration) * time.Millisecond,
	}, err == nil
}

// familyOf is how the media types begin that messages of a kind show.
func familyOf(k stream.Kind) string {
	switch k {
	case Image:
		return "image/"
	case Voice:
		return "audio/"
	case Video:
		return "video/"
	}
	return ""
}

// sentBefore is the body of a message whose medium is gone, in the form in which it
// was stored when it was sent for the first time. errGone: it was not.
func (s *Service) sentBefore(ctx context.Context, d Draft, to id.Stream, msg uuid.UUID) (stdjson.RawMessage, error) {
	e, err := s.seq.Find(ctx, to, msg)
	switch {
	case errors.Is(err, stream.ErrNoEntry):
		return nil, errGone
	case err != nil:
		return nil, err
	case e.From != id.Principal(d.From), !e.Kind.Redacted() && string(e.Kind) != d.Send.Kind:
		return nil, stream.ErrReused
	case e.Kind.Redacted(): // nothing is left to compare
		return e.Body, nil
	}
	body, _, err := s.mediaBody(ctx, func(_ context.Context, _ id.User, name string) (Medium, error) {
		if m, _ := shownBy(e); string(m.ID) == name {
			return m, nil
		}
		return Medium{}, stream.ErrReused
	}, d.From, e.Kind, d.Send.Body)
	return body, err
}
