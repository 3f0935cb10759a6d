package law

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// pictures are attempts by way of what answers show.
var pictures = []attempt{
	{name: "an advert as a picture in 100 open windows", clause: "I6 windows", want: []fault.Code{"template_paused"}, passes: 68, delivers: most - 3, costly: true, honest: func(s *scene) func() refusals {
		a := s.app()
		var windows []string
		for _, p := range s.crowd(100) {
			windows = append(windows, a.write(p, "hello"))
		}
		// Each is an upload of its own, with a mark in a corner and another caption.
		show := func(i int) error {
			return a.show(windows[i], a.developer.upload(s, poster(1, i)), letters(int64(i+1)*7919)+" "+letters(int64(i+1)*104729))
		}
		for i := range 3 {
			must(s, show(i))
		}
		return func() refusals {
			var out refusals
			for i := 3; i < 100; i++ {
				out = append(out, show(i))
			}
			if n := (&template{app: a, id: a.id}).held(); n != 51 {
				s.Errorf("%d answers are held", n)
			}
			return out
		}
	}},
	{name: "a picture of somebody else", clause: "media", want: []fault.Code{"bad_request"}, honest: func(s *scene) func() refusals {
		a, rival, ann := s.app(), s.app(), s.user("ann")
		window := a.write(ann, "hello")
		mine, theirs := a.developer.upload(s, poster(1, 0)), rival.developer.upload(s, poster(2, 0))
		must(s, a.show(window, mine, ""))
		must(s, rival.show(rival.write(s.user("bob"), "hello"), theirs, ""))
		sent := ann.upload(s, poster(3, 0)) // the user shows it to the app, which may not show it again
		stream := got(ann.api().OpenDirect(s.Context(), a.id))(s)
		got(ann.api().Post(s.Context(), client.Message{Stream: stream, Body: client.Image{Media: sent, Width: 1, Height: 1}}))(s)
		s.h.allow(ann, a.id, 5)
		s.after(func() { // nothing was spent
			for range 5 {
				must(s, a.show(window, mine, ""))
			}
			if client.CodeOf(a.show(window, mine, "")) != "window_spent" {
				s.Error("there was a sixth answer")
			}
		})
		return func() refusals {
			var out refusals
			near := mine[:len(mine)-1] + "q"
			if near == mine {
				near = mine[:len(mine)-1] + "a"
			}
			for _, m := range []string{theirs, sent, ann.upload(s, poster(4, 0)), near, "m-", "x", "../" + mine, strings.ToUpper(mine)} {
				out = append(out, a.show(window, m, ""), only(a.say(window, "file", client.File{Media: m, Name: "tea.png", Size: 1})))
			}
			first, _ := errors.AsType[*client.Error](out[0])
			for _, err := range out {
				if told, ok := errors.AsType[*client.Error](err); !ok || told.Error() != first.Error() {
					s.Errorf("one refusal is %v, another %v", first, err)
				}
			}
			return out
		}
	}},
	{name: "reading a picture that was sent to another", clause: "media", quiet: true, want: []fault.Code{"not_found", "wrong_principal"}, honest: func(s *scene) func() refusals {
		a, rival, ann, bob := s.app(), s.app(), s.user("ann"), s.user("bob")
		m := a.developer.upload(s, poster(1, 0))
		must(s, a.show(a.write(ann, "hello"), m, "Your table"))
		must(s, a.show(a.write(bob, "hello"), a.developer.upload(s, poster(2, 0)), ""))
		read := func(token, what string) error {
			return s.ask("GET", "/media/"+url.PathEscape(m)+what, token, nil).err()
		}
		for _, who := range []*person{ann, a.developer} {
			must(s, read(who.token, ""))
			must(s, read(who.token, "/thumbnail"))
		}
		return func() refusals {
			var out refusals
			for _, token := range []string{bob.token, s.user("eve").token, rival.developer.token, s.h.mo.token, a.token(), rival.token()} {
				out = append(out, read(token, ""), read(token, "/thumbnail"))
			}
			return out
		}
	}},
	{name: "one picture, one key, many times at once", clause: "I4 windows", want: []fault.Code{"idempotency_mismatch"}, passes: 30, delivers: 1, honest: func(s *scene) func() refusals {
		a := s.app()
		window := a.write(s.user("ann"), "hello")
		m, other := a.developer.upload(s, poster(1, 0)), a.developer.upload(s, poster(1, 1))
		must(s, a.show(window, m, ""))
		say := func(m, caption string) error {
			return only(a.server().Reply(s.Context(), client.Answer{Window: window, Kind: "image", Body: client.Image{Media: m, Width: 1, Height: 1, Caption: caption}, Key: "once"}))
		}
		return func() refusals {
			out := s.parallel(30, func(int) error { return say(m, "Tea") })
			return append(out, say(m, ""), say(other, "Tea"))
		}
	}},
}

