package gateway

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// hello signs the connection in. It listens before it reads, so that nothing is
// missed: to the user's topic before it asks who that is, to the groups' before
// their positions are read. What is heard meanwhile waits behind the reply.
func (s *session) hello(r wire.Request) {
	h, err := wire.Decode[wire.Hello](r.Data)
	if err != nil {
		s.refuse(r.ID, err)
		return
	}
	ctx, cancel := context.WithTimeout(s.gw.ctx, opWithin)
	defer cancel()
	welcome, code, err := s.signIn(ctx, h)
	if err != nil {
		s.unlisten()
		s.refuse(r.ID, err)
		if code != 0 {
			s.close(code)
		}
		return
	}
	s.welcome(textFrame(wire.Reply(r.ID, welcome), false))
}

// signIn finds out who it is and what they missed. A code beside an error says that the connection ends.
func (s *session) signIn(ctx context.Context, h wire.Hello) (w wire.Welcome, code int, err error) {
	user, ok := tokenUser(h.Token)
	if !ok {
		return w, wire.CloseSignedOut, fault.Unauthenticated
	}
	device, ok := id.ParseDevice(h.Device)
	if !ok {
		return w, 0, fault.BadRequest.At("/device", "is not the name of a device")
	}
	if err := s.listen(ctx, user); err != nil {
		return w, 0, fault.Unavailable
	}
	who, _, err := s.gw.accounts.Authenticate(ctx, h.Token)
	switch {
	case err == nil && who.User != user: // the token says otherwise
		return w, wire.CloseSignedOut, fault.Unauthenticated
	case errors.Is(err, fault.Unauthenticated), errors.Is(err, fault.TokenExpired): // one word for all that is not good
		return w, wire.CloseSignedOut, fault.Unauthenticated
	case errors.Is(err, fault.Forbidden):
		return w, wire.CloseSuspended, err
	case err != nil:
		return w, 0, err
	case who.Device != device:
		return w, 0, fault.BadRequest.At("/device", "is not the device of this sign-in")
	}
	if code := s.identify(who); code != 0 {
		return w, code, fault.Unauthenticated
	}
	if s.crowded() {
		return w, wire.CloseRateLimited, fault.RateLimited.Saying("Too many connections of this user.")
	}
	page, err := s.gw.chat.Resume(ctx, user, h.Cursors, func(groups []id.Stream) error { return s.listenTo(ctx, user, groups) })
	if err != nil {
		return w, 0, err
	}
	return wire.Welcome{
		User: string(user), Session: string(who.ID),
		ServerTime:  wire.Time{Time: s.gw.opt.Now()},
		HeartbeatMS: wire.Millis(s.gw.opt.Heartbeat),
		Limits:      s.gw.opt.Limits,
		Sync:        page,
	}, 0, nil
}

// tokenUser is whose token it claims to be. That is believed only for where to
// listen: a sign-out at this very moment must be heard.
func tokenUser(token string) (id.User, bool) {
	name, _, ok := strings.Cut(token, "~")
	if !ok {
		return "", false
	}
	u, ok := id.ParseUser(name)
	return id.User(strings.Clone(string(u))), ok // the token shall not stay in memory
}

// listen begins the greeting.
func (s *session) listen(ctx context.Context, u id.User) error {
	s.mu.Lock()
	s.greeting = &greeting{}
	s.mu.Unlock()
	return s.gw.topics.listen(ctx, func() { s.gw.hub.attach(s, u) }, bus.UserTopic(u))
}

func (s *session) listenTo(ctx context.Context, u id.User, groups []id.Stream) error {
	if len(groups) == 0 {
		return nil
	}
	topics := make([]bus.Topic, len(groups))
	for i, g := range groups {
		topics[i] = bus.GroupTopic(g)
	}
	return s.gw.topics.listen(ctx, func() {
		for _, g := range groups {
			s.gw.hub.join(s, u, g, true)
		}
	}, topics...)
}

// unlisten undoes a greeting that failed.
func (s *session) unlisten() {
	s.gw.hub.detach(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.greeting != nil {
		s.dropEvents()
		s.greeting = nil
	}
	s.id, s.lost, s.behind = "", false, 0
}

// identify notes whose connection it is. A code says that the sign-in has ended
// since, or that the device has connected again.
func (s *session) identify(who account.Session) (code int) {
	conn, err := uuid.NewV7()
	if err != nil {
		return wire.CloseSignedOut // no random bits: nothing works any more
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id, s.conn = id.Session(strings.Clone(string(who.ID))), conn
	if s.greeting == nil { // closed meanwhile
		return wire.CloseGoingAway
	}
	s.greeting.device = id.Device(strings.Clone(string(who.Device)))
	for _, sig := range s.greeting.missed {
		if code := s.struck(sig); code != 0 {
			return code
		}
	}
	return 0
}

// crowded tells whether the user has as many connections on this node as they may,
// besides those of the same sign-in, which this one replaces.
func (s *session) crowded() bool {
	most := s.gw.opt.Limits.SessionsPerUser
	others := 0
	for _, o := range s.gw.hub.sessions(s.user) {
		o.mu.Lock()
		if o.phase == live && o.id != s.id {
			others++
		}
		o.mu.Unlock()
	}
	return most > 0 && others >= most
}

// welcome ends the greeting: the reply goes out, then what was heard meanwhile.
func (s *session) welcome(reply *frame) {
	s.mu.Lock()
	if s.phase != fresh {
		s.mu.Unlock()
		return
	}
	held, device := s.greeting.held, s.greeting.device
	for _, f := range held {
		s.lossy -= len(f.bytes)
	}
	s.greeting = nil
	s.phase = live
	s.arrive(device)
	s.pinged = s.gw.wheel.now()
	start := s.enqueue(append([]*frame{reply}, held...)...)
	u, mine, conn := s.user, s.id, s.conn
	s.mu.Unlock()

	s.greeted = true
	s.gw.stats.waiting.Add(-1)
	s.gw.stats.sessions.Add(1)
	s.gw.wheel.put(s, s.gw.wheel.now().add(s.gw.opt.Heartbeat))
	if start {
		s.gw.writers.push(s)
	}
	s.gw.bus.Publish(bus.UserTopic(u), bus.Message{
		Kind: bus.Signal,
		Body: wire.Signal{Live: &wire.Live{Session: mine, Connection: conn.String()}}.Encode(),
	})
}
