package feed

import (
	"context"
	"encoding/json"
	"time"

	"github.com/teahouse-im/teahouse/crew"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// ErrNotFriends is an audience that names somebody who is no friend.
var ErrNotFriends = fault.New("not_friends", "You are not friends.")

// Ties tells how people stand to each other. What was answered before is seen.
type Ties interface {
	// Ties are u's ties to others, in the order asked.
	Ties(ctx context.Context, u id.User, others []id.User) ([]Tie, error)
	// Standings are Ties without Mine and Theirs, for less.
	Standings(ctx context.Context, u id.User, others []id.User) ([]Tie, error)
	// Friends are all of u's friends, by User; their ties have no Theirs.
	Friends(ctx context.Context, u id.User) ([]Friend, error)
}

// Authors tells what people have set about their moments.
type Authors interface {
	// Authors are in the order asked. Whoever does not exist is Suspended.
	Authors(ctx context.Context, users []id.User) ([]Author, error)
}

// Library has the pictures and films that people have uploaded.
type Library interface {
	// Media finds u's own uploads, in the order asked; the zero Medium for what is none.
	Media(ctx context.Context, u id.User, media []id.Media) ([]Medium, error)
	// Carry notes that a post shows media. It may be noted.
	Carry(ctx context.Context, p id.Post, media []id.Media) error
	// Uncarry takes such notes back. They may be gone.
	Uncarry(ctx context.Context, p id.Post, media []id.Media) error
}

// Entries appends to streams; the sequencer is one.
type Entries interface {
	Append(ctx context.Context, s id.Stream, d stream.Draft) (stream.Receipt, error)
}

// Redacter takes the content out of entries; a stream.Log is one.
type Redacter interface {
	Redact(ctx context.Context, s id.Stream, seq id.Seq, kind stream.Kind, body json.RawMessage) error
}

// A Hint tells devices of to that a moment of author is waiting. It may be lost
// and must not block.
type Hint func(to, author id.User, p id.Post)

// Options of a Service.
type Options struct {
	Now           func() time.Time
	Wall          func() time.Time                    // the real time, also where Now can be moved
	TextRunes     int                                 // characters of a post, and of a comment
	Images        int                                 // in one post
	Mentions      int                                 // in one post
	Comments      int                                 // under one post
	AudienceUsers int                                 // people an audience names
	BackFill      int                                 // posts that new friends find of each other
	Courtesy      time.Duration                       // how long an answer waits for those to be told who hear of it
	SweepEvery    time.Duration                       // between looks for what was left undone
	SweepAfter    time.Duration                       // how old what was left undone is, before somebody else does it
	Apps          func(context.Context, id.App) error // tells whether there is such an app; fault.NotFound
	Failed        func(error)                         // hears of background work that failed and will be tried again
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{
		Now: time.Now, Wall: time.Now, TextRunes: 2000, Images: 9, Mentions: 50, Comments: 2000, AudienceUsers: 1000, BackFill: 50,
		Courtesy:   200 * time.Millisecond,
		Apps:       func(context.Context, id.App) error { return fault.NotFound },
		SweepEvery: 2 * time.Second, SweepAfter: 5 * time.Second, Failed: func(error) {},
	}
}

// Service is the one door to moments.
type Service struct {
	store   Store
	entries Entries
	log     Redacter
	ties    Ties
	authors Authors
	library Library
	hint    Hint
	opt     Options
	began   time.Time
	spreads chan struct{} // one for each post being spread
	desk    desk
}

// NewService puts the parts together. Run has to be called for what is left undone.
func NewService(store Store, entries Entries, log Redacter, ties Ties, authors Authors, library Library, hint Hint, opt Options) *Service {
	s := &Service{
		store: store, entries: entries, log: log, ties: ties, authors: authors, library: library, hint: hint, opt: opt,
		spreads: make(chan struct{}, spreadsMost),
	}
	s.began = s.now()
	s.desk.hands = crew.New(settlersIdle)
	return s
}

// Close waits for what was begun. Nothing may use the service any more.
func (s *Service) Close() { s.desk.hands.Close() }

// now is the service's clock in the precision in which times are kept.
func (s *Service) now() time.Time { return precise(s.opt.Now()) }

func precise(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
