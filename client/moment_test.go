package client_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/wire"
)

// people makes some who are all friends of each other, but for the last one.
func people(t *testing.T, url string, users ...string) (apis []*client.API, tokens []string) {
	t.Helper()
	api, tokens := join(t, url, users...)
	for i, token := range tokens {
		apis = append(apis, api.As(token))
		for _, friend := range users[:i] {
			if i < len(users)-1 {
				want[string](t)(apis[i].RequestContact(t.Context(), friend, ""))
				must(t, apis[slices.Index(users, friend)].AcceptContact(t.Context(), users[i]))
			}
		}
	}
	return apis, tokens
}

func posts(t *testing.T) func(ms []client.Moment, err error) []string {
	return func(ms []client.Moment, err error) (out []string) {
		t.Helper()
		must(t, err)
		for _, m := range ms {
			out = append(out, m.Post)
		}
		return out
	}
}

func TestMomentsBySDK(t *testing.T) {
	n := serve(t)
	apis, _ := people(t, n.URL, "alice", "bob", "carol", "eve")
	ctx, alice, bob, carol, eve := t.Context(), apis[0], apis[1], apis[2], apis[3]

	first := want[client.Moment](t)(alice.Share(ctx, client.MomentDraft{Text: "one"}))
	second := want[client.Moment](t)(alice.Share(ctx, client.MomentDraft{
		Text: "two", Audience: client.Audience{Kind: "only", Users: []string{"bob"}}, Mentions: []string{"bob"},
		Location: &client.Location{Lat: 30.25, Lng: 120.5, Name: "Hangzhou"},
	}))
	if first.Audience.Kind != "friends" || second.Audience.Users[0] != "bob" || second.Location.Name != "Hangzhou" || second.Mentions[0] != "bob" {
		t.Errorf("%+v\n%+v", first, second)
	}
	eventually(t, func() error {
		if got := posts(t)(client.Collect(bob.Moments(ctx))); !slices.Equal(got, []string{second.Post, first.Post}) {
			return fmt.Errorf("bob's timeline is %v", got)
		}
		return nil
	})
	if got := posts(t)(client.Collect(carol.MomentsOf(ctx, "alice"))); !slices.Equal(got, []string{first.Post}) {
		t.Errorf("carol sees %v", got)
	}
	if got := posts(t)(client.Collect(alice.MomentsAs(ctx, "carol"))); !slices.Equal(got, []string{first.Post}) {
		t.Errorf("as carol: %v", got)
	}
	_, err := eve.Moment(ctx, first.Post)
	refused(t, "not_found", err)

	must(t, bob.Like(ctx, first.Post))
	said := want[client.Comment](t)(bob.Comment(ctx, first.Post, "lovely", ""))
	reply := want[client.Comment](t)(carol.Comment(ctx, first.Post, "indeed", said.ID))
	if reply.ReplyTo == nil || *reply.ReplyTo != (client.Reply{ID: said.ID, User: "bob"}) {
		t.Errorf("%+v", reply)
	}
	if m := want[client.Moment](t)(alice.Moment(ctx, first.Post)); len(m.Likes) != 1 || m.Likes[0].User != "bob" || len(m.Comments) != 2 {
		t.Errorf("%+v", m)
	}
	must(t, bob.Unlike(ctx, first.Post))
	must(t, bob.DeleteComment(ctx, first.Post, said.ID))
	if m := want[client.Moment](t)(alice.Moment(ctx, first.Post)); len(m.Likes) != 0 || len(m.Comments) != 0 {
		t.Errorf("%+v", m)
	}
	must(t, bob.MuteMoment(ctx, first.Post))
	must(t, bob.UnmuteMoment(ctx, first.Post))

	why := want[[]client.Verdict](t)(client.Collect(alice.WhoSees(ctx, second.Post)))
	if len(why) != 2 || !why[0].Sees || why[1].Sees || why[1].User != "carol" || why[1].Rule == "" {
		t.Errorf("%+v", why)
	}
	if users := want[[]string](t)(alice.PreviewAudience(ctx, client.Audience{Kind: "except", Users: []string{"bob"}})); !slices.Equal(users, []string{"carol"}) {
		t.Errorf("%v", users)
	}
	if m := want[client.Moment](t)(alice.SetAudience(ctx, second.Post, client.Audience{Kind: "private"})); m.Audience.Kind != "private" {
		t.Errorf("%+v", m)
	}
	_, err = bob.Moment(ctx, second.Post)
	refused(t, "not_found", err)
	must(t, alice.SetLookBack(ctx, "3d"))
	refused(t, "bad_request", alice.SetLookBack(ctx, "4d"))
	must(t, alice.DeleteMoment(ctx, first.Post))
	_, err = bob.Moment(ctx, first.Post)
	refused(t, "not_found", err)
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 640, 480))))
	return b.Bytes()
}

