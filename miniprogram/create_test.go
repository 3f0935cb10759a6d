package miniprogram_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/miniprogram"
)

func TestNames(t *testing.T) {
	h := open(t)
	for i, name := range []string{"Fine", "  trimmed ", "麵 & 茶", "Nguyễn", "☕️ Tea", "7", strings.Repeat("界", 64), "…!"} {
		a, _, err := h.Create(t.Context(), "dana", name, "transport", "")
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if a.Name != strings.TrimSpace(name) || a.CreatedAt != h.clock() {
			t.Errorf("%d: %q became %+v", i, name, a)
		}
	}
	for _, name := range []string{
		"", "   ", "Te\u200ba", "\u202eaeT", "WeChat\u2066 Pay", "a\nb", "a\x00", "\ue000", "\U000f0000x", "\u3164", "\u2800", "a\u00adb", "a\u2028b",
		"\ufeffx", "a\u200db", "a\u034fb", "\u0301", "a\U000e0041", "x\xff", strings.Repeat("界", 65), strings.Repeat("x", 10_000),
	} {
		if a, _, err := h.Create(t.Context(), "dana", name, "transport", ""); !errors.Is(err, fault.BadRequest) {
			t.Errorf("%.40q is taken: %+v, %v", name, a, err)
		}
	}
	for _, c := range [][2]string{{"", ""}, {strings.Repeat("x", 33), ""}, {strings.Repeat("界", 11), ""}, {"a\u200b", ""}, {"ok", strings.Repeat("x", 201)}, {"ok", "\u202e"}} {
		if _, _, err := h.Create(t.Context(), "dana", "Name", c[0], c[1]); !errors.Is(err, fault.BadRequest) {
			t.Errorf("category %q, summary %.20q: %v", c[0], c[1], err)
		}
	}
}

func TestLookAlikes(t *testing.T) {
	h := open(t)
	h.app("dana", "WeChat Pay")
	for _, name := range []string{"WeChat Pay", "wechat pay", "WeChatPay", "We-Chat: Pay!", "ＷｅＣｈａｔ Ｐａｙ", "WeChаt Pay", "WéChat Pay", "ԜeСhаt Рау", "WeChαt Ρay"} {
		_, _, err := h.Create(t.Context(), "erin", name, "transport", "")
		if !errors.Is(err, fault.Conflict) {
			t.Errorf("%q (%q) is taken beside %q: %v", name, miniprogram.Looks(name), miniprogram.Looks("WeChat Pay"), err)
		}
	}
	h.app("dana", "Noodle Bill 10")
	for _, name := range []string{"Nood1e Bill 10", "NoodIe BiIl lO", "N00dle Bi11 10", "TEAHOUSE", "Tea-House", "Теаhouse security", "Sуstem", "ADMlN"} {
		if _, _, err := h.Create(t.Context(), "erin", name, "transport", ""); !errors.Is(err, fault.Conflict) {
			t.Errorf("%q is taken: %v", name, err)
		}
	}
	for _, name := range []string{"WeChat Pay 2", "WeChat", "Pay WeChat"} {
		h.app("erin", name)
	}
	h.app("dana", "wechat pay")
	if page, _, err := h.Mine(t.Context(), "erin", "", 0); err != nil || len(page) != 3 {
		t.Errorf("refused names left %+v, %v", page, err)
	}
}

func TestOneOfManyGetsAName(t *testing.T) {
	h := open(t)
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			_, _, errs[i] = h.Create(t.Context(), id.User(fmt.Sprintf("dev%d", i)), "Noodles", "transport", "")
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			refused(t, err, fault.Conflict)
		}
	}
	if won != 1 {
		t.Errorf("%d developers have the name", won)
	}
}

func TestAppsAreBounded(t *testing.T) {
	h := open(t)
	for i := range miniprogram.AppsMost - 1 {
		h.app("dana", fmt.Sprintf("Noodles %d", i))
	}
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			_, _, errs[i] = h.Create(t.Context(), "dana", fmt.Sprintf("Rice %d", i), "transport", "")
		})
	}
	wg.Wait()
	if n := len(slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, fault.Conflict) })); n != 1 {
		t.Errorf("%d more apps than there is room for: %v", n-1, errs)
	}
	found, _, err := h.Find(t.Context(), "", "", 200)
	good(t, err)
	if len(found) != miniprogram.AppsMost {
		t.Errorf("%d apps are in the directory", len(found))
	}
}

