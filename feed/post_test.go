package feed_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

func only(users ...id.User) feed.Audience { return feed.Audience{Kind: feed.Only, Users: users} }

func onlyTag(tags ...string) feed.Audience { return feed.Audience{Kind: feed.Only, Tags: tags} }

func except(users []id.User, tags ...string) feed.Audience {
	return feed.Audience{Kind: feed.Except, Users: users, Tags: tags}
}

func frozen(a feed.Audience) feed.Audience { a.Mode = feed.Snapshot; return a }

func TestAMomentIsShared(t *testing.T) {
	h := open(t)
	h.befriend("ann", "ben", "cyd")
	pictures := []string{h.uploads.add("ann", "image/png"), h.uploads.add("ann", "image/jpeg")}
	place := &feed.Location{Lat: 30.25, Lng: 120.15, Name: "Hangzhou"}
	m := h.draft("ann", feed.Draft{Text: "first flush", Media: pictures, Location: place, Audience: forFriends})
	for _, u := range []id.User{"ann", "ben", "cyd"} {
		got := h.sees(u, m.ID)
		if got.Text != "first flush" || *got.Location != *place || got.Author != "ann" || !got.At.Equal(m.At) || len(got.Media) != 2 ||
			string(got.Media[1].ID) != pictures[1] || got.Media[0].Width != 32 || got.Likes == nil || got.Comments == nil || got.Mentions == nil {
			t.Fatalf("%s sees %+v", u, got)
		}
		if (got.Audience != nil) != (u == "ann") {
			t.Fatalf("%s sees the audience %+v", u, got.Audience)
		}
		if ok, err := h.Shows(ctx(h), u, m.ID, id.Media(pictures[0])); !ok || err != nil {
			t.Fatalf("%s may not load the picture: %v", u, err)
		}
	}
	if a := m.Audience; a.Kind != feed.Friends || a.Mode != feed.Live || a.Users == nil || a.Tags == nil {
		t.Fatalf("audience %+v", a)
	}
	if ok, _ := h.Shows(ctx(h), "ben", m.ID, "m-other"); ok {
		t.Fatal("the post shows what is not in it")
	}
	for _, c := range []struct {
		post, medium string
		want         bool
	}{{string(m.ID), pictures[0], true}, {string(m.ID), "m-other", false}, {"p-none", pictures[0], false}, {string(id.NewPost(m.At)), pictures[0], false}} {
		if ok, err := h.Carries(ctx(h), id.Post(c.post), id.Media(c.medium)); ok != c.want || err != nil {
			t.Fatalf("%s carries %s: %v, %v", c.post, c.medium, ok, err)
		}
	}
	h.blind("eve", "ann", m.ID)
	if !h.uploads.carried[string(m.ID)+" "+pictures[0]] {
		t.Fatal("nobody noted what the post shows")
	}
	if !m.At.Equal(m.At.Truncate(time.Millisecond)) || m.At.Location() != time.UTC {
		t.Fatalf("time %v", m.At)
	}
	want := []string{"ben ann " + string(m.ID), "cyd ann " + string(m.ID)}
	equal(t, h.hints, want)
	h.quiet()
}

