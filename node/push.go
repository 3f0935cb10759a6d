package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/api"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/push"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/stream"
)

// pushes puts together what wakes sleeping devices.
func (n *Node) pushes(c *Config, now func() time.Time) error {
	opt, err := c.push()
	if err != nil {
		return err
	}
	// Devices come and go in great numbers: some of what goes wrong tells enough.
	log := n.log.Sample(&zerolog.BurstSampler{Burst: 10, Period: time.Minute})
	opt.Now, opt.Wall = now, time.Now
	opt.Failed = func(err error) { log.Warn().Err(err).Msg("a device was not woken") }
	n.Push, err = push.NewService(n.store, push.Ports{
		Log: n.store, Desk: pushDesk{n.Chat}, Devices: pushDevices{n.Accounts, n.Presence}, Names: called{n.Accounts}, Apps: pushApps{n.Notices},
	}, opt)
	switch {
	case errors.Is(err, push.ErrSubject):
		return fmt.Errorf("--push-subject: %w", err)
	case err != nil: // it says whose key it is
		return fmt.Errorf("--push-apns-key, --push-fcm-credentials: %w", err)
	}
	n.closers = append(n.closers, closing(n.Push.Close))
	return nil
}

// push reads what of a configuration is about pushes.
func (c *Config) push() (push.Options, error) {
	opt := push.DefaultOptions()
	opt.Subject, opt.Allow = c.PushSubject, c.WebhookAllow
	if c.PushAPNsKey != "" {
		key, err := os.ReadFile(c.PushAPNsKey)
		if err != nil {
			return opt, fmt.Errorf("--push-apns-key: %w", err)
		}
		opt.APNs = &push.APNsOptions{Key: key, KeyID: c.PushAPNsKeyID, Team: c.PushAPNsTeam, Topic: c.PushAPNsTopic}
	}
	if c.PushFCMCredentials != "" {
		credentials, err := os.ReadFile(c.PushFCMCredentials)
		if err != nil {
			return opt, fmt.Errorf("--push-fcm-credentials: %w", err)
		}
		opt.FCM = &push.FCMOptions{Credentials: credentials}
	}
	return opt, nil
}

// pushDesk is conversations as package push has them.
type pushDesk struct{ *chat.Service }

func (d pushDesk) View(ctx context.Context, u id.User, s id.Stream) (push.View, error) {
	v, err := d.Service.View(ctx, u, s)
	return push.View(v), err
}

// pushDevices are sign-ins and sessions as package push has them.
type pushDevices struct {
	accounts *account.Service
	presence *presence.Service
}

func (d pushDevices) SignedIn(ctx context.Context, u id.User) ([]id.Device, error) {
	return d.accounts.Devices(ctx, u)
}

func (d pushDevices) Live(ctx context.Context, u id.User) ([]id.Device, error) {
	return d.presence.Live(ctx, u)
}

// pushApps are notices as package push has them.
type pushApps struct{ notices *notify.Service }

func (a pushApps) Silenced(ctx context.Context, u id.User, app id.App) (bool, error) {
	muted, blocked, err := a.notices.Muted(ctx, u, app)
	return muted || blocked, err
}

// told hears of every entry that was appended here.
func (n *Node) told(e stream.Entry) { n.Push.Entry(e) }

// hasRead hears how far people have read, here.
func (n *Node) hasRead(u id.User, s id.Stream, upTo id.Seq) { n.Push.Read(u, s, upTo) }

// signOutWithin bounds how long a sign-out waits for its device to be let go of.
// What is not done then is done before the next push.
const signOutWithin = 2 * time.Second

// ended has devices that were signed out woken no more, and their connections closed.
func (n *Node) ended(b bus.Bus) func(id.User, account.End) {
	hangUp := end(b)
	return func(u id.User, e account.End) {
		hangUp(u, e)
		ctx, cancel := context.WithTimeout(context.Background(), signOutWithin)
		defer cancel()
		if err := n.Push.SignedOut(ctx, u); err != nil {
			n.log.Warn().Err(err).Msg("a device that has signed out is let go of later")
		}
	}
}

// pushStats are counts of pushes as metrics.
func (n *Node) pushStats() (out []api.Stat) {
	c := n.Push.Counts()
	for _, s := range []struct {
		name, help string
		value      int64
	}{
		{"pushes_sent_total", "Pushes that a push service took.", c.Sent},
		{"pushes_failed_total", "Pushes given up.", c.Failed},
		{"pushes_dropped_total", "Pushes and streams dropped because too many waited.", c.Dropped},
		{"push_devices_removed_total", "Devices let go of: gone, or signed out.", c.Removed},
	} {
		out = append(out, api.Stat{Name: s.name, Help: s.help, Value: float64(s.value), Total: true})
	}
	return out
}
