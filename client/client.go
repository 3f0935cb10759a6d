// Package client is the Go SDK of Teahouse. An API speaks HTTP: accounts,
// contacts, conversations, groups. A Client is one device's live session: it
// connects, comes back after every loss, and hands out every entry of every
// stream once and in order, whatever the network does in between. What is sent
// waits in an outbox until the server has answered, under an id that makes
// sending it again harmless.
//
// A session in a few lines:
//
//	api, err := client.NewAPI(client.Server{URL: "http://127.0.0.1:8080"})
//	who, err := api.SignIn(ctx, "alice", "secret password", "laptop")
//	c, err := client.Dial(ctx, client.Options{
//		Server: client.Server{URL: "http://127.0.0.1:8080"},
//		Token:  who.Token, Device: "laptop",
//	})
//	defer c.Close()
//	sent, err := c.Send(ctx, client.Message{To: "bob", Body: client.Text{Text: "Tea at four?"}})
//	for event := range c.Events(ctx) {
//		if e, ok := event.(client.NewEntry); ok {
//			fmt.Println(e.From, string(e.Body))
//		}
//	}
//
// It keeps no history: entries go to the application, and to its Journal if it
// gives one. Memory is bounded: who does not take events holds up nothing but
// themselves, and gets the missing entries from the server later.
package client

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

// Options of a Client. Server, Token and Device are needed.
type Options struct {
	Server
	Token  string // of a sign-in
	Device string // the one of that sign-in

	Journal Journal // what lasts from one run of the program to the next; default: nothing does
	// FromFloor makes a device read streams that are new to it from the first entry
	// its user may see. Otherwise it begins at their heads and finds what was before in History.
	FromFloor bool

	Backoff    Backoff       // between tries to connect
	Timeout    time.Duration // to connect and say hello, and of one write; default 15 s
	EventsMost int           // entries that wait for Next; default 1,024
	OutboxMost int           // messages that wait for the server; default 1,024
	FrameMost  int64         // bytes of one message from the server; default 64 MiB
}

func (o Options) withDefaults() (Options, error) {
	if o.Token == "" || o.Device == "" {
		return o, errors.New("client: token and device are needed")
	}
	if o.Journal == nil {
		o.Journal = forgetful{}
	}
	if o.Timeout <= 0 {
		o.Timeout = 15 * time.Second
	}
	if o.EventsMost <= 0 {
		o.EventsMost = 1024
	}
	if o.OutboxMost <= 0 {
		o.OutboxMost = 1024
	}
	if o.FrameMost <= 0 {
		o.FrameMost = 64 << 20
	}
	return o, nil
}

// A Client is a device's session. Its methods may be called from any goroutine.
type Client struct {
	opt  Options
	url  string
	http *http.Client

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   chan struct{} // closed when everything has ended

	sending sync.Mutex // keeps the journal's order of messages that of the outbox
	taking  sync.Mutex // one Next at a time
	wishing sync.Mutex // one wish at a time

	mu      sync.Mutex // guards what follows
	track   *tracker
	out     *outbox
	queue   queue
	stalled bool             // entries were left to be asked for because the queue was full
	resync  bool             // a sync is wanted
	link    *link            // nil while there is no session
	linked  chan struct{}    // closed when link is there, or everything has ended
	welcome wire.Welcome     // of the latest session
	settled []string         // messages the journal may forget
	wishes  map[string]*wish // by op; the latest of each
	err     error            // why it ended

	more chan struct{} // the queue has something
	tend chan struct{} // something to repair
	pump chan struct{} // something to send
	look chan struct{} // something is wished
}

// Open starts a session and returns at once; it connects by itself, now or when
// the network allows. It fails only for its options or its journal.
func Open(opt Options) (*Client, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	base, hc, err := opt.Server.open()
	if err != nil {
		return nil, err
	}
	saved, err := opt.Journal.Load()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Client{
		opt: opt, url: base + "/v1/ws", http: hc,
		ctx: ctx, cancel: cancel, done: make(chan struct{}),
		track:  newTracker(saved.Cursors, opt.FromFloor),
		out:    newOutbox(opt.OutboxMost),
		linked: make(chan struct{}),
		more:   make(chan struct{}, 1), tend: make(chan struct{}, 1), pump: make(chan struct{}, 1),
		look: make(chan struct{}, 1), wishes: map[string]*wish{},
	}
	for _, o := range saved.Outbox {
		c.out.restore(o)
	}
	go c.run()
	return c, nil
}

// Dial is Open that waits for the first session. A refusal ends it, and so does
// ctx; a server that cannot be reached is tried again until then.
func Dial(ctx context.Context, opt Options) (*Client, error) {
	c, err := Open(opt)
	if err != nil {
		return nil, err
	}
	if _, err := c.live(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close ends the session. What the outbox still holds stays in the journal.
func (c *Client) Close() error {
	c.cancel()
	<-c.done
	return nil
}

// Done is closed when the session has ended for good; Err tells why.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is why the session ended: ErrClosed, a *CloseError, an *Error that refused
// the sign-in, or what the journal said. It is nil before.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Welcome is what the server said when the latest session began: user, session,
// limits. It is empty before the first; its Sync is always.
func (c *Client) Welcome() wire.Welcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.welcome
}

// Cursor is the position up to which a stream's entries have been received;
// Next may not have returned all of them yet.
func (c *Client) Cursor(stream string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.track.places[stream]; p != nil {
		return p.cursor
	}
	return 0
}

// live waits for a session.
func (c *Client) live(ctx context.Context) (*link, error) {
	for {
		c.mu.Lock()
		l, err, linked := c.link, c.err, c.linked
		c.mu.Unlock()
		switch {
		case err != nil:
			return nil, err
		case l != nil:
			return l, nil
		}
		select {
		case <-linked:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// wake tells a goroutine that there may be something to do.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// forgetful is the Journal of who gives none.
type forgetful struct{}

func (forgetful) Load() (Saved, error)     { return Saved{}, nil }
func (forgetful) Keep(wire.Entry) error    { return nil }
func (forgetful) Move(string, int64) error { return nil }
func (forgetful) Queue(Outgoing) error     { return nil }
func (forgetful) Settle(string) error      { return nil }
