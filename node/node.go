// Package node builds one server out of the parts: it opens the store and the
// bus, puts the domains between them and the edges, listens, and takes all of
// it down again without losing what was begun. It is the only place that knows
// every part; it has no behaviour of its own beyond their order.
package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/api"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/gateway"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/miniprogram"
	"github.com/teahouse-im/teahouse/moderation"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/notify/push"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/storage"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/webhook"
)

// Extras are what only some ways to run have.
type Extras struct {
	Logger  zerolog.Logger
	Version string
	Clock   *Clock // can be moved through the operations listener; nil: the real time, which cannot
	Sandbox bool   // anybody may sign in as the demo people, and sees what the gate does; it needs a Clock
}

// now is the domains' clock.
func (x *Extras) now() func() time.Time {
	if x.Clock != nil {
		return x.Clock.Now
	}
	return time.Now
}

// A Node is one running server.
type Node struct {
	URL string // where people connect, such as http://127.0.0.1:8080
	Ops string // where operators connect

	Accounts *account.Service
	Contacts *contact.Service
	Chat     *chat.Service
	Moments  *feed.Service
	Presence *presence.Service
	Media    *media.Service

	Programs   *miniprogram.Service
	Webhooks   *webhook.Service
	Notices    *notify.Service
	Moderation *moderation.Service
	Push       *push.Service

	grants  *grant.Book
	store   storage.Backend
	bus     bus.Bus
	seq     *stream.Sequencer
	gateway *gateway.Gateway
	metrics *api.Metrics
	log     zerolog.Logger
	within  time.Duration

	servers  []*http.Server
	draining atomic.Bool
	drain    chan struct{} // closed when an operator asks for a stop
	closers  []func() error
}