func TestMine(t *testing.T) {
	h := open(t)
	var want []id.App
	for i := range 5 {
		a, _ := h.app("dana", fmt.Sprintf("Noodles %d", i))
		want = append(want, a.ID)
		h.later(time.Second)
	}
	h.app("erin", "Rice")
	slices.Reverse(want)
	var got []id.App
	for cursor := ""; ; {
		page, next, err := h.Mine(t.Context(), "dana", cursor, 2)
		good(t, err)
		for _, a := range page {
			got = append(got, a.ID)
		}
		if cursor = next; next == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if page, next, err := h.Mine(t.Context(), "nobody", "", 0); err != nil || page == nil || len(page) != 0 || next != "" {
		t.Errorf("of somebody without apps: %v, %q, %v", page, next, err)
	}
	for _, c := range []string{"x", string(id.NewApp())} {
		_, _, err := h.Mine(t.Context(), "dana", c, 0)
		refused(t, err, fault.BadRequest)
	}
	for _, limit := range []int{-1, 201} {
		_, _, err := h.Mine(t.Context(), "dana", "", limit)
		refused(t, err, fault.BadRequest)
		_, _, err = h.Find(t.Context(), "", "", limit)
		refused(t, err, fault.BadRequest)
	}
}

func TestFind(t *testing.T) {
	h := open(t)
	names := []string{"Noodles", "Instant NOODLES", "ｎｏｏｄｌｅ bar", "Rice", "Straße"}
	byName := map[string]id.App{}
	for i, name := range names {
		a, _ := h.app(id.User(fmt.Sprintf("dev%d", i)), name)
		byName[name] = a.ID
	}
	other := h.node(h.store, h.files)
	find := func(s *miniprogram.Service, q string) []string {
		t.Helper()
		got := []string{}
		for cursor := ""; ; {
			page, next, err := s.Find(t.Context(), q, cursor, 1)
			good(t, err)
			for _, a := range page {
				got = append(got, a.Name)
			}
			if cursor = next; next == "" {
				return got
			}
		}
	}
	for q, want := range map[string][]string{
		"noodle":  {"Instant NOODLES", "ｎｏｏｄｌｅ bar", "Noodles"},
		"STRASSE": {"Straße"}, " rice ": {"Rice"}, "t n": {"Instant NOODLES"}, "nothing": {}, "%": {},
		"": {"Instant NOODLES", "ｎｏｏｄｌｅ bar", "Noodles", "Rice", "Straße"},
	} {
		for _, s := range []*miniprogram.Service{h.Service, other} {
			if got := find(s, q); !slices.Equal(got, want) {
				t.Errorf("%q finds %q, want %q", q, got, want)
			}
		}
	}
	h.app("late", "Noodles of another node")
	if got := find(other, "another node"); len(got) != 1 {
		t.Errorf("another node finds %q right after the app was made", got)
	}
	good(t, h.Suspend(t.Context(), byName["Noodles"], time.Time{}, "spam"))
	if got := find(h.Service, "noodles"); slices.Contains(got, "Noodles") || len(got) != 2 {
		t.Errorf("with one of them suspended: %q", got)
	}
	for _, cursor := range []string{"x", "AAAA", "!", strings.Repeat("A", 5000)} {
		_, _, err := h.Find(t.Context(), "", cursor, 0)
		refused(t, err, fault.BadRequest)
	}
}

// lame fails the changes of a part.
type lame struct {
	ledger.Store
	part ledger.Part
}

func (s lame) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	if p == s.part {
		return fault.Unavailable
	}
	return s.Store.ChangePart(ctx, p, w, have, owed, change)
}

// A node that dies between the developer's list and the directory.
func TestWhatIsMineIsFound(t *testing.T) {
	h := open(t)
	dying := h.node(lame{h.store, "apps"}, h.files)
	_, _, err := dying.Create(t.Context(), "dana", "Noodles", "transport", "")
	refused(t, err, fault.Unavailable)
	mine, _, err := h.Mine(t.Context(), "dana", "", 0)
	good(t, err)
	if len(mine) != 1 {
		t.Fatalf("the developer has %+v", mine)
	}
	h.later(2 * time.Minute)
	h.Sweep(t.Context())
	found, _, err := h.Find(t.Context(), "noodles", "", 0)
	good(t, err)
	if len(found) != 1 || found[0].ID != mine[0].ID {
		t.Errorf("the directory has %+v", found)
	}
	h.Sweep(t.Context())
	if owed, err := h.store.Owed(t.Context(), "app-listed", h.clock(), 10); err != nil || len(owed) != 0 {
		t.Errorf("still owed: %v, %v", owed, err)
	}
	if len(h.failed) != 0 {
		t.Error(h.failed)
	}
}

// An app that is in nobody's list is in no directory either.
func TestWhatIsNobodysIsNotFound(t *testing.T) {
	h := open(t)
	dying := h.node(lame{h.store, "developer/dana"}, h.files)
	_, _, err := dying.Create(t.Context(), "dana", "Noodles", "transport", "")
	refused(t, err, fault.Unavailable)
	h.later(2 * time.Minute)
	h.Sweep(t.Context())
	if found, _, err := h.Find(t.Context(), "", "", 0); err != nil || len(found) != 0 {
		t.Errorf("the directory has %+v, %v", found, err)
	}
	h.app("dana", "Noodles") // the name is still the developer's
}

func TestUnknownApps(t *testing.T) {
	h := open(t)
	for _, app := range []string{"", "app-nothere", string(id.NewApp()), "dana", strings.Repeat("x", 5000)} {
		_, err := h.App(t.Context(), app)
		refused(t, err, fault.NotFound)
		_, _, err = h.LoginCode(t.Context(), "alice", app)
		refused(t, err, fault.NotFound)
		refused(t, h.ResetOpenID(t.Context(), "alice", app), fault.NotFound)
		refused(t, h.Follow(t.Context(), "alice", app), fault.NotFound)
		refused(t, h.Unfollow(t.Context(), "alice", app), fault.NotFound)
		_, err = h.Following(t.Context(), "alice", app)
		refused(t, err, fault.NotFound)
		_, err = h.Page(t.Context(), app, "/")
		refused(t, err, fault.NotFound)
		refused(t, h.PutPackage(t.Context(), "dana", app, nil), fault.NotFound)
	}
	if len(h.closed) != 0 {
		t.Errorf("closed: %v", h.closed)
	}
}

func TestFollow(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	app := string(a.ID)
	is := func(u id.User) bool {
		t.Helper()
		yes, err := h.Following(t.Context(), u, app)
		good(t, err)
		return yes
	}
	before := h.dump(a.ID)
	for range 2 {
		good(t, h.Follow(t.Context(), "alice", app))
	}
	if !is("alice") || is("bob") {
		t.Error("alice alone follows")
	}
	if h.dump(a.ID) != before {
		t.Error("the app's part knows of its follower")
	}
	for range 2 {
		good(t, h.Unfollow(t.Context(), "alice", app))
	}
	if is("alice") {
		t.Error("alice still follows")
	}
}