// bytesOf reads a download.
func bytesOf(t *testing.T) func(r io.ReadCloser, err error) []byte {
	return func(r io.ReadCloser, err error) []byte {
		t.Helper()
		must(t, err)
		defer r.Close()
		b, err := io.ReadAll(r)
		must(t, err)
		return b
	}
}

func TestMediaBySDK(t *testing.T) {
	n := serve(t)
	apis, _ := people(t, n.URL, "alice", "bob", "eve")
	ctx, alice, bob, eve := t.Context(), apis[0], apis[1], apis[2]
	upload := func(b []byte) (m client.Medium) {
		t.Helper()
		var told []int64
		m = want[client.Medium](t)(alice.Upload(ctx, "tea \"1\".png", bytes.NewReader(b), int64(len(b)), func(sent int64) { told = append(told, sent) }))
		if len(told) == 0 || !slices.IsSorted(told) || told[len(told)-1] != int64(len(b)) {
			t.Errorf("progress %v of %d", told, len(b))
		}
		return m
	}
	m := upload(picture(t))
	if m.Type != "image/png" || m.Width != 640 || m.Height != 480 || !m.Thumbnail || m.Placeholder == "" {
		t.Errorf("%+v", m)
	}
	whole := bytesOf(t)(alice.Download(ctx, m.Media, 0))
	if int64(len(whole)) != m.Size {
		t.Errorf("%d bytes of %d", len(whole), m.Size)
	}
	_, err := bob.Download(ctx, m.Media, 0)
	refused(t, "not_found", err)

	post := want[client.Moment](t)(alice.Share(ctx, client.MomentDraft{Media: []string{m.Media}}))
	if len(post.Media) != 1 || post.Media[0].Media != m.Media || post.Media[0].Width != 640 || post.Media[0].Placeholder != m.Placeholder {
		t.Errorf("%+v", post)
	}
	if got := bytesOf(t)(bob.Download(ctx, m.Media, 0)); !bytes.Equal(got, whole) {
		t.Error("bob loads something else")
	}
	if got := bytesOf(t)(bob.Download(ctx, m.Media, 100)); !bytes.Equal(got, whole[100:]) {
		t.Error("bob loads another end")
	}
	if _, err := png.Decode(bytes.NewReader(whole)); err != nil {
		t.Error(err)
	}
	if _, kind, err := image.DecodeConfig(bytes.NewReader(bytesOf(t)(bob.Thumbnail(ctx, m.Media)))); err == nil && kind != "jpeg" {
		t.Errorf("the thumbnail is a %s", kind)
	}
	_, err = eve.Download(ctx, m.Media, 0)
	refused(t, "not_found", err)
	_, err = bob.Share(ctx, client.MomentDraft{Media: []string{m.Media}})
	refused(t, "bad_request", err)
	want[client.Moment](t)(alice.SetAudience(ctx, post.Post, client.Audience{Kind: "private"}))
	_, err = bob.Download(ctx, m.Media, 0)
	refused(t, "not_found", err)

	// In a message, for whom the conversation is; on a profile, for all.
	file := upload([]byte("any bytes"))
	stream := want[string](t)(alice.OpenDirect(ctx, "bob"))
	sent := want[wire.Sent](t)(alice.Post(ctx, client.Message{Stream: stream, Body: client.File{Media: file.Media, Name: "notes.txt", Size: 9}}))
	if got := bytesOf(t)(bob.Download(ctx, file.Media, 0)); string(got) != "any bytes" {
		t.Errorf("bob reads %q", got)
	}
	_, err = eve.Download(ctx, file.Media, 0)
	refused(t, "not_found", err)
	want[int64](t)(alice.Recall(ctx, stream, sent.Seq))
	_, err = bob.Download(ctx, file.Media, 0)
	refused(t, "not_found", err)
	want[wire.Sent](t)(alice.Post(ctx, client.Message{Stream: stream, Body: client.Image{Media: m.Media, Width: 1, Height: 1, Caption: "tea"}}))
	if page := want[wire.Page](t)(bob.History(ctx, stream, 0, 1)); !strings.Contains(string(page.Entries[0].Body), `"width":640`) {
		t.Errorf("%s", page.Entries[0].Body)
	}
	face := upload(picture(t))
	_, err = eve.SetAvatar(ctx, face.Media)
	refused(t, "bad_request", err)
	_, err = alice.SetAvatar(ctx, upload([]byte("no picture")).Media)
	refused(t, "bad_request", err)
	want[client.Profile](t)(alice.SetAvatar(ctx, face.Media))
	if p := want[client.Profile](t)(eve.Profile(ctx, "alice")); p.Avatar != face.Media {
		t.Errorf("%+v", p)
	}
	bytesOf(t)(eve.Download(ctx, face.Media, 0))
	want[client.Profile](t)(alice.SetAvatar(ctx, ""))
	_, err = eve.Download(ctx, face.Media, 0)
	refused(t, "not_found", err)
}

