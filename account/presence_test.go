package account_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

func TestLookBack(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	day := 24 * time.Hour
	for _, c := range []struct {
		set  string
		want time.Duration
	}{{"3d", 3 * day}, {"1m", 30 * day}, {"6m", 182 * day}, {"all", 0}} {
		a, err := h.Change(t.Context(), "ann", account.ProfileChange{LookBack: &c.set})
		good(t, err)
		again, err := h.Profile(t.Context(), "ann")
		good(t, err)
		if back, shown, err := h.Moments(t.Context(), "ann"); err != nil || !shown || back != c.want {
			t.Fatalf("%s: %v, %v, %v", c.set, back, shown, err)
		}
		if a.LookBack != c.set || again.LookBack != c.set || again.LookBackWindow() != c.want || a.DisplayName != "ann" {
			t.Fatalf("%s: %+v, then %+v", c.set, a, again)
		}
	}
	for _, bad := range []string{"", "2d", "ALL", "all "} {
		f := refused(t, errOf(h.Change(t.Context(), "ann", account.ProfileChange{LookBack: &bad})), fault.BadRequest)
		if len(f.Fields) != 1 || f.Fields[0].Pointer != "/moments_look_back" {
			t.Fatalf("%q: %+v", bad, f)
		}
	}
	if s, err := h.SettingsOf(t.Context(), "ann"); err != nil || s.LookBack != "all" {
		t.Fatalf("after refusals %+v, %v", s, err)
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestPresenceSettings(t *testing.T) {
	rings := 0
	h := open(t, func(o *account.Options) { o.Changed = func(id.User) { rings++ } })
	h.register("ann")
	nobody, friends, on, off := "nobody", "friends", true, false
	text, none := strings.Repeat("茶", 128), ""
	for i, c := range []struct {
		change account.PresenceChange
		want   account.Settings
	}{
		{account.PresenceChange{}, account.Settings{}},
		{account.PresenceChange{VisibleTo: &nobody}, account.Settings{VisibleTo: "nobody"}},
		{account.PresenceChange{Invisible: &on, Text: &text}, account.Settings{VisibleTo: "nobody", Invisible: true, StatusText: text}},
		{account.PresenceChange{Invisible: &off}, account.Settings{VisibleTo: "nobody", StatusText: text}},
		{account.PresenceChange{VisibleTo: &friends, Text: &none}, account.Settings{VisibleTo: "friends"}},
	} {
		got, err := h.ChangePresence(t.Context(), "ann", c.change)
		good(t, err)
		stored, err := h.SettingsOf(t.Context(), "ann")
		good(t, err)
		if got != c.want || stored != c.want {
			t.Fatalf("%+v gives %+v, then %+v", c.change, got, stored)
		}
		again, err := h.ChangePresence(t.Context(), "ann", c.change)
		good(t, err)
		if again != got || rings != i {
			t.Fatalf("again it gives %+v, and rang %d times", again, rings)
		}
	}
	everybody, long, control := "everybody", text+"x", "a\nb"
	for _, c := range []account.PresenceChange{{VisibleTo: &everybody}, {VisibleTo: &none}, {Text: &long}, {Text: &control}} {
		refused(t, errOf(h.ChangePresence(t.Context(), "ann", c)), fault.BadRequest)
	}
	refused(t, errOf(h.ChangePresence(t.Context(), "nobody", account.PresenceChange{Invisible: &on})), fault.NotFound)
}

// Who does not exist and who is suspended are seen alike: by nobody.
func TestPresenceOfNobody(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	good(t, h.Suspend(t.Context(), "ann", account.Suspension{}))
	for _, u := range []id.User{"ann", "nobody"} {
		s, err := h.SettingsOf(t.Context(), u)
		if err != nil || s.VisibleTo != account.VisibleToNobody {
			t.Fatalf("%s: %+v, %v", u, s, err)
		}
		if _, shown, err := h.Moments(t.Context(), u); err != nil || shown {
			t.Fatalf("moments of %s are shown: %v, %v", u, shown, err)
		}
	}
}

func TestLastSeen(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	seen := func(want time.Time) {
		t.Helper()
		if at, err := h.LastSeen(t.Context(), "ann"); err != nil || !at.Equal(want) {
			t.Fatalf("last seen %v, %v; want %v", at, err, want)
		}
	}
	seen(time.Time{})
	first := h.clock()
	phone := h.signIn("ann", "phone")
	seen(first)
	h.pass(time.Hour)
	h.signIn("ann", "tablet")
	seen(first.Add(time.Hour))
	h.pass(time.Hour)
	good(t, h.authenticate(phone.Token))
	h.settled("ann", phone.Session.ID)
	seen(first.Add(2 * time.Hour))
	h.pass(time.Second)
	good(t, h.Used(t.Context(), "ann", phone.Session.ID))
	seen(first.Add(2*time.Hour + time.Second))
	good(t, h.EndSession(t.Context(), "ann", phone.Session.ID))
	good(t, h.Used(t.Context(), "ann", phone.Session.ID))
	seen(first.Add(time.Hour))
}

// shelf is what people have uploaded: "m-" and their name.
type shelf struct{ shown, left []string }

func (s *shelf) Show(_ context.Context, u id.User, media string) error {
	if media != "m-"+string(u) && media != "m2-"+string(u) {
		return account.ErrNoPicture
	}
	s.shown = append(s.shown, media)
	return nil
}

func (s *shelf) Leave(_ context.Context, media string) error {
	s.left = append(s.left, media)
	return nil
}

func TestPictures(t *testing.T) {
	s := &shelf{}
	h := open(t, func(o *account.Options) { o.Pictures = s })
	h.register("ann")
	for _, c := range []struct{ set, want string }{{"m-ann", "m-ann"}, {"m-ann", "m-ann"}, {"m2-ann", "m2-ann"}, {"", ""}, {"", ""}} {
		a, err := h.Change(t.Context(), "ann", account.ProfileChange{Avatar: &c.set})
		good(t, err)
		if a.Avatar != c.want {
			t.Fatalf("%q gives %q", c.set, a.Avatar)
		}
	}
	equal(t, s.shown, []string{"m-ann", "m2-ann"})
	equal(t, s.left, []string{"m-ann", "m2-ann"})
	another := "m-ben"
	f := refused(t, errOf(h.Change(t.Context(), "ann", account.ProfileChange{Avatar: &another})), fault.BadRequest)
	if len(f.Fields) != 1 || f.Fields[0].Pointer != "/avatar" {
		t.Fatalf("%+v", f)
	}
	none := open(t, nil)
	none.register("ann")
	mine := "m-ann"
	refused(t, errOf(none.Change(t.Context(), "ann", account.ProfileChange{Avatar: &mine})), fault.BadRequest)
}
