package gateway

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// An op is one thing a client can ask for.
type op struct {
	run func(s *session, r wire.Request)
	// free ops need not wait for the messages that were sent before them.
	free bool
}

// The ops, in the order of the protocol's document.
var ops = map[string]op{
	"hello":   {run: secondHello},
	"sync":    {run: answer((*session).sync)},
	"send":    {run: (*session).sendMessage, free: true},
	"history": {run: answer((*session).history)},
	"read":    {run: answer((*session).read)},
	"typing":  {run: answer((*session).typing)},
	"watch":   {run: (*session).watch, free: true},
	"status":  {run: answer((*session).status), free: true},
	"ping":    {run: answer((*session).ping), free: true},
}

// opWithin bounds an op that waits for the store.
const opWithin = 15 * time.Second

// request handles one message of the client. wait: it must be tried again when
// the messages sent before are settled.
func (s *session) request(msg []byte) (wait bool) {
	if n, m, ok := wire.ParseSend(msg); ok && s.greeted {
		s.guard(wire.Request{ID: n, Op: "send"}, func(s *session, r wire.Request) { s.beginSend(r.ID, m) })
		return false
	}
	r, err := wire.ParseRequest(msg)
	switch {
	case err == wire.ErrNoRequest:
		s.close(wire.CloseProtocol)
	case !s.greeted && r.Op != "hello":
		s.close(wire.CloseProtocol)
	case err != nil:
		s.refuse(r.ID, err)
	case !s.greeted:
		gaps := s.gw.gaps.Load()
		s.guard(r, (*session).hello)
		if s.greeted && gaps != s.gw.gaps.Load() { // a signal may be missing that it should have heard
			s.gw.reviews.of(s.user)
		}
	default:
		o, ok := ops[r.Op]
		switch {
		case !ok:
			s.refuse(r.ID, fault.BadRequest.At("/op", "is not known"))
		case !o.free && s.unsettled():
			return true
		default:
			s.guard(r, o.run)
		}
	}
	return false
}

// guard carries out a request. One that meets a fault in the server is told so, and hurts nobody else.
func (s *session) guard(r wire.Request, run func(*session, wire.Request)) {
	defer func() {
		if p := recover(); p != nil {
			s.gw.stats.panics.Add(1)
			s.gw.opt.Log.Error().Str("op", r.Op).Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("request failed")
			s.send(textFrame(wire.ErrorReply(r.ID, fault.Internal), false))
		}
	}()
	run(s, r)
}

// refuse answers a request with an error.
func (s *session) refuse(n int64, err error) {
	s.send(textFrame(wire.ErrorReply(n, s.gw.fault(err)), false))
}

// answer makes an op of what takes a T and returns the data of the reply.
func answer[T any](do func(*session, context.Context, T) (any, error)) func(*session, wire.Request) {
	return func(s *session, r wire.Request) {
		data, err := wire.Decode[T](r.Data)
		if err != nil {
			s.refuse(r.ID, err)
			return
		}
		ctx, cancel := context.WithTimeout(s.gw.ctx, opWithin)
		defer cancel()
		reply, err := do(s, ctx, data)
		if err != nil {
			s.refuse(r.ID, err)
			return
		}
		s.send(textFrame(wire.Reply(r.ID, reply), false))
	}
}

func secondHello(s *session, r wire.Request) {
	s.refuse(r.ID, fault.BadRequest.Saying("This connection has said hello."))
}

func (s *session) sync(ctx context.Context, r wire.SyncRequest) (any, error) {
	return s.gw.chat.Sync(ctx, s.user, r)
}

func (s *session) history(ctx context.Context, r wire.History) (any, error) {
	return s.gw.chat.History(ctx, s.user, r)
}

func (s *session) read(ctx context.Context, r wire.Read) (any, error) {
	return s.gw.chat.Read(ctx, s.user, r)
}

func (s *session) ping(context.Context, wire.Ping) (any, error) {
	return wire.Pong{ServerTime: wire.Time{Time: s.gw.opt.Now()}}, nil
}

func (s *session) sendMessage(r wire.Request) {
	m, err := wire.Decode[wire.Send](r.Data)
	if err != nil {
		s.refuse(r.ID, err)
		return
	}
	s.beginSend(r.ID, m)
}

// beginSend begins a send and does not wait for it: the reply is queued when the
// message is durable.
func (s *session) beginSend(n int64, m wire.Send) {
	s.started()
	err := s.gw.chat.Begin(s.gw.ctx, chat.Draft{From: s.user, Send: m, Origin: stream.Origin(s.number)}, func(sent wire.Sent, err error) {
		if err != nil {
			s.unsent(n, err)
			return
		}
		s.settled(seal(sent.AppendReply(make([]byte, headerMost, headerMost+192), n), false))
	})
	if err != nil {
		s.unsent(n, err)
	}
}

func (s *session) unsent(n int64, err error) {
	s.settled(textFrame(wire.ErrorReply(n, s.gw.fault(err)), false))
}
