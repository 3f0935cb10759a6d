package push

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	// devicesMost bounds a user's; one more and the oldest goes.
	devicesMost = 16
	deviceRow   = "device/"
	shownRow    = "shown/"
	settingsRow = "settings"
	ownerRow    = "owner"
)

func userPart(u id.User) ledger.Part { return ledger.Part("push/" + string(u)) }

// target is what a subscription wakes; the same browser or phone has the same.
func (sub *Subscription) target() string { return sub.Kind + " " + sub.Endpoint + sub.Token }

func targetPart(target string) ledger.Part {
	h := sha256.Sum256([]byte(target))
	return ledger.Part("push-to/" + base64.RawURLEncoding.EncodeToString(h[:]))
}

// owner is whose a target is.
type owner struct {
	User   id.User   `json:"user"`
	Device id.Device `json:"device"`
}

// Subscribe notes where a device can be woken, in place of what it had.
// BadRequest says what is wrong with it.
func (s *Service) Subscribe(ctx context.Context, u id.User, d id.Device, sub Subscription) error {
	if err := s.check(&sub); err != nil {
		return err
	}
	row, err := json.Marshal(device{sub, s.now()})
	if err != nil {
		return err
	}
	defer s.appeared(u)   // whatever is known of the outcome
	var gone []ledger.Row // rows that this takes the place of
	err = s.store.ChangePart(ctx, userPart(u), ledger.Want{Prefixes: []string{deviceRow}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		key := deviceRow + string(d)
		rows := []ledger.Row{{Key: key, Value: row}}
		if have := v.Get(key); have != nil {
			gone = []ledger.Row{{Key: key, Value: have}}
		} else if len(v.Rows) >= devicesMost {
			gone = []ledger.Row{oldest(v.Rows)}
			rows = append(rows, ledger.Row{Key: gone[0].Key})
		}
		return rows, nil
	})
	if err != nil {
		return err
	}
	for _, r := range gone {
		var was device
		if json.Unmarshal(r.Value, &was) == nil && was.target() != sub.target() {
			if err := s.disown(ctx, owner{u, id.Device(strings.TrimPrefix(r.Key, deviceRow))}, was.target()); err != nil {
				return err
			}
		}
	}
	return s.own(ctx, owner{u, d}, sub.target())
}

// oldest is the row of the device that subscribed before all others.
func oldest(rows []ledger.Row) (row ledger.Row) {
	var first time.Time
	for _, r := range rows {
		var d device
		if err := json.Unmarshal(r.Value, &d); err != nil {
			return r
		}
		if row.Key == "" || d.Created.Before(first) {
			row, first = r, d.Created
		}
	}
	return row
}

// own makes a target somebody's. If it was somebody else's, a browser has changed
// hands: the other must not be shown on it any more.
func (s *Service) own(ctx context.Context, by owner, target string) error {
	value, err := json.Marshal(by)
	if err != nil {
		return err
	}
	var gone owner // was let go of
	for {
		var other owner
		err := s.store.ChangePart(ctx, targetPart(target), ledger.Want{Keys: []string{ownerRow}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
			other = owner{}
			if have := v.Get(ownerRow); have != nil {
				if err := json.Unmarshal(have, &other); err != nil {
					return nil, err
				}
			}
			if other != (owner{}) && other != by && other != gone {
				return nil, errOwned
			}
			return []ledger.Row{{Key: ownerRow, Value: value}}, nil
		})
		if !errors.Is(err, errOwned) {
			return err
		}
		if err := s.drop(ctx, other.User, other.Device, func(d *device) bool { return d.target() == target }); err != nil {
			return err
		}
		gone = other
	}
}

var errOwned = errors.New("the target is somebody else's")

func (s *Service) disown(ctx context.Context, by owner, target string) error {
	return s.store.ChangePart(ctx, targetPart(target), ledger.Want{Keys: []string{ownerRow}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		var is owner
		if have := v.Get(ownerRow); have == nil || json.Unmarshal(have, &is) == nil && is != by {
			return nil, nil
		}
		return []ledger.Row{{Key: ownerRow}}, nil
	})
}

// Forget lets go of a device: it has signed out, or wants no more. It may be gone already.
func (s *Service) Forget(ctx context.Context, u id.User, d id.Device) error {
	var target string
	err := s.drop(ctx, u, d, func(row *device) bool { target = row.target(); return true })
	if err != nil || target == "" {
		return err
	}
	return s.disown(ctx, owner{u, d}, target)
}

// SignedOut lets go of the devices of u that are signed in no more. Another that is
// called the same would be taken for one of them.
func (s *Service) SignedOut(ctx context.Context, u id.User) error {
	p, err := s.person(ctx, u)
	if err != nil || p == nil {
		return err
	}
	return s.letGo(ctx, u, p)
}