func TestBadMomentsAreRefused(t *testing.T) {
	h := open(t)
	h.befriend("ann", "ben")
	var ten []string
	for range 10 {
		ten = append(ten, h.uploads.add("ann", "image/png"))
	}
	film, sound, foreign := h.uploads.add("ann", "video/mp4"), h.uploads.add("ann", "audio/ogg"), h.uploads.add("ben", "image/png")
	crowd := func(n int) (users []id.User) {
		for i := range n {
			users = append(users, id.User(fmt.Sprintf("u%d", i)))
		}
		return users
	}
	tags := strings.Split(strings.Repeat("x,", 50)+"x", ",")
	long := strings.Repeat("茶", 2001)
	for i, c := range []struct {
		d    feed.Draft
		want *fault.Fault
		at   string
	}{
		{feed.Draft{}, fault.BadRequest, "/text"},
		{feed.Draft{Text: " \n "}, fault.BadRequest, "/text"},
		{feed.Draft{Text: long}, fault.BadRequest, "/text"},
		{feed.Draft{Text: "a\x00b"}, fault.BadRequest, "/text"},
		{feed.Draft{Text: "a\xffb"}, fault.BadRequest, "/text"},
		{feed.Draft{Media: ten}, fault.BadRequest, "/media"},
		{feed.Draft{Media: []string{ten[0], film}}, fault.BadRequest, "/media/1"},
		{feed.Draft{Media: []string{film, film}}, fault.BadRequest, "/media/1"},
		{feed.Draft{Media: []string{sound}}, fault.BadRequest, "/media/0"},
		{feed.Draft{Media: []string{foreign}}, fault.BadRequest, "/media/0"},
		{feed.Draft{Media: []string{"no-such-media"}}, fault.BadRequest, "/media/0"},
		{feed.Draft{Media: []string{ten[0], string(id.NewMedia())}}, fault.BadRequest, "/media/1"},
		{feed.Draft{Media: []string{ten[0], ten[0]}}, fault.BadRequest, "/media/1"},
		{feed.Draft{Text: "x", Location: &feed.Location{Lat: 90.1}}, fault.BadRequest, "/location/lat"},
		{feed.Draft{Text: "x", Location: &feed.Location{Lng: -180.1}}, fault.BadRequest, "/location/lng"},
		{feed.Draft{Text: "x", Location: &feed.Location{Name: long}}, fault.BadRequest, "/location/name"},
		{feed.Draft{Text: "x", Location: &feed.Location{Name: "\x00"}}, fault.BadRequest, "/location/name"},
		{feed.Draft{Text: "x", Mentions: []string{"A B"}}, fault.BadRequest, "/mentions/0"},
		{feed.Draft{Text: "x", Mentions: strings.Split(strings.Repeat("bob,", 50)+"bob", ",")}, fault.BadRequest, "/mentions"},
		{feed.Draft{Text: "x", Audience: feed.Audience{Kind: "everybody"}}, fault.BadRequest, "/audience/kind"},
		{feed.Draft{Text: "x", Audience: feed.Audience{Mode: feed.Live}}, fault.BadRequest, "/audience/kind"},
		{feed.Draft{Text: "x", Audience: feed.Audience{Kind: feed.Friends, Mode: "sometimes"}}, fault.BadRequest, "/audience/mode"},
		{feed.Draft{Text: "x", Audience: feed.Audience{Kind: feed.Friends, Users: crowd(1)}}, fault.BadRequest, "/audience/users"},
		{feed.Draft{Text: "x", Audience: feed.Audience{Kind: feed.Private, Tags: tags[:1]}}, fault.BadRequest, "/audience/tags"},
		{feed.Draft{Text: "x", Audience: only("A")}, fault.BadRequest, "/audience/users/0"},
		{feed.Draft{Text: "x", Audience: only(crowd(1001)...)}, fault.BadRequest, "/audience/users"},
		{feed.Draft{Text: "x", Audience: onlyTag(tags...)}, fault.BadRequest, "/audience/tags"},
		{feed.Draft{Text: "x", Audience: onlyTag("ok", " ")}, fault.BadRequest, "/audience/tags/1"},
		{feed.Draft{Text: "x", Audience: onlyTag("a\x00")}, fault.BadRequest, "/audience/tags/0"},
		{feed.Draft{Text: "x", Audience: onlyTag(strings.Repeat("茶", 65))}, fault.BadRequest, "/audience/tags/0"},
		{feed.Draft{Text: "x", Audience: only("ben", "eve")}, feed.ErrNotFriends, "/audience/users/1"},
		{feed.Draft{Text: "x", Audience: only("nobody-at-all")}, feed.ErrNotFriends, "/audience/users/0"},
	} {
		if c.d.Audience.Kind == "" && c.d.Audience.Mode == "" {
			c.d.Audience = forFriends
		}
		_, err := h.Post(ctx(h), "ann", c.d)
		f := fault.From(err)
		if f.Code != c.want.Code || len(f.Fields) != 1 || f.Fields[0].Pointer != c.at {
			t.Errorf("case %d: got %v %+v, want %s at %s", i, err, f.Fields, c.want.Code, c.at)
		}
	}
	h.Settled()
	if n := len(h.timeline("ann", 0)) + len(h.uploads.carried); n != 0 {
		t.Fatalf("%d things came of it", n)
	}
	for _, d := range []feed.Draft{
		{Text: strings.Repeat("茶", 2000)},
		{Media: ten[:9]},
		{Media: []string{film}},
		{Location: &feed.Location{Lat: -90, Lng: 180}},
		{Text: "x", Audience: except(crowd(1000), tags[:50]...)},
		{Text: "x", Audience: onlyTag("nobody has it")},
		{Text: "x", Audience: only("ann", "ben", "ben")},
	} {
		if d.Audience.Kind == "" {
			d.Audience = forFriends
		}
		h.draft("ann", d)
	}
	h.quiet()
}

