package client

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/wire"
)

// A Message is what somebody wants to send: into a stream, or to a user.
type Message struct {
	ID     string // UUIDv7; made if empty. The same id is never stored twice.
	Stream string
	To     string // a user id, instead of Stream
	Body   Body
}

// Send puts a message into the outbox and waits until it is durable or refused
// (*Error). The outbox brings it to the server however often the connection is
// lost, in the order in which messages to one conversation were sent. When ctx
// ends, Send stops waiting and the message stays in the outbox; an Unsent event
// tells if it is refused then.
func (c *Client) Send(ctx context.Context, m Message) (wire.Sent, error) {
	p, answer, err := c.enqueue(m, true)
	if err != nil {
		return wire.Sent{}, err
	}
	select {
	case a := <-answer:
		return a.sent, a.err
	case <-ctx.Done():
		c.mu.Lock()
		p.waiters = slices.DeleteFunc(p.waiters, func(w chan outcome) bool { return w == answer })
		c.mu.Unlock()
		return wire.Sent{}, ctx.Err()
	}
}

// Post is Send without waiting. It returns the message's id: the entry with that
// id says that it is stored, an Unsent event that it was refused.
func (c *Client) Post(m Message) (id string, err error) {
	p, _, err := c.enqueue(m, false)
	if err != nil {
		return "", err
	}
	return p.ID, nil
}

// Flush waits until the outbox is empty.
func (c *Client) Flush(ctx context.Context) error {
	c.mu.Lock()
	if len(c.out.items) == 0 {
		c.mu.Unlock()
		return nil
	}
	empty := make(chan struct{})
	c.out.empty = append(c.out.empty, empty)
	c.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-c.done:
		return c.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) enqueue(m Message, wait bool) (*parcel, chan outcome, error) {
	if m.Body == nil || (m.Stream == "") == (m.To == "") {
		return nil, nil, errors.New("client: a message needs a body and either a stream or a user")
	}
	kind, body, exact, err := m.Body.encode()
	if err != nil {
		return nil, nil, err
	}
	if m.ID == "" {
		v7, err := uuid.NewV7()
		if err != nil {
			return nil, nil, err
		}
		m.ID = v7.String()
	}
	o := Outgoing{ID: m.ID, Stream: m.Stream, To: m.To, Kind: kind, Body: body}

	c.sending.Lock()
	defer c.sending.Unlock()
	c.mu.Lock()
	_, there := c.out.items[o.ID]
	full, err := len(c.out.items) >= c.out.most, c.err
	c.mu.Unlock()
	switch {
	case err != nil:
		return nil, nil, err
	case full && !there:
		return nil, nil, ErrOutboxFull
	}
	if !there {
		if err := c.opt.Journal.Queue(o); err != nil {
			c.fail(err)
			return nil, nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, nil, c.err
	}
	p, err := c.out.add(o, exact)
	if err != nil {
		return nil, nil, err
	}
	answer := make(chan outcome, 1)
	if wait {
		p.waiters = append(p.waiters, answer)
	}
	wake(c.pump)
	return p, answer, nil
}

type sendRequest struct {
	Stream    string             `json:"stream,omitzero"`
	To        string             `json:"to,omitzero"`
	MessageID string             `json:"message_id"`
	Kind      string             `json:"kind"`
	Body      stdjson.RawMessage `json:"body"`
}

// ship sends what the outbox holds for as long as the connection lives.
func (c *Client) ship(l *link) {
	for l.ctx.Err() == nil {
		c.settle()
		c.mu.Lock()
		p, wait := c.out.next(time.Now())
		c.mu.Unlock()
		if p != nil {
			req := sendRequest{p.Stream, p.To, p.ID, p.Kind, p.Body}
			if err := l.begin("send", req, func(d jsontext.Value, err error) { c.answered(p, d, err) }); err != nil {
				c.answered(p, nil, err)
			}
			continue
		}
		if wait == 0 {
			wait = time.Hour
		}
		timer := time.NewTimer(wait)
		select {
		case <-c.pump:
		case <-timer.C:
		case <-l.ctx.Done():
		}
		timer.Stop()
	}
}

// answered takes the reply to a send.
func (c *Client) answered(p *parcel, data jsontext.Value, err error) {
	if errors.Is(err, errLost) {
		return // the next connection sends it again
	}
	var sent wire.Sent
	if err == nil {
		err = json.Unmarshal(data, &sent)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer wake(c.pump)
	if refused, ok := errors.AsType[*Error](err); ok && refused.Temporary() {
		c.out.again(p, time.Now().Add(max(refused.Retry, c.opt.Backoff.bound(p.tries-1)/2)))
		return
	}
	waited := len(p.waiters) > 0
	if err == nil {
		c.stored(p, sent)
	}
	if !c.out.settle(p, outcome{sent, err}) {
		return
	}
	c.settled = append(c.settled, p.ID)
	if err != nil && !waited {
		c.queue.push(Unsent{p.Outgoing, err})
		wake(c.more)
	}
}

// stored counts an acknowledged message as an entry of its stream. Only one that
// was sent once and in the server's own form is known to the byte (a repeat may
// have been recalled meanwhile); any other is asked for. The caller holds mu.
func (c *Client) stored(p *parcel, sent wire.Sent) {
	if c.full() || !p.exact || p.tries > 1 {
		c.track.heard(sent.Stream, sent.Seq, time.Now())
	} else {
		c.track.live(wire.Entry{
			Stream: sent.Stream, Seq: sent.Seq, Count: sent.Count, ID: p.ID,
			Kind: p.Kind, From: c.welcome.User, At: sent.At, Body: p.Body,
		}, time.Now())
	}
	c.hand()
}

// settle tells the journal of messages it may forget.
func (c *Client) settle() {
	c.mu.Lock()
	settled := c.settled
	c.settled = nil
	c.mu.Unlock()
	for _, id := range settled {
		if err := c.opt.Journal.Settle(id); err != nil {
			c.fail(err)
			return
		}
	}
}