// TestPicturesStay looks what is left of uploads days later: what was sent stays for
// whom it was sent to, and what was refused, at whatever point, does not.
func TestPicturesStay(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { staying(t, embedded(t)) })
	t.Run("cluster", func(t *testing.T) { staying(t, cluster(t)) })
}

func staying(t *testing.T, h *house) {
	s := &scene{T: t, h: h, alone: true}
	a, ann := s.app(), s.user("ann")
	window := a.write(ann, "hello")
	for i := range 3 {
		must(t, a.show(window, a.developer.upload(s, poster(10+i, 0)), ""))
	}
	uploads := make([]string, 12)
	for i := range uploads {
		uploads[i] = a.developer.upload(s, poster(20+i, 0))
	}
	out := s.parallel(len(uploads), func(i int) error { return a.show(window, uploads[i], "") })
	for range 2 { // first they are doomed, then they go
		s.pass(3 * 24 * time.Hour)
		must(t, h.nodes[0].Media.Sweep(t.Context()))
	}
	sent := 0
	for i, m := range uploads {
		what, want := []fault.Code{client.CodeOf(out[i])}, []fault.Code{"window_spent", "not_found", "not_found"}
		if out[i] == nil {
			sent++
			want = []fault.Code{"", "", ""}
		}
		for _, who := range []*person{ann, a.developer} {
			what = append(what, client.CodeOf(s.ask("GET", "/media/"+m, who.token, nil).err()))
		}
		if !slices.Equal(what, want) {
			t.Errorf("picture %d was answered and is read with %q, not %q", i, what, want)
		}
	}
	if sent != 2 {
		t.Errorf("%d of two answers were sent", sent)
	}
	h.lawful(t)
}

// poster is a picture of boxes, with a mark of its own in a corner.
func poster(seed, mark int) []byte {
	r := rand.New(rand.NewPCG(uint64(seed), 7))
	img := image.NewRGBA(image.Rect(0, 0, 160, 120))
	for range 20 {
		x, y := r.IntN(160), r.IntN(120)
		box := image.Rect(x, y, x+20+r.IntN(80), y+15+r.IntN(60))
		draw.Draw(img, box, image.NewUniform(color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}), image.Point{}, draw.Src)
	}
	draw.Draw(img, image.Rect(156, 116, 160, 120), image.NewUniform(color.RGBA{uint8(mark), uint8(3 * mark), uint8(7 * mark), 255}), image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		panic(err) // into memory
	}
	return out.Bytes()
}

// upload uploads a picture.
func (p *person) upload(s *scene, raw []byte) string {
	s.Helper()
	return got(p.api().Upload(s.Context(), "tea.png", bytes.NewReader(raw), int64(len(raw)), nil))(s).Media
}

// show answers in a window with a picture.
func (a *app) show(window, media, caption string) error {
	return only(a.say(window, "image", client.Image{Media: media, Width: 1, Height: 1, Caption: caption}))
}

func (a *app) say(window, kind string, body any) (client.SentNotice, error) {
	return a.server().Reply(a.s.Context(), client.Answer{Window: window, Kind: kind, Body: body, Key: a.s.h.name("k")})
}