func TestAudiences(t *testing.T) {
	h := open(t)
	friends := []id.User{"tea", "work", "two", "none"}
	h.befriend("ann", friends...)
	h.tag("ann", "tea", "tea")
	h.tag("ann", "work", "work")
	h.tag("ann", "two", "tea", "work")
	h.tag("none", "ann", "tea") // somebody else's tag
	for _, c := range []struct {
		a    feed.Audience
		want []id.User
	}{
		{forFriends, friends},
		{forNobody, nil},
		{only("none"), []id.User{"none"}},
		{onlyTag("tea"), []id.User{"tea", "two"}},
		{onlyTag("nobody"), nil},
		{only(), nil},
		{feed.Audience{Kind: feed.Only, Users: []id.User{"none"}, Tags: []string{"tea"}}, []id.User{"tea", "two", "none"}},
		{except([]id.User{"none", "stranger"}), []id.User{"tea", "work", "two"}},
		{except(nil, "tea"), []id.User{"work", "none"}},
		{except([]id.User{"none"}, "tea"), []id.User{"work"}},
		{except(nil), friends},
	} {
		for _, a := range []feed.Audience{c.a, frozen(c.a)} {
			preview, err := h.Preview(ctx(h), "ann", a)
			good(t, err)
			p := h.post("ann", "x", a)
			var told []id.User
			verdicts, next, err := h.Why(ctx(h), "ann", string(p), "", 0)
			good(t, err)
			if len(verdicts) != len(friends) || next != "" {
				t.Fatalf("why: %v, then %q", verdicts, next)
			}
			for _, v := range verdicts {
				if v.Sees {
					told = append(told, v.User)
				}
			}
			h.sees("ann", p)
			for _, f := range friends {
				if slices.Contains(c.want, f) {
					h.sees(f, p)
				} else {
					h.blind(f, "ann", p)
				}
			}
			want := slices.Sorted(slices.Values(c.want))
			equal(t, preview, want)
			equal(t, told, want)
		}
	}
	h.quiet()
}

func TestLiveFollowsAndSnapshotKeeps(t *testing.T) {
	h := open(t)
	h.befriend("ann", "tea", "none")
	h.tag("ann", "tea", "tea")
	live, snap := h.post("ann", "x", onlyTag("tea")), h.post("ann", "x", frozen(onlyTag("tea")))
	exLive, exSnap := h.post("ann", "x", except(nil, "tea")), h.post("ann", "x", frozen(except(nil, "tea")))
	all := h.post("ann", "x", frozen(forFriends))
	look := func(u id.User, seen ...id.Post) {
		t.Helper()
		for _, p := range []id.Post{live, snap, exLive, exSnap, all} {
			if slices.Contains(seen, p) {
				h.sees(u, p)
			} else {
				h.blind(u, "ann", p)
			}
		}
	}
	look("tea", live, snap, all)
	look("none", exLive, exSnap, all)
	h.tag("ann", "tea")
	h.tag("ann", "none", "tea")
	look("tea", snap, exLive, all) // a snapshot keeps denying who had the tag
	look("none", live, all)        // and denies at once who gets it
	h.tag("ann", "none")
	look("none", exLive, exSnap, all)
	h.befriend("ann", "new")
	h.tag("ann", "new", "tea")
	look("new", live)
	h.tag("ann", "new")
	look("new", exLive)
	good(t, h.contacts.Remove(ctx(h), "ann", "tea"))
	look("tea")
	h.befriend("tea", "ann")
	look("tea", snap, exLive, all)
}

