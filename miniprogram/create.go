package miniprogram

import (
	"context"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Rows of an app's part: "app", "secret/<id>", "token/<hash>", "package/<key>".
// Rows of a developer's: "tier", "app/<id>". Of a name's: "by".
const (
	rowApp    = "app"
	rowTier   = "tier"
	rowBy     = "by"
	underApps = "app/"
)

// A record is an app as it is stored, without what is its developer's.
type record struct {
	App
	Package string `json:"package,omitempty"` // the key of its pages
}

type (
	owner struct {
		Developer id.User `json:"developer"`
	}
	owned struct {
		At time.Time `json:"at"`
	}
)

// Create makes an app and its first secret, which nobody can look up again.
// BadRequest; Conflict: the name is another developer's, or there are too many.
//
// It goes through four parts, and until the developer's own list has it nobody
// knows of the app; what is left then is owed to the directory.
func (s *Service) Create(ctx context.Context, developer id.User, called, kind, summary string) (App, string, error) {
	a := App{ID: id.NewApp(), Developer: developer, CreatedAt: s.now()}
	var err error
	if a.Name, err = name(called); err != nil {
		return App{}, "", err
	}
	if a.Category, err = category(kind); err != nil {
		return App{}, "", err
	}
	if a.Summary, err = text(summary, "/summary", SummaryRunes); err != nil {
		return App{}, "", err
	}
	v, err := s.store.ReadPart(ctx, developerPart(developer), ledger.Want{Prefixes: []string{underApps}})
	if err != nil {
		return App{}, "", err
	}
	if len(v.Rows) >= AppsMost {
		return App{}, "", errApps
	}
	if err := s.claim(ctx, a.Name, developer); err != nil {
		return App{}, "", err
	}
	secret, row := s.newSecret()
	err = s.store.ChangePart(ctx, appPart(a.ID), ledger.Want{}, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) {
		return ledger.Rows(rowApp, record{App: a}, underSecrets+row.ID, row)
	})
	if err != nil {
		return App{}, "", err
	}
	if err := s.own(ctx, a); err != nil {
		return App{}, "", err
	}
	a, err = s.App(ctx, string(a.ID))
	return a, secret, err
}

// claim makes a name the developer's. It may be theirs already. errName, errReserved.
func (s *Service) claim(ctx context.Context, name string, developer id.User) error {
	if reserved[looks(name)] {
		return errReserved
	}
	return s.store.ChangePart(ctx, namePart(name), ledger.Want{Keys: []string{rowBy}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		by, ok, err := ledger.Read[owner](v, rowBy)
		switch {
		case err != nil:
			return nil, err
		case ok && by.Developer != developer:
			return nil, errName
		case ok:
			return nil, nil
		}
		return ledger.Rows(rowBy, owner{developer})
	})
}

// own puts an app into its developer's list, if there is room, and then into the directory.
func (s *Service) own(ctx context.Context, a App) error {
	due := ledger.Due{Queue: queueListed, At: a.CreatedAt.Add(listedAfter), ID: string(a.ID)}
	want := ledger.Want{Prefixes: []string{underApps}}
	err := s.store.ChangePart(ctx, developerPart(a.Developer), want, ledger.View{}, []ledger.Due{due}, func(v ledger.View) ([]ledger.Row, error) {
		if v.Get(underApps+string(a.ID)) != nil {
			return nil, nil
		}
		if len(v.Rows) >= AppsMost {
			return nil, errApps
		}
		return ledger.Rows(underApps+string(a.ID), owned{a.CreatedAt})
	})
	if err != nil {
		return err
	}
	if err := s.enlist(ctx, a.ID, a.Name); err != nil {
		return err
	}
	return s.store.Settled(ctx, due)
}

// Mine are a developer's apps, the newest first, a page at a time; next is "" on
// the last one, limit 0 the usual one. BadRequest.
func (s *Service) Mine(ctx context.Context, developer id.User, cursor string, limit int) (page []App, next string, err error) {
	if limit, err = pageSize(limit); err != nil {
		return nil, "", err
	}
	v, err := s.store.ReadPart(ctx, developerPart(developer), ledger.Want{Prefixes: []string{underApps}})
	if err != nil {
		return nil, "", err
	}
	page, from := []App{}, 0
	apps := make([]App, 0, len(v.Rows))
	for _, r := range v.Rows {
		a, err := s.App(ctx, r.Key[len(underApps):])
		if err != nil {
			return nil, "", err
		}
		apps = append(apps, a)
	}
	slices.SortStableFunc(apps, func(a, b App) int { return b.CreatedAt.Compare(a.CreatedAt) })
	if cursor != "" {
		from = 1 + slices.IndexFunc(apps, func(a App) bool { return string(a.ID) == cursor })
		if from == 0 {
			return nil, "", errCursor
		}
	}
	page = append(page, apps[from:min(from+limit, len(apps))]...)
	if from+limit < len(apps) {
		next = string(page[limit-1].ID)
	}
	return page, next, nil
}

// SetTier says how many people a developer's apps may reach: one of Reaches. BadRequest.
func (s *Service) SetTier(ctx context.Context, developer id.User, tier int) error {
	if tier < 0 || tier >= len(Reaches) {
		return fault.BadRequest.At("/tier", "is no tier")
	}
	var apps []ledger.Row
	want := ledger.Want{Prefixes: []string{underApps}}
	err := s.store.ChangePart(ctx, developerPart(developer), want, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		apps = v.Rows
		return ledger.Rows(rowTier, tier)
	})
	for _, r := range apps {
		s.changed(id.App(r.Key[len(underApps):]))
	}
	return err
}

// owns finds an app of a developer's. NotFound: there is none, or it is somebody else's.
func (s *Service) owns(ctx context.Context, developer id.User, app string) (App, error) {
	a, err := s.App(ctx, app)
	if err != nil {
		return App{}, err
	}
	if a.Developer != developer {
		return App{}, fault.NotFound
	}
	return a, nil
}
