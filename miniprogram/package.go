package miniprogram

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	underPackages = "package/"
	packageType   = "application/zip"
	packageSuffix = ".zip" // behind a name like a medium's, under which stores keep bytes

	// bundleBytes bounds the memory of unpacked packages that are kept at hand.
	bundleBytes = 64 << 20
	loadMost    = 15 * time.Second

	// A package that was replaced is served for this long by those who do not know yet;
	// one that was not finished belongs to a node that died.
	replacedAfter  = 10 * time.Minute
	abandonedAfter = time.Hour
)

// packed is a row for each package that has bytes somewhere.
type packed struct {
	At time.Time `json:"at"` // when it was begun, or replaced
	// Replaced: it was the current one. Doomed: it never becomes that again.
	Replaced bool `json:"replaced,omitzero"`
	Doomed   bool `json:"doomed,omitzero"`
}

func newBundles() *otter.Cache[string, bundle] {
	return otter.Must(&otter.Options[string, bundle]{
		MaximumWeight: bundleBytes,
		Weigher:       func(_ string, b bundle) uint32 { return b.weight() },
	})
}

// PutPackage makes a zip the app's pages, all of them at once. NotFound: the app is
// not the developer's; BadRequest, TooLarge: it is no package, and the earlier one stays.
func (s *Service) PutPackage(ctx context.Context, developer id.User, app string, raw []byte) error {
	a, err := s.owns(ctx, developer, app)
	if err != nil {
		return err
	}
	if err := s.slot(ctx); err != nil {
		return err
	}
	var described []byte
	err = unpack(raw, func(name string, body []byte) {
		if name == manifestPage {
			described = body
		}
	})
	s.free()
	if err != nil {
		return err
	}
	connects, err := readManifest(described, s.opt.Allow)
	if err != nil {
		return err
	}
	key := string(id.NewMedia()) + packageSuffix
	if err := s.begin(ctx, a.ID, key); err != nil {
		return err
	}
	if err := s.files.Put(ctx, key, bytes.NewReader(raw), int64(len(raw)), packageType); err != nil {
		return fmt.Errorf("store a package: %w: %w", fault.Unavailable, err)
	}
	return s.swap(ctx, a.ID, key, connects)
}

// begin notes that there will be bytes under a key, so that they are found if
// nothing comes of it.
func (s *Service) begin(ctx context.Context, a id.App, key string) error {
	now := s.now()
	due := ledger.Due{Queue: queuePackages, At: now.Add(abandonedAfter + time.Second), ID: string(a)}
	return s.change(ctx, a, ledger.Want{}, []ledger.Due{due}, func(*record, ledger.View) ([]ledger.Row, error) {
		return ledger.Rows(underPackages+key, packed{At: now})
	})
}

// swap makes a package the current one, with what it may connect to.
func (s *Service) swap(ctx context.Context, a id.App, key string, connects []string) error {
	now := s.now()
	due := ledger.Due{Queue: queuePackages, At: now.Add(replacedAfter + time.Second), ID: string(a)}
	want := ledger.Want{Keys: []string{underPackages + key}}
	return s.change(ctx, a, want, []ledger.Due{due}, func(r *record, v ledger.View) ([]ledger.Row, error) {
		if r.Package == key {
			return nil, nil
		}
		p, ok, err := ledger.Read[packed](v, underPackages+key)
		if err != nil {
			return nil, err
		}
		if !ok || p.Doomed {
			return nil, fault.Unavailable // it took so long that it was taken for abandoned
		}
		old := r.Package
		r.Package, r.Packaged, r.Connects = key, now, connects
		if old == "" {
			return nil, nil
		}
		return ledger.Rows(underPackages+old, packed{At: now, Replaced: true})
	})
}