// drop removes a device's row if it is as it should be.
func (s *Service) drop(ctx context.Context, u id.User, d id.Device, is func(*device) bool) error {
	key := deviceRow + string(d)
	return s.store.ChangePart(ctx, userPart(u), ledger.Want{Keys: []string{key}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		var row device
		have := v.Get(key)
		if have == nil || json.Unmarshal(have, &row) == nil && !is(&row) {
			return nil, nil
		}
		return []ledger.Row{{Key: key}}, nil
	})
}

// Subscribed tells whether a device can be woken, and how.
func (s *Service) Subscribed(ctx context.Context, u id.User, d id.Device) (kind string, ok bool, err error) {
	p, err := s.person(ctx, u)
	if err != nil || p == nil {
		return "", false, err
	}
	dev, ok := p.devices[d]
	return dev.Kind, ok, nil
}

// appeared makes a new device count at once on this node; elsewhere it takes Options.Fresh.
func (s *Service) appeared(u id.User) {
	s.absent.appeared(string(u))
	s.deserts.appeared("")
}

// A person is somebody who can be woken.
type person struct {
	view     ledger.View
	devices  map[id.Device]device
	settings Settings
	shown    map[string]shown // by tag
}

// personWant is all of a user's part.
var personWant = ledger.Want{Keys: []string{settingsRow}, Prefixes: []string{deviceRow, shownRow}}

// person reads somebody; nil if there is no device to wake.
func (s *Service) person(ctx context.Context, u id.User) (*person, error) {
	if s.absent.has(string(u), s.opt.Wall()) {
		return nil, nil
	}
	begun := s.absent.begin()
	v, err := s.store.ReadPart(ctx, userPart(u), personWant)
	if err != nil {
		return nil, err
	}
	if len(v.Under(deviceRow)) == 0 {
		s.absent.note(string(u), begun, s.opt.Wall())
		return nil, nil
	}
	return personOf(v)
}

func personOf(v ledger.View) (*person, error) {
	p := &person{view: v, devices: map[id.Device]device{}, shown: map[string]shown{}}
	var err error
	if p.settings, err = settingsOf(v); err != nil {
		return nil, err
	}
	for _, r := range v.Under(deviceRow) {
		var d device
		if err := json.Unmarshal(r.Value, &d); err != nil {
			return nil, err
		}
		p.devices[id.Device(strings.TrimPrefix(r.Key, deviceRow))] = d
	}
	for _, r := range v.Under(shownRow) {
		var sh shown
		if err := json.Unmarshal(r.Value, &sh); err != nil {
			return nil, err
		}
		p.shown[strings.TrimPrefix(r.Key, shownRow)] = sh
	}
	return p, nil
}

func settingsOf(v ledger.View) (Settings, error) {
	set := Settings{Show: ShowAll}
	have := v.Get(settingsRow)
	if have == nil {
		return set, nil
	}
	return set, json.Unmarshal(have, &set)
}

// Settings are a user's.
func (s *Service) Settings(ctx context.Context, u id.User) (Settings, error) {
	v, err := s.store.ReadPart(ctx, userPart(u), ledger.Want{Keys: []string{settingsRow}})
	if err != nil {
		return Settings{}, err
	}
	return settingsOf(v)
}

// A SettingsChange is what of a user's settings becomes another; nil stays as it is.
type SettingsChange struct {
	Show   *string
	Quiet  *Quiet
	Always bool // never quiet; Quiet is nil
}

// ChangeSettings changes a user's settings and returns them. What is sent after it
// returned is sent by them. BadRequest.
func (s *Service) ChangeSettings(ctx context.Context, u id.User, c SettingsChange) (set Settings, err error) {
	if c.Show != nil && *c.Show != ShowAll && *c.Show != ShowSender && *c.Show != ShowNothing {
		return Settings{}, errShow
	}
	if c.Quiet != nil {
		if err := c.Quiet.check(); err != nil {
			return Settings{}, err
		}
	}
	err = s.store.ChangePart(ctx, userPart(u), ledger.Want{Keys: []string{settingsRow}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if set, err = settingsOf(v); err != nil {
			return nil, err
		}
		if c.Show != nil {
			set.Show = *c.Show
		}
		if c.Quiet != nil || c.Always {
			set.Quiet = c.Quiet
		}
		row, err := json.Marshal(set)
		if err != nil || bytes.Equal(row, v.Get(settingsRow)) {
			return nil, err
		}
		return []ledger.Row{{Key: settingsRow, Value: row}}, nil
	})
	return set, err
}