func TestStandingRulesHoldAtOnce(t *testing.T) {
	h := open(t)
	yes, no := true, false
	for i, flip := range []func(a, b id.User, on bool){
		func(a, b id.User, on bool) {
			h.change(a, b, contact.FriendChange{HideMyMoments: pick(on, &yes, &no)})
		},
		func(a, b id.User, on bool) { h.change(a, b, contact.FriendChange{ChatOnly: pick(on, &yes, &no)}) },
		func(a, b id.User, on bool) {
			h.change(b, a, contact.FriendChange{HideTheirMoments: pick(on, &yes, &no)})
		},
		func(a, b id.User, on bool) { h.change(b, a, contact.FriendChange{ChatOnly: pick(on, &yes, &no)}) },
		func(a, b id.User, on bool) { h.block(a, b, on) },
		func(a, b id.User, on bool) { h.block(b, a, on) },
		func(a, b id.User, on bool) {
			if on {
				good(t, h.contacts.Remove(ctx(h), a, string(b)))
			} else {
				h.befriend(a, b)
			}
		},
		func(a, b id.User, on bool) { h.set(a, feed.Author{Suspended: on}) },
	} {
		for _, turned := range []string{"a%d", "z%d"} { // whoever's page decides
			a, b, c := id.User(fmt.Sprintf(turned, i)), id.User(fmt.Sprintf("m%d", i)), id.User(fmt.Sprintf("c%d", i))
			if turned == "z%d" {
				b, c = b+"x", c+"x"
			}
			h.befriend(a, b, c)
			old := h.post(a, "old", forFriends)
			h.sees(b, old)
			flip(a, b, true)
			h.hints = nil
			young := h.post(a, "young", forFriends)
			h.blind(b, a, old)
			h.blind(b, a, young)
			h.sees(a, old)
			if i < 7 {
				h.sees(c, old)
				equal(t, h.hints, []string{fmt.Sprint(c, " ", a, " ", young)})
			} else {
				equal(t, h.hints, nil)
			}
			flip(a, b, false)
			h.sees(b, old)
			h.sees(b, young)
		}
	}
	h.quiet()
}

func pick[T any](on bool, yes, no T) T {
	if on {
		return yes
	}
	return no
}

func (h *house) block(u, other id.User, on bool) {
	h.t.Helper()
	if on {
		good(h.t, h.contacts.Block(ctx(h), u, string(other)))
	} else {
		good(h.t, h.contacts.Unblock(ctx(h), u, string(other)))
	}
}

func TestLookBack(t *testing.T) {
	h := open(t)
	h.befriend("ann", "ben")
	p := h.post("ann", "old", forFriends)
	day := 24 * time.Hour
	h.set("ann", feed.Author{LookBack: 3 * day})
	h.advance(3*day - time.Hour)
	h.sees("ben", p)
	h.advance(2 * time.Hour)
	h.blind("ben", "ann", p)
	h.sees("ann", p)
	q := h.post("ann", "new", forFriends)
	h.sees("ben", q)
	h.set("ann", feed.Author{LookBack: 30 * day})
	h.sees("ben", p)
	h.set("ann", feed.Author{})
	h.advance(1000 * day)
	h.sees("ben", p)
}

