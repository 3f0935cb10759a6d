package media_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
)

// Who may see what: the owner, and who may see something that carries it. For
// others there is no difference to what does not exist.
func TestWhoMaySee(t *testing.T) {
	h := open(t, nil)
	m := h.upload("ann", []byte("a file"))
	absent := id.NewMedia()
	see := func(u id.User, name string) error {
		_, err := h.media.Get(h.ctx, u, name)
		return err
	}
	steps := []struct {
		what     string
		do       func()
		may, not []id.User
	}{
		{"fresh", func() {}, []id.User{"ann"}, []id.User{"bob", "cat"}},
		{"shown to bob", func() { must(t, h.show("one", m.ID, "ann", "bob")) }, []id.User{"ann", "bob"}, []id.User{"cat"}},
		{"shown to cat elsewhere", func() { must(t, h.show("two", m.ID, "ann", "cat")) }, []id.User{"ann", "bob", "cat"}, []id.User{"dan"}},
		{"bob's is taken back", func() { h.shelf.take("one") }, []id.User{"ann", "cat"}, []id.User{"bob"}},
		{"something else is shown to bob", func() { h.shelf.put("one", absent, "bob") }, []id.User{"ann", "cat"}, []id.User{"bob"}},
		{"a carrier that nobody knows", func() {
			must(t, h.media.Carry(h.ctx, m.ID, media.Carrier{Kind: "banner", ID: "x"}))
		}, []id.User{"ann", "cat"}, []id.User{"bob"}},
	}
	for _, s := range steps {
		s.do()
		for _, u := range s.may {
			if err := see(u, string(m.ID)); err != nil {
				t.Errorf("%s: %s may not see it: %v", s.what, u, err)
			}
		}
		for _, u := range s.not {
			if err := see(u, string(m.ID)); err != fault.NotFound {
				t.Errorf("%s: %s is told %v", s.what, u, err)
			}
		}
	}
	for _, name := range []string{"", "m-none", string(absent), string(m.ID) + ".thumb", string(m.ID) + "x", "../" + string(m.ID)} {
		if err := see("ann", name); err != fault.NotFound {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := h.media.Own(h.ctx, "ann", string(m.ID)); err != nil {
		t.Error(err)
	}
	if _, err := h.media.Own(h.ctx, "cat", string(m.ID)); err != fault.NotFound {
		t.Errorf("cat may show what is ann's: %v", err)
	}
}

// dying are blobs of a process that dies at a Put: of the original, or of the thumbnail.
type dying struct {
	media.Blobs
	after int // so many Puts
}

var errDied = errors.New("killed")

func (d *dying) Put(ctx context.Context, key string, r io.Reader, size int64, kind string) error {
	if d.after--; d.after < 0 {
		return errDied
	}
	return d.Blobs.Put(ctx, key, r, size, kind)
}

// A node that dies in the middle of an upload leaves nothing that anybody sees,
// and any node sweeps what is left.
func TestUploadsThatDie(t *testing.T) {
	for after := range 2 {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			h := open(t, nil)
			dead := h.service(&dying{Blobs: h.blobs, after: after})
			if _, err := dead.Upload(h.ctx, "ann", readerOf(aPNG(t, 40, 40))); !errors.Is(err, errDied) {
				t.Fatal(err)
			}
			if h.files() != after {
				t.Fatalf("%d blobs are left", h.files())
			}
			left, err := h.store.MediaOf(h.ctx, h.time())
			must(t, err)
			if len(left) != 1 {
				t.Fatalf("the list of today has %v", left)
			}
			if _, err := h.media.Get(h.ctx, "ann", string(left[0])); err != fault.NotFound {
				t.Errorf("half an upload is seen: %v", err)
			}
			h.sweepAll()
			h.gone(left[0])
		})
	}
}

// sweepAll lets days pass, with a new node sweeping every half hour: nothing is remembered.
func (h *house) sweepAll() {
	h.t.Helper()
	for range 80 {
		h.pass(time.Hour)
		must(h.t, h.service(h.blobs).Sweep(h.ctx))
	}
}

func (h *house) gone(m id.Media) {
	h.t.Helper()
	if _, _, err := h.store.Medium(h.ctx, m); !errors.Is(err, media.ErrUnknown) {
		h.t.Errorf("there is still a record of %s: %v", m, err)
	}
	for _, key := range []string{string(m), string(m) + ".thumb"} {
		if _, err := h.blobs.Open(h.ctx, key, 0, 1); !errors.Is(err, media.ErrUnknown) {
			h.t.Errorf("%s is still there: %v", key, err)
		}
	}
	for back := range 10 {
		if left, err := h.store.MediaOf(h.ctx, h.time().AddDate(0, 0, -back)); err != nil || len(left) > 0 {
			h.t.Errorf("the list of %d days ago has %v, %v", back, left, err)
		}
	}
}

