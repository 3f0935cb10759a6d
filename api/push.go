package api

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/push"
	"github.com/teahouse-im/teahouse/wire"
)

// Push is how sleeping devices are woken. *push.Service fits.
type Push interface {
	PublicKey(ctx context.Context) (string, error)
	Subscribe(ctx context.Context, u id.User, d id.Device, sub push.Subscription) error
	Forget(ctx context.Context, u id.User, d id.Device) error
	Settings(ctx context.Context, u id.User) (push.Settings, error)
	ChangeSettings(ctx context.Context, u id.User, c push.SettingsChange) (push.Settings, error)
}

// What is asked.
type (
	newPush struct {
		Kind     string   `json:"kind" enum:"web,apns,fcm" doc:"A browser, or a phone of Apple's or Google's."`
		Endpoint *string  `json:"endpoint,omitempty" format:"uri" maxLength:"2048" doc:"Of web: PushSubscription.endpoint."`
		Keys     *newKeys `json:"keys,omitempty" doc:"Of web: those of PushSubscription.toJSON()."`
		Token    *string  `json:"token,omitempty" minLength:"1" maxLength:"4096" doc:"Of apns and fcm: as the system gave it to the app."`
	}
	newKeys struct {
		P256dh string `json:"p256dh" doc:"A public key on P-256, uncompressed, base64url."`
		Auth   string `json:"auth" doc:"16 bytes, base64url."`
	}
	pushChange struct {
		Show  *string   `json:"show,omitempty" enum:"all,sender,nothing" doc:"What a screen may show: who wrote and what, who wrote, or that there is something."`
		Quiet *newQuiet `json:"quiet,omitempty" doc:"When nothing is pushed; null: there is no such time."`

		never bool // quiet is null
	}
	newQuiet struct {
		From *int   `json:"from" minimum:"0" maximum:"1439" doc:"Minutes after midnight."`
		To   *int   `json:"to" minimum:"0" maximum:"1439" doc:"The first minute that is not quiet any more. Before from: on the next day."`
		Zone string `json:"zone" minLength:"1" doc:"Whose midnight: an IANA zone, such as Europe/Berlin."`
	}
)

// What is answered.
type (
	pushKey struct {
		Key string `json:"key" doc:"What a browser subscribes with: applicationServerKey, base64url. It stays the same."`
	}
	pushSettings struct {
		Show  string     `json:"show" enum:"all,sender,nothing" doc:"What a screen may show: who wrote and what, who wrote, or that there is something."`
		Quiet *pushQuiet `json:"quiet" doc:"When nothing is pushed; null: there is no such time."`
	}
	pushQuiet struct {
		From int    `json:"from" doc:"Minutes after midnight."`
		To   int    `json:"to" doc:"The first minute that is not quiet any more. Before from: on the next day."`
		Zone string `json:"zone" doc:"Whose midnight."`
	}
)

// read tells an absent quiet from one that is null.
func (p *pushChange) read(raw []byte) error {
	rest, never, err := withoutNull(raw, "quiet")
	if err != nil {
		return err
	}
	*p, err = wire.Decode[pushChange](rest)
	p.never = never
	return err
}

// withoutNull takes a member out of an object if it is null: one of the few nulls
// that mean something in a request.
func withoutNull(raw []byte, member string) (rest []byte, was bool, err error) {
	var members map[string]jsontext.Value
	if json.Unmarshal(raw, &members) != nil || string(members[member]) != "null" {
		return raw, false, nil
	}
	delete(members, member)
	if rest, err = json.Marshal(members); err != nil {
		return nil, false, fault.BadRequest
	}
	return rest, true, nil
}

// subscription is what a device asks for. What its kind does not have, and what it
// lacks, is refused by the service.
func (p *newPush) subscription() push.Subscription {
	sub := push.Subscription{Kind: p.Kind}
	if p.Endpoint != nil {
		sub.Endpoint = *p.Endpoint
	}
	if p.Keys != nil {
		sub.Keys = push.Keys(*p.Keys)
	}
	if p.Token != nil {
		sub.Token = *p.Token
	}
	return sub
}

func (q *newQuiet) quiet() (*push.Quiet, error) {
	switch {
	case q == nil:
		return nil, nil
	case q.From == nil:
		return nil, fault.BadRequest.At("/quiet/from", "is missing")
	case q.To == nil:
		return nil, fault.BadRequest.At("/quiet/to", "is missing")
	}
	return &push.Quiet{From: *q.From, To: *q.To, Zone: q.Zone}, nil
}

func (s *server) getPushKey(ctx context.Context, _ *call, _ none) (pushKey, error) {
	key, err := s.push.PublicKey(ctx)
	return pushKey{key}, err
}

func (s *server) putPush(ctx context.Context, c *call, in newPush) (none, error) {
	return none{}, s.push.Subscribe(ctx, c.user, c.session.Device, in.subscription())
}

func (s *server) dropPush(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.push.Forget(ctx, c.user, c.session.Device)
}

func (s *server) getPushSettings(ctx context.Context, c *call, _ none) (pushSettings, error) {
	set, err := s.push.Settings(ctx, c.user)
	return shownSettings(set), err
}

func (s *server) changePushSettings(ctx context.Context, c *call, in pushChange) (pushSettings, error) {
	quiet, err := in.Quiet.quiet()
	if err != nil {
		return pushSettings{}, err
	}
	set, err := s.push.ChangeSettings(ctx, c.user, push.SettingsChange{Show: in.Show, Quiet: quiet, Always: in.never})
	return shownSettings(set), err
}

func shownSettings(set push.Settings) pushSettings {
	return pushSettings{set.Show, (*pushQuiet)(set.Quiet)}
}