func TestTheAudienceIsChanged(t *testing.T) {
	h := open(t)
	h.befriend("ann", "ben", "cyd")
	p := h.post("ann", "diary", forNobody)
	h.blind("ben", "ann", p)
	m, err := h.SetAudience(ctx(h), "ann", string(p), only("ben"))
	good(t, err)
	h.Settled()
	if m.Audience.Kind != feed.Only || len(m.Audience.Users) != 1 || m.Text != "diary" {
		t.Fatalf("%+v", m)
	}
	h.sees("ben", p)
	h.blind("cyd", "ann", p)
	_, err = h.SetAudience(ctx(h), "ann", string(p), frozen(except([]id.User{"ben"})))
	good(t, err)
	h.Settled()
	h.blind("ben", "ann", p)
	h.sees("cyd", p)
	_, err = h.SetAudience(ctx(h), "cyd", string(p), forFriends)
	refused(t, err, fault.Forbidden)
	_, err = h.SetAudience(ctx(h), "ann", string(p), only("eve"))
	refused(t, err, feed.ErrNotFriends)
	_, err = h.SetAudience(ctx(h), "ann", string(p), feed.Audience{Kind: "all"})
	refused(t, err, fault.BadRequest)
	h.sees("cyd", p)
	h.quiet()
}

func TestDeleting(t *testing.T) {
	h := open(t)
	h.befriend("ann", "ben", "cyd")
	h.befriend("ben", "cyd")
	picture := h.uploads.add("ann", "image/png")
	p := h.draft("ann", feed.Draft{Text: "x", Media: []string{picture}, Audience: forFriends, Mentions: []string{"ben"}}).ID
	kept := h.post("ann", "kept", forFriends)
	h.like("ben", p)
	h.say("cyd", p, "bye", "")
	h.like("cyd", kept)
	equal(t, h.heard("ann"), []string{"like ben", "comment cyd bye", "like cyd"})
	equal(t, h.heard("ben"), []string{"mention ann", "comment cyd bye"})
	refused(t, h.Delete(ctx(h), "ben", string(p)), fault.Forbidden)
	refused(t, h.Delete(ctx(h), "eve", string(p)), fault.NotFound)
	h.del("ann", p)
	for _, u := range []id.User{"ann", "ben", "cyd", "eve"} {
		h.blind(u, "ann", p)
	}
	refused(t, h.Delete(ctx(h), "ann", string(p)), fault.NotFound)
	h.sees("ben", kept)
	equal(t, h.heard("ann"), []string{"like cyd"})
	equal(t, h.heard("ben"), nil)
	if len(h.uploads.carried) != 0 {
		t.Fatal("what the post showed is still noted")
	}
	told, err := h.store.ToldOf(ctx(h), p)
	good(t, err)
	if len(told) != 0 {
		t.Fatalf("it is still noted what was told: %v", told)
	}
	h.quiet()
}

// A moment can show a page of a mini-program that there is, and nothing else with it.
func TestAMomentWithACard(t *testing.T) {
	app := id.NewApp()
	h := open(t)
	h.opt.Apps = func(_ context.Context, a id.App) error {
		if a != app {
			return fault.NotFound
		}
		return nil
	}
	h.Service = h.node(h.store, h.seq, h.store)
	h.befriend("ann", "ben")
	card := feed.Card{App: app, Title: "Our queue", Page: "/queue?no=17"}
	m := h.draft("ann", feed.Draft{Card: &card, Audience: forFriends})
	if got := h.sees("ben", m.ID); got.Card == nil || *got.Card != card {
		t.Errorf("ben sees %+v", got.Card)
	}
	for at, c := range map[string]feed.Card{
		"/app_card/app":   {App: id.NewApp(), Title: "x", Page: "/"},
		"/app_card/title": {App: app, Title: " ", Page: "/"},
		"/app_card/page":  {App: app, Title: "x", Page: "https://evil.example"},
	} {
		_, err := h.Post(h.t.Context(), "ann", feed.Draft{Text: "look", Card: &c, Audience: forFriends})
		if f := fault.From(err); f.Code != "bad_request" || len(f.Fields) != 1 || f.Fields[0].Pointer != at {
			t.Errorf("%s: %v %+v", at, err, f.Fields)
		}
	}
}