// Start runs a server until Stop. When it returns, connections are accepted.
func Start(ctx context.Context, c Config, x Extras) (*Node, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	n := &Node{log: x.Logger, within: c.DrainWithin, drain: make(chan struct{})}
	if err := n.start(ctx, &c, &x); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

func (n *Node) start(ctx context.Context, c *Config, x *Extras) (err error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if c.OperatorToken == "" {
		if c.OperatorToken, err = operatorToken(c.Data); err != nil {
			return err
		}
	}
	if err := n.assemble(ctx, c, x); err != nil {
		return err
	}
	return n.listen(c, x)
}

// assemble opens store and bus and puts the domains together.
func (n *Node) assemble(ctx context.Context, c *Config, x *Extras) (err error) {
	now := x.now()
	if n.store, err = OpenStore(ctx, c, x.Logger); err != nil {
		return err
	}
	n.closers = append(n.closers, n.store.Close)
	secret, err := grant.Secret(ctx, n.store)
	if err != nil {
		return err
	}
	n.gateway = gateway.New(gatewayOptions(c, x, now))
	if n.bus, err = openBus(c, ear{n.gateway, n}, x.Logger); err != nil {
		return err
	}
	n.closers = append(n.closers, n.bus.Close)
	n.seq = stream.NewSequencer(n.store, stream.Options{Announce: announce(n.bus, n.told), Now: now, Sealed: sealed})
	n.closers = append(n.closers, closing(n.seq.Close))

	if err := n.members(c, secret, now); err != nil {
		return err
	}
	blobs, err := openBlobs(ctx, c, n.store)
	if err != nil {
		return err
	}
	if err := n.uploads(c, blobs, now); err != nil {
		return err
	}
	n.timelines(now)
	if err := n.programs(ctx, c, blobs, secret, now); err != nil {
		return err
	}
	n.conversations(c, now)
	if err := n.around(c); err != nil {
		return err
	}
	if err := n.pushes(c, now); err != nil {
		return err
	}
	n.gateway.Serve(n.bus, n.Accounts, n.Chat)
	n.closers = append(n.closers, n.gateway.Close)
	n.runs(n.Accounts.Run) // each may find something to do at once, with all that is above
	n.runs(n.Moments.Run)
	n.runs(n.Media.Run)
	n.runs(n.Programs.Run)
	n.runs(n.Webhooks.Run)
	n.runs(n.grants.Run)
	n.runs(n.Notices.Run)
	return nil
}

// members puts together who people are and how they stand to each other.
func (n *Node) members(c *Config, secret []byte, now func() time.Time) (err error) {
	who := account.DefaultOptions()
	who.Now, who.SessionsPerUser, who.SessionLife, who.Throttle = now, c.SessionsPerUser, c.SessionLife, c.Limits == "on"
	who.Changed, who.Pictures, who.Erasure = seenAnew(n.bus), pictures{n}, n.erasure()
	if c.IdentityJWKS != "" {
		if who.Provider, err = account.NewProvider(c.IdentityJWKS, c.IdentityIssuer, c.IdentityAudience); err != nil {
			return fmt.Errorf("--identity-jwks: %w", err)
		}
	}
	n.Accounts = account.NewService(n.store, n.ended(n.bus), who)
	n.Contacts = contact.NewService(n.store, n.seq, n.Accounts, contact.Options{
		Now: now, Friends: c.Friends, Changed: tied(n.bus), Secret: secret,
		Befriended: func(ctx context.Context, a, b id.User) error { return n.Moments.Befriended(ctx, a, b) },
	})
	n.closers = append(n.closers, closing(n.Accounts.Close), closing(n.Contacts.Close))
	return nil
}

// conversations puts together what is said.
func (n *Node) conversations(c *Config, now func() time.Time) {
	talk := chat.DefaultOptions()
	talk.Strangers, talk.TextBytes, talk.GroupMembers = c.Strangers == "allow", c.TextBytes, c.GroupMembers
	talk.RecallWindow, talk.RecallWindowFiles, talk.Now, talk.Media = c.RecallWindow, c.RecallWindowFiles, now, chatMedia{n.Media}
	talk.Apps, talk.HasRead = chatApps{n, now}, n.hasRead
	n.Chat = chat.NewService(n.store, n.store, n.seq, n.bus, n.Accounts, n.Contacts, talk)
	n.closers = append(n.closers, closing(n.Chat.Close))
}

// listen opens both listeners and serves on them.
func (n *Node) listen(c *Config, x *Extras) error {
	n.metrics = api.NewMetrics(x.Version)
	people := n.people(c, x)
	scheme, config := "http", (*tls.Config)(nil)
	if c.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return fmt.Errorf("--tls-cert: %w", err)
		}
		scheme, config = "https", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	n.URL = scheme + "://" + l.Addr().String()
	if config != nil {
		l = tls.NewListener(l, config)
	}
	n.serve(l, people, answerPatience)
	l, err = net.Listen("tcp", c.OpsListen)
	if err != nil {
		return fmt.Errorf("--ops-listen: %w", err)
	}
	n.Ops = "http://" + l.Addr().String()
	n.serve(l, n.operators(c, x), 0) // a profile takes as long as it is asked to
	return nil
}

const (
	// headerPatience bounds how long a client may take for the head of a request.
	headerPatience = 10 * time.Second
	// answerPatience bounds how long a client of the public listener may take to
	// read the answer. A WebSocket is beyond it.
	answerPatience = 2 * time.Minute
)

func (n *Node) serve(l net.Listener, h http.Handler, answer time.Duration) {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerPatience, ReadTimeout: time.Minute, WriteTimeout: answer, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: errorLog(n.log),
	}
	n.servers = append(n.servers, s)
	n.closers = append(n.closers, s.Close)
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error().Err(err).Msg("a listener ended")
		}
	}()
}

// Draining is closed when an operator asks for a stop over the operations listener.
func (n *Node) Draining() <-chan struct{} { return n.drain }

// Stop says goodbye to every client, lets what was begun end, and takes the
// server down. It takes at most the configured time, or until ctx ends.
func (n *Node) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.within)
	defer cancel()
	n.draining.Store(true)
	n.gateway.Drain(ctx)
	var errs []error
	for _, s := range n.servers {
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) { // who takes longer is cut off
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, n.close())...)
}

// closing is a closer that cannot fail.
func closing(f func()) func() error { return func() error { f(); return nil } }

// close takes down what was put up, last first.
func (n *Node) close() error {
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		errs = append(errs, n.closers[i]())
	}
	n.closers = nil
	return errors.Join(errs...)
}
