package notify

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

const (
	noticeBytes = 4 << 10
	replyBytes  = 16 << 10
	keyBytes    = 64
)

// recipients are the members by which other platforms let an app say who gets a
// notice. Here the grant says it.
var recipients = []string{"to", "touser", "tousers", "openid", "openids", "user", "users", "tag", "tags", "group", "groups", "stream", "streams", "channel", "channels", "all"}

// A request is what an app has asked for, as far as it could be read.
type request struct {
	handle   string
	template string
	data     grant.Values
	page     string
	state    string
	kind     string
	text     string         // of an answer: what it says, or a medium's caption or name
	body     jsontext.Value // of an answer that shows a medium: all of it, in canonical form
	medium   id.Media       // that it shows, once it was found
	key      string
	hash     [32]byte // of all of it
}

// named is the template as it was named, for the record; "" if it is no name of one.
func (r *request) named() id.Template {
	t, ok := id.ParseTemplate(r.template)
	if !ok {
		return ""
	}
	return t
}

// members reads one JSON object of at most so many bytes: nothing behind it, no
// member twice at any depth, no recipient, and no other members than known ones.
// Those that it could read come with an error too.
func members(raw []byte, most int, known ...string) (map[string]jsontext.Value, error) {
	if len(raw) > most {
		return nil, fault.TooLarge.Saying(fmt.Sprintf("The body has more than %d bytes.", most))
	}
	d := decoder(raw)
	defer decoders.Put(d)
	if d.PeekKind() != '{' {
		return nil, fault.BadRequest.Saying("Send one JSON object.")
	}
	got := make(map[string]jsontext.Value, len(known))
	if err := eachMember(d, "", func(key string) error {
		v, err := d.ReadValue()
		end := d.InputOffset()
		got[key] = raw[end-int64(len(v)) : end : end]
		return err
	}); err != nil {
		return nil, fault.BadRequest.Saying("The body is no JSON, or names something twice.")
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, fault.BadRequest.Saying("Something is behind the JSON object.")
	}
	for key := range got {
		if slices.Contains(recipients, strings.ToLower(noDashes.Replace(key))) {
			return got, ErrRecipient.At(pointer("", key), "names a recipient")
		}
	}
	for key := range got {
		if !slices.Contains(known, key) {
			return got, fault.UnknownField.At(pointer("", key), "is not known")
		}
	}
	return got, nil
}

// decoders are kept for the room they have for names.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

func decoder(raw []byte) *jsontext.Decoder {
	d := decoders.Get().(*jsontext.Decoder)
	d.Reset(bytes.NewBuffer(raw))
	return d
}

var noDashes = strings.NewReplacer("_", "", "-", "")

// text reads a member that is a string; it is "" if it is not there.
func text(got map[string]jsontext.Value, key string) (string, error) {
	v, there := got[key]
	if !there {
		return "", nil
	}
	if v.Kind() != '"' {
		return "", fault.BadRequest.At("/"+key, "is no string")
	}
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return "", fault.BadRequest.At("/"+key, "is no string")
	}
	return string(b), nil
}

// A line is a member that is a string, and where it goes.
type line struct {
	key  string
	into *string
}

// texts reads several and the idempotency key, the first wrong one being told;
// those of required have to be there.
func (r *request) texts(got map[string]jsontext.Value, lines []line, required ...string) error {
	var wrong error
	for _, l := range append(lines, line{"idempotency_key", &r.key}) {
		s, err := text(got, l.key)
		if err != nil && wrong == nil {
			wrong = err
		}
		*l.into = s
	}
	if key := r.key; wrong == nil && (key == "" || len(key) > keyBytes) {
		return ErrKeyRequired.At("/idempotency_key", "is not 1 to 64 bytes")
	} else if wrong == nil && strings.ContainsFunc(key, unicode.IsControl) {
		return fault.BadRequest.At("/idempotency_key", "has control characters")
	}
	for _, key := range required {
		if _, there := got[key]; !there && wrong == nil {
			wrong = fault.BadRequest.At("/"+key, "is missing")
		}
	}
	return wrong
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// readNotice reads the body of POST /v1/app/notices. What could be read comes
// with an error too.
func readNotice(raw []byte) (r request, err error) {
	got, err := members(raw, noticeBytes, "grant", "template", "data", "page", "idempotency_key", "state")
	wrong := r.texts(got, []line{{"grant", &r.handle}, {"template", &r.template}, {"page", &r.page}, {"state", &r.state}}, "grant", "template", "page")
	if err != nil {
		return r, err
	}
	if wrong != nil {
		return r, wrong
	}
	r.data = grant.Values{}
	if v, there := got["data"]; there {
		if r.data, err = readValues(v, "/data"); err != nil {
			return r, err
		}
	}
	r.hash = r.sum("notice")
	return r, nil
}

// readReply reads the body of POST /v1/app/replies, as readNotice does.
func readReply(raw []byte) (r request, err error) {
	got, err := members(raw, replyBytes, "window", "kind", "body", "idempotency_key")
	wrong := r.texts(got, []line{{"window", &r.handle}, {"kind", &r.kind}}, "window", "kind", "body")
	if err != nil {
		return r, err
	}
	if wrong != nil {
		return r, wrong
	}
	said, known := "text", []string{"text"}
	switch r.kind {
	case kindImage:
		said, known = "caption", []string{"media", "width", "height", "caption"}
	case kindFile:
		said, known = "name", []string{"media", "name", "size"}
	}
	body, err := members(got["body"], replyBytes, known...)
	if err == nil {
		r.text, err = text(body, said)
	}
	if err != nil {
		return r, fault.From(err).Within("/body")
	}
	if r.kind == kindImage || r.kind == kindFile {
		r.body = got["body"].Clone()
		if err := r.body.Canonicalize(); err != nil {
			return r, fault.BadRequest.At("/body", "cannot be read")
		}
	}
	r.hash = r.sum("reply")
	return r, nil
}

// sum is what makes two requests the same: all that they say, not how it is spelled.
func (r *request) sum(what string) [32]byte {
	b := make([]byte, 0, noticeBytes/4)
	say := func(parts ...string) {
		for _, p := range parts {
			b = append(strconv.AppendInt(b, int64(len(p)), 10), ':')
			b = append(append(b, p...), ',')
		}
	}
	say(what, r.handle, r.template, r.page, r.state, r.kind, r.text)
	if r.body != nil {
		say(string(r.body))
	}
	for _, key := range sorted(r.data) {
		say(key)
		for _, kind := range sorted(r.data[key]) {
			say(kind, r.data[key][kind])
		}
	}
	return sha256.Sum256(b)
}

// readValues reads params: an object of objects of strings.
func readValues(v jsontext.Value, at string) (grant.Values, error) {
	values := grant.Values{}
	d := decoder(v)
	defer decoders.Put(d)
	err := eachMember(d, at, func(key string) error {
		typed, at := map[string]string{}, pointer(at, key)
		values[key] = typed
		return eachMember(d, at, func(kind string) error {
			if d.PeekKind() != '"' {
				return fault.BadRequest.At(pointer(at, kind), "is no string")
			}
			s, err := d.ReadToken()
			if err == nil {
				typed[kind] = s.String()
			}
			return err
		})
	})
	return values, err
}

// eachMember reads an object. each reads the value of one member.
func eachMember(d *jsontext.Decoder, at string, each func(key string) error) error {
	if d.PeekKind() != '{' {
		return fault.BadRequest.At(at, "is no object")
	}
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() != '}' {
		var name jsontext.Token
		if name, err = d.ReadToken(); err == nil {
			err = each(name.String())
		}
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return err
}