// seen waits until a device hears that a user is seen so.
func seen(t *testing.T, c *client.Client, user, state string) wire.Presence {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		e, err := c.Next(ctx)
		if err != nil {
			t.Fatalf("%s is not seen as %s: %v", user, state, err)
		}
		if p, ok := e.(client.PeerPresence); ok && p.User == user && p.State == state {
			return p.Presence
		}
	}
}

func TestPresenceBySDK(t *testing.T) {
	n := serve(t)
	apis, tokens := people(t, n.URL, "alice", "bob", "eve")
	ctx, alice := t.Context(), apis[0]
	dial := func(i int) *client.Client {
		c := want[*client.Client](t)(client.Dial(ctx, client.Options{Server: client.Server{URL: n.URL}, Token: tokens[i], Device: "d1"}))
		t.Cleanup(func() { c.Close() })
		return c
	}
	bobs, eves := dial(1), dial(2)
	for _, c := range []*client.Client{bobs, eves} {
		if got := want[[]wire.Presence](t)(c.Watch(ctx, "alice", "nobody")); len(got) != 2 || got[0].State != "offline" || got[1].State != "offline" || got[1].LastSeen != nil {
			t.Errorf("%+v", got)
		}
	}
	alices := dial(0)
	seen(t, bobs, "alice", "online")
	must(t, alices.StatusText(ctx, "away", "back at four"))
	if p := seen(t, bobs, "alice", "away"); p.Text != "back at four" {
		t.Errorf("%+v", p)
	}
	must(t, alice.SetPresenceVisible(ctx, "nobody"))
	if p := seen(t, bobs, "alice", "offline"); p.LastSeen != nil || p.Text != "" {
		t.Errorf("%+v", p)
	}
	must(t, alice.SetPresenceVisible(ctx, "friends"))
	seen(t, bobs, "alice", "away")
	must(t, alice.Block(ctx, "bob"))
	seen(t, bobs, "alice", "offline")
	must(t, alice.Unblock(ctx, "bob"))
	seen(t, bobs, "alice", "away")
	must(t, alices.Status(ctx, "invisible"))
	seen(t, bobs, "alice", "offline")
	must(t, alices.Status(ctx, "active"))
	seen(t, bobs, "alice", "online")
	if got := want[[]wire.Presence](t)(apis[1].Presence(ctx, "alice", "bob")); len(got) != 2 || got[0].State != "online" || got[1].State != "online" {
		t.Errorf("%+v", got)
	}
	if got := want[[]wire.Presence](t)(apis[2].Presence(ctx, "alice")); got[0].State != "offline" || got[0].LastSeen != nil {
		t.Errorf("eve sees %+v", got)
	}
	alices.Close()
	if p := seen(t, bobs, "alice", "offline"); p.LastSeen == nil {
		t.Errorf("%+v", p)
	}
}