// collect deletes the bytes of an app's packages that nobody reads any more.
func (s *Service) collect(ctx context.Context, a id.App) error {
	v, err := s.store.ReadPart(ctx, appPart(a), ledger.Want{Keys: []string{rowApp}, Prefixes: []string{underPackages}})
	if err != nil {
		return err
	}
	r, ok, err := ledger.Read[record](v, rowApp)
	if !ok || err != nil {
		return err
	}
	now := s.now()
	for _, line := range v.Under(underPackages) {
		p, err := ledger.Decode[packed](line.Value)
		if err != nil {
			return err
		}
		key, wait := line.Key[len(underPackages):], abandonedAfter
		if p.Replaced {
			wait = replacedAfter
		}
		if key == r.Package || now.Sub(p.At) < wait {
			continue
		}
		if err := s.discard(ctx, a, key); err != nil {
			return err
		}
	}
	return nil
}

// discard forgets a package and its bytes, unless it has become the current one. It
// is doomed first, so that it cannot become that any more.
func (s *Service) discard(ctx context.Context, a id.App, key string) error {
	row, current := underPackages+key, false
	err := s.store.ChangePart(ctx, appPart(a), ledger.Want{Keys: []string{rowApp, row}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		r, _, err := ledger.Read[record](v, rowApp)
		if err != nil {
			return nil, err
		}
		p, ok, err := ledger.Read[packed](v, row)
		if current = r.Package == key; current || !ok || p.Doomed || err != nil {
			return nil, err
		}
		p.Doomed = true
		return ledger.Rows(row, p)
	})
	if err != nil || current {
		return err
	}
	if err := s.files.Delete(ctx, key); err != nil {
		return fmt.Errorf("delete a package: %w", err)
	}
	return s.store.ChangePart(ctx, appPart(a), ledger.Want{Keys: []string{row}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if len(v.Rows) == 0 {
			return nil, nil
		}
		return ledger.Rows(row, nil)
	})
}

// Page finds a file of an app's pages, as a browser asks for it: "/queue" and
// "/queue/" are queue/index.html if there is no file "queue". NotFound; ErrSuspended.
func (s *Service) Page(ctx context.Context, app, path string) (Page, error) {
	a, ok := id.ParseApp(app)
	if !ok {
		return Page{}, fault.NotFound
	}
	b, connects, err := s.bundle(ctx, a)
	if err != nil && fault.From(err).Is(fault.Unavailable) && ctx.Err() == nil {
		s.Forget(a) // what was remembered of the app may name a package that is gone
		b, connects, err = s.bundle(ctx, a)
	}
	if err != nil {
		return Page{}, err
	}
	p, err := b.page(path)
	p.Connects = connects
	return p, err
}

// bundle is an app's package, unpacked, and what its pages may connect to.
func (s *Service) bundle(ctx context.Context, a id.App) (bundle, []string, error) {
	r, err := s.record(ctx, a)
	switch {
	case err != nil:
		return nil, nil, err
	case r.Suspension.Holds(s.now()):
		return nil, nil, ErrSuspended
	case r.Package == "":
		return nil, nil, fault.NotFound
	}
	b, err := s.bundles.Get(ctx, r.Package, otter.LoaderFunc[string, bundle](s.load))
	return b, r.Connects, err
}

// load reads a package and unpacks it. Others may wait for the same, so it does not
// end because whoever asked first went away.
func (s *Service) load(ctx context.Context, key string) (bundle, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadMost)
	defer cancel()
	if err := s.slot(ctx); err != nil {
		return nil, err
	}
	defer s.free()
	f, err := s.files.Open(ctx, key, 0, -1)
	if err != nil {
		return nil, fmt.Errorf("open a package: %w: %w", fault.Unavailable, err)
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, PackageBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read a package: %w: %w", fault.Unavailable, err)
	}
	b, err := open(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %s", errDamaged, key, err) // not the asker's fault
	}
	return b, nil
}

// slot waits for memory to unpack in; free gives it back.
func (s *Service) slot(ctx context.Context) error {
	select {
	case s.unpacking <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Service) free() { <-s.unpacking }
