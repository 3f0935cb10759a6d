package chat

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
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

// mediaBody is body for a message with an upload of its sender. What the upload
// itself tells about its size goes before what the sender says.
func (s *Service) mediaBody(ctx context.Context, from id.User, kind stream.Kind, raw []byte) (body stdjson.RawMessage, m Medium, err error) {
	if s.opt.Media == nil {
		return nil, Medium{}, fault.BadRequest.At("/kind", "cannot be sent")
	}
	switch kind {
	case Image:
		return readMedia(ctx, s, from, "image/", raw, func(b *imageBody, m *Medium) (string, error) {
			if b.Caption != nil && (len(*b.Caption) > s.opt.TextBytes || strings.IndexByte(*b.Caption, 0) >= 0) {
				return "", fault.BadRequest.At("/body/caption", "is no text, or too long")
			}
			return b.Media, errors.Join(side("width", &b.Width, m.Width), side("height", &b.Height, m.Height))
		})
	case Voice:
		return readMedia(ctx, s, from, "audio/", raw, func(b *voiceBody, m *Medium) (string, error) {
			return b.Media, length(&b.DurationMS, m.Duration)
		})
	case Video:
		return readMedia(ctx, s, from, "video/", raw, func(b *videoBody, m *Medium) (string, error) {
			return b.Media, errors.Join(length(&b.DurationMS, m.Duration), side("width", &b.Width, m.Width), side("height", &b.Height, m.Height))
		})
	}
	return readMedia(ctx, s, from, "", raw, func(b *fileBody, m *Medium) (string, error) {
		return b.Media, errors.Join(fileName(b.Name), known("size", &b.Size, m.Size, 1<<53-1))
	})
}

// readMedia reads a body and finds its medium. check is called twice: with no
// medium, to see whether the body can be right and what it names, and with it, to
// put in what it tells.
func readMedia[B any](ctx context.Context, s *Service, from id.User, family string, raw []byte, check func(*B, *Medium) (string, error)) (stdjson.RawMessage, Medium, error) {
	b, err := wire.Decode[B](raw)
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
	m, err := s.opt.Media.Own(ctx, from, name)
	if errors.Is(err, fault.NotFound) {
		err = fault.NotFound.At("/body/media", "is no upload of yours")
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

// A carrier is a message that shows a medium, or is about to: a message has no
// position before it is stored, but stands behind what was there when it was noted,
// and not for long.
type carrier struct {
	stream id.Stream
	id     uuid.UUID
	after  id.Seq
	noted  time.Time
}

func (c carrier) String() string {
	return fmt.Sprintf("%s/%s/%d/%d", c.stream, c.id, c.after, c.noted.UnixMilli())
}

func parseCarrier(s string) (c carrier, ok bool) {
	part := strings.Split(s, "/")
	if len(part) != 4 {
		return carrier{}, false
	}
	var err [3]error
	c.stream = id.Stream(part[0])
	c.id, err[0] = uuid.Parse(part[1])
	after, e := strconv.ParseInt(part[2], 10, 64)
	c.after, err[1] = id.Seq(after), e
	ms, e := strconv.ParseInt(part[3], 10, 64)
	c.noted, err[2] = time.UnixMilli(ms), e
	return c, errors.Join(err[:]...) == nil
}

// carry notes that a message is about to show a medium. The note comes before the
// message: whoever reads of it may read what it shows.
func (s *Service) carry(ctx context.Context, m id.Media, to id.Stream, msg uuid.UUID) error {
	heads, err := s.log.Heads(ctx, []id.Stream{to})
	if err != nil {
		return err
	}
	return s.opt.Media.Carry(ctx, m, carrier{to, msg, heads[0].Seq, s.opt.Now()}.String())
}

const (
	appendWithin = 15 * time.Minute // a message that is not stored so long after its note never will be
	carrierPage  = 16               // entries that are looked at first
	carrierMost  = 4096             // and at once at most
)

// find looks for the message of a carrier. ok is false if it does not show the
// medium: it never came, or was taken back.
func (s *Service) find(ctx context.Context, c carrier, m id.Media) (e stream.Entry, ok bool, err error) {
	for from, n := c.after+1, id.Seq(carrierPage); ; from, n = from+n, min(4*n, carrierMost) {
		page, err := s.log.Range(ctx, c.stream, from, from+n-1)
		if err != nil {
			return stream.Entry{}, false, err
		}
		for _, e := range page {
			if e.ID == c.id {
				shown, _ := mediumOf(e)
				return e, shown == m, nil
			}
			if e.At.Sub(c.noted) > appendWithin {
				return stream.Entry{}, false, nil
			}
		}
		if id.Seq(len(page)) < n {
			return stream.Entry{}, false, nil
		}
	}
}

// mediumOf is the medium that an entry shows.
func mediumOf(e stream.Entry) (id.Media, bool) {
	switch e.Kind {
	case Image, Voice, Video, File:
	default:
		return "", false
	}
	var b struct {
		Media id.Media `json:"media"`
	}
	err := json.Unmarshal(e.Body, &b)
	return b.Media, err == nil
}

// MayReadMedium tells whether a user may read the message that a carrier names,
// and it shows the medium.
func (s *Service) MayReadMedium(ctx context.Context, u id.User, name string, m id.Media) (bool, error) {
	c, ok := parseCarrier(name)
	if !ok {
		return false, nil
	}
	a, err := s.access(ctx, u, string(c.stream))
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	e, ok, err := s.find(ctx, c, m)
	return ok && a.visible(e.Seq), err
}

// Carries tells whether the message that a carrier names shows the medium, to anybody.
func (s *Service) Carries(ctx context.Context, name string, m id.Media) (bool, error) {
	c, ok := parseCarrier(name)
	if !ok {
		return false, nil
	}
	_, ok, err := s.find(ctx, c, m)
	return ok, err
}
