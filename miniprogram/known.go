package miniprogram

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// What is remembered of an app serves every request of its server and every page.
// It is knownFresh old at most on nodes that did not change the app and were not
// told to Forget it; here a change is seen at once.
const (
	knownFresh = time.Second
	knownMost  = 4096 // apps
)

// known is what is remembered of one app.
type known struct {
	record
	since  time.Time // real time
	tokens map[tokenHash]token
}

// App finds an app. NotFound.
func (s *Service) App(ctx context.Context, app string) (App, error) {
	a, ok := id.ParseApp(app)
	if !ok {
		return App{}, fault.NotFound
	}
	r, err := s.record(ctx, a)
	return r.App, err
}

// record finds an app with what is stored beside it. NotFound.
func (s *Service) record(ctx context.Context, a id.App) (record, error) {
	s.mu.Lock()
	k, changes := s.known[a], s.changes
	s.mu.Unlock()
	if k != nil && time.Since(k.since) < knownFresh {
		return k.record, nil
	}
	since := time.Now()
	v, err := s.store.ReadPart(ctx, appPart(a), ledger.Want{Keys: []string{rowApp}})
	if err != nil {
		return record{}, err
	}
	r, err := s.complete(ctx, v)
	if err == nil {
		s.remember(a, changes, &known{record: r, since: since, tokens: map[tokenHash]token{}})
	}
	return r, err
}

// complete is an app's row together with what is its developer's. NotFound: there is no row.
func (s *Service) complete(ctx context.Context, v ledger.View) (record, error) {
	r, ok, err := ledger.Read[record](v, rowApp)
	if err != nil {
		return record{}, err
	}
	if !ok {
		return record{}, fault.NotFound
	}
	of, err := s.store.ReadPart(ctx, developerPart(r.Developer), ledger.Want{Keys: []string{rowTier}})
	if err != nil {
		return record{}, err
	}
	r.Tier, _, err = ledger.Read[int](of, rowTier)
	return r, err
}

// remember keeps what was read, unless something was changed since it was looked for.
func (s *Service) remember(a id.App, changes uint64, k *known) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes != changes {
		return
	}
	if s.known[a] == nil && len(s.known) >= knownMost {
		for other := range s.known {
			delete(s.known, other)
			break
		}
	}
	s.known[a] = k
}

// Forget makes the next look at an app a look into the store: another node has changed it.
func (s *Service) Forget(a id.App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	delete(s.known, a)
}

// changed tells this node and the others that an app is another than before, or may be.
func (s *Service) changed(a id.App) {
	s.Forget(a)
	s.opt.Changed(a)
}

// change changes an app's row, and whatever else of its part. change gets the app
// as it is stored, and returns the rows; changes of its record are stored by it
// too. NotFound.
func (s *Service) change(ctx context.Context, a id.App, w ledger.Want, owed []ledger.Due, change func(r *record, v ledger.View) ([]ledger.Row, error)) error {
	defer s.changed(a) // whatever the outcome: it may not be known
	w.Keys = append(w.Keys, rowApp)
	return s.store.ChangePart(ctx, appPart(a), w, ledger.View{}, owed, func(v ledger.View) ([]ledger.Row, error) {
		r, ok, err := ledger.Read[record](v, rowApp)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fault.NotFound
		}
		more, err := change(&r, v)
		if err != nil {
			return nil, err
		}
		changed, err := ledger.Rows(rowApp, r)
		return append(changed, more...), err
	})
}
