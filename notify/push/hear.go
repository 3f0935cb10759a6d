package push

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

const (
	// hintsMost bounds what is remembered of one stream until it is looked at; the newest count.
	hintsMost = 64
	// readersMost bounds whose reading is, of one stream.
	readersMost = 1024
	mentionAll  = "@all"
)

// Kinds of entries that concern pushes, as the protocol names them.
const (
	kindText     = "text"
	kindImage    = "image"
	kindVoice    = "voice"
	kindVideo    = "video"
	kindFile     = "file"
	kindLocation = "location"
	kindContact  = "contact"
	kindCard     = "app_card"

	kindLike    = "like"
	kindComment = "comment"
	kindMention = "mention"
	kindRequest = "request"
	kindNotice  = "notice"

	kindRecall   = "recall"
	kindTakedown = "takedown"
	kindUndone   = "undone"
)

// A matter is what has happened in one stream since it was last looked at.
type matter struct {
	hints []hint             // of entries that may be worth a push, in order
	reads map[id.User]id.Seq // how far somebody has read
	gone  []id.Seq           // entries that lost their content
}

// A hint leads to an entry.
type hint struct {
	seq   id.Seq
	from  id.Principal
	names []string // who is mentioned
}

// worth tells whether an entry is one that people are woken for.
func worth(e *stream.Entry) bool {
	switch e.Stream.Kind() {
	case id.Direct, id.Group:
		return isMessage(e.Kind)
	case id.Service:
		_, app := id.ParseApp(string(e.From))
		return app && isMessage(e.Kind)
	case id.Personal:
		switch e.Stream.Name() {
		case id.Contacts:
			return e.Kind == kindRequest
		case id.Moments:
			return e.Kind == kindLike || e.Kind == kindComment || e.Kind == kindMention
		case id.Notices:
			var body struct {
				Alert bool `json:"alert"`
			}
			return e.Kind == kindNotice && json.Unmarshal(e.Body, &body) == nil && body.Alert
		}
	}
	return false
}

func isMessage(k stream.Kind) bool {
	switch k {
	case kindText, kindImage, kindVoice, kindVideo, kindFile, kindLocation, kindContact, kindCard:
		return true
	}
	return false
}

// takesBack is the entry that another takes the content from.
func takesBack(e *stream.Entry) (id.Seq, bool) {
	if e.Kind != kindRecall && e.Kind != kindTakedown && e.Kind != kindUndone {
		return 0, false
	}
	var body struct {
		Seq id.Seq `json:"seq"`
	}
	return body.Seq, json.Unmarshal(e.Body, &body) == nil && body.Seq > 0
}

// Entry hears of an entry that was just appended. It returns at once, and costs
// little where nobody has a device to wake.
func (s *Service) Entry(e stream.Entry) {
	seq, back := takesBack(&e)
	if !back && !worth(&e) || s.desert(e.Stream) {
		return
	}
	s.matters.put(e.Stream, s.opt.Gather, func(m *matter) *matter {
		if m == nil {
			m = &matter{}
		}
		if back {
			m.gone = append(trimmed(m.gone), seq)
			return m
		}
		m.hints = append(trimmed(m.hints), hint{e.Seq, e.From, mentions(&e)})
		if e.Stream.Kind() != id.Personal { // whoever writes has seen what was there
			m.read(id.User(e.From), e.Seq)
		}
		return m
	})
}

// Read hears that somebody has read up to a position, on some device. It returns at once.
func (s *Service) Read(u id.User, st id.Stream, upTo id.Seq) {
	if s.absent.has(string(u), s.opt.Wall()) {
		return
	}
	s.matters.put(st, s.opt.Gather, func(m *matter) *matter {
		if m == nil {
			m = &matter{}
		}
		m.read(u, upTo)
		return m
	})
}

func (m *matter) read(u id.User, upTo id.Seq) {
	if m.reads == nil {
		m.reads = map[id.User]id.Seq{}
	}
	if have, ok := m.reads[u]; ok || len(m.reads) < readersMost {
		m.reads[u] = max(have, upTo)
	}
}

// desert tells whether it is known that nobody of a stream has a device.
func (s *Service) desert(st id.Stream) bool {
	now := s.opt.Wall()
	switch st.Kind() {
	case id.Direct:
		a, b, _ := st.Pair()
		return s.absent.has(string(a), now) && s.absent.has(string(b), now)
	case id.Group:
		return s.deserts.has(string(st), now)
	}
	u, ok := ownerOf(st)
	return !ok || s.absent.has(string(u), now)
}

// ownerOf is the one user of a personal stream or service conversation.
func ownerOf(st id.Stream) (id.User, bool) {
	if u, ok := st.Owner(); ok {
		return u, true
	}
	u, _, ok := st.Served()
	return u, ok
}

// mentions are the people a text names.
func mentions(e *stream.Entry) []string {
	if e.Kind != kindText || !bytes.Contains(e.Body, []byte(`"mentions"`)) {
		return nil
	}
	var body struct {
		Mentions []string `json:"mentions"`
	}
	if json.Unmarshal(e.Body, &body) != nil {
		return nil
	}
	return body.Mentions
}

func (h *hint) mentions(u id.User) bool {
	return slices.Contains(h.names, string(u)) || slices.Contains(h.names, mentionAll)
}

// trimmed makes room for one more.
func trimmed[T any](list []T) []T {
	if len(list) < hintsMost {
		return list
	}
	return append(list[:0], list[1:]...)
}