// What nothing carries is not seen after a day and gone after three; what something
// carries stays for as long as it does.
func TestSweep(t *testing.T) {
	h := open(t, nil)
	carried, never := h.upload("ann", aPNG(t, 40, 40)), h.upload("ann", aPNG(t, 50, 50))
	must(t, h.show("one", carried.ID, "bob"))
	h.pass(24*time.Hour + time.Minute)
	if _, err := h.media.Get(h.ctx, "ann", string(never.ID)); err != fault.NotFound {
		t.Errorf("after a day: %v", err)
	}
	if err := h.show("late", never.ID); err == nil {
		if _, err := h.media.Own(h.ctx, "ann", string(never.ID)); err != nil {
			t.Errorf("it is carried, and its owner may not see it: %v", err)
		}
		h.shelf.take("late")
	}
	h.sweepAll()
	if got := h.content("bob", carried.ID); len(got) == 0 || h.files() != 2 {
		t.Fatalf("%d bytes, %d blobs", len(got), h.files())
	}
	h.pass(40 * 24 * time.Hour)
	h.sweepAll()
	h.content("bob", carried.ID)

	must(t, h.media.Doubt(h.ctx, carried.ID)) // as before a recall
	h.shelf.take("one")
	h.sweepAll()
	h.gone(carried.ID)
	h.gone(never.ID)
	if h.files() != 0 {
		t.Errorf("%d blobs are left", h.files())
	}
}

// Between being doomed and being gone lies an hour: what was noted before counts,
// what comes after is refused.
func TestDoomedMediaAreNotCarried(t *testing.T) {
	h := open(t, nil)
	before, after := h.upload("ann", []byte("one")), h.upload("ann", []byte("two"))
	for _, m := range []id.Media{before.ID, after.ID} { // notes of messages that never came
		must(t, h.media.Carry(h.ctx, m, media.Carrier{Kind: media.Message, ID: "never " + string(m)}))
	}
	h.pass(48 * time.Hour)
	must(t, h.media.Carry(h.ctx, before.ID, media.Carrier{Kind: media.Message, ID: "slow"}))
	must(t, h.media.Sweep(h.ctx))
	h.shelf.put("slow", before.ID, "bob") // the message comes only now
	refused(t, h.show("late", after.ID, "bob"), fault.NotFound)
	if _, err := h.media.Own(h.ctx, "ann", string(after.ID)); err != fault.NotFound {
		t.Errorf("what is doomed is offered: %v", err)
	}
	must(t, h.media.Sweep(h.ctx))
	if h.files() != 2 {
		t.Error("swept at once")
	}
	h.pass(time.Hour)
	must(t, h.media.Sweep(h.ctx))
	if h.files() != 1 || string(h.content("bob", before.ID)) != "one" {
		t.Errorf("%d blobs are left", h.files())
	}
}

// A sweep that ends in the middle is gone on with, by whoever comes next; several
// at once do no harm.
func TestSweepGoesOn(t *testing.T) {
	h := open(t, nil)
	for range 5 {
		h.upload("ann", []byte("nobody wants this"))
	}
	h.pass(72 * time.Hour)
	must(t, h.media.Sweep(h.ctx))
	h.pass(2 * time.Hour)
	ctx, cancel := context.WithCancel(h.ctx)
	broken := h.service(&failing{Blobs: h.blobs, left: 5, then: cancel})
	if err := broken.Sweep(ctx); err == nil {
		t.Fatal("the sweep did not break")
	}
	if n := h.files(); n == 0 || n == 5 {
		t.Fatalf("%d blobs are left in the middle", n)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := h.service(h.blobs).Sweep(h.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := h.files(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// failing are blobs that cannot be deleted after a while.
type failing struct {
	media.Blobs
	left int
	then func()
}

func (f *failing) Delete(ctx context.Context, key string) error {
	if f.left--; f.left < 0 {
		f.then()
		return fault.Unavailable
	}
	return f.Blobs.Delete(ctx, key)
}

func TestUncarry(t *testing.T) {
	h := open(t, nil)
	m := h.upload("ann", []byte("an avatar"))
	c := media.Carrier{Kind: media.Message, ID: "me"}
	must(t, h.show("me", m.ID, "bob"))
	h.pass(100 * 24 * time.Hour)
	h.shelf.take("me")
	must(t, h.media.Uncarry(h.ctx, m.ID, c))
	must(t, h.media.Uncarry(h.ctx, m.ID, c))
	if _, err := h.media.Own(h.ctx, "ann", string(m.ID)); err != nil {
		t.Errorf("its owner cannot use it again for a day: %v", err)
	}
	h.sweepAll()
	h.gone(m.ID)
	must(t, h.media.Doubt(h.ctx, m.ID))
}

// A medium cannot be shown in so many places that looking through them takes long.
func TestCarriersAreBounded(t *testing.T) {
	h := open(t, nil)
	m := h.upload("ann", []byte("a sticker"))
	for i := range 1000 {
		must(t, h.store.Carry(h.ctx, m.ID, media.Carrier{Kind: media.Message, ID: fmt.Sprint(i)}))
	}
	refused(t, h.show("more", m.ID), fault.Conflict)
	_, carriers, err := h.store.Medium(h.ctx, m.ID)
	must(t, err)
	if len(carriers) != 1000 {
		t.Errorf("%d carriers", len(carriers))
	}
}
