package account

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// An account ends in one durable step: it is marked gone, and work is owed for
// all that it has left elsewhere. From then on there is nobody of that name, and
// never will be: only the name and the time are kept, so that nobody else can come
// and be taken for who has left.

// A Trace is what a person leaves in one place.
type Trace struct {
	Name string // of the place; a short word
	// Erase takes it away. It can be called again at any time, also by several at
	// once, and goes on where it was interrupted.
	Erase func(ctx context.Context, u id.User) error
}

// Erasure is what Erase needs beside accounts.
type Erasure struct {
	Ledger ledger.Store // for what is owed
	// Leave does what has to hold when somebody is told that they have left: it is
	// quick, and may be called again.
	Leave  func(ctx context.Context, u id.User) error
	Traces []Trace
	Failed func(error) // hears of background work that failed and will be tried again
}

const (
	// erased is the queue of those who have left. Each stands there twice: at once,
	// and under a later time for what was on its way when they left.
	erased = "erased"
	// eraseGrace is how long the node that took the request may take, before others help.
	eraseGrace = 5 * time.Second
	// eraseAgain is longer than any request that was let in before takes.
	eraseAgain = 5 * time.Minute
	// eraseMost bounds one attempt at a trace: with thousands of friends and their
	// moments it takes a while.
	eraseMost = 30 * time.Minute

	leavingMost = 16          // that wait for Run; what finds no place is found by a sweep
	eraseEvery  = time.Second // between looks for what was left undone, by the real clock
	eraseAtOnce = 1024        // looked at at a time
	erasers     = 4           // at work
)

// gone tells whether there is nobody behind an account any more.
func (a *Account) gone() bool { return !a.Gone.IsZero() }

// find finds the account of somebody who is there. ErrUnknown.
func (s *Service) find(ctx context.Context, u id.User) (Account, error) {
	a, err := s.store.Account(ctx, u)
	if err == nil && a.gone() {
		a, err = Account{}, ErrUnknown
	}
	return a, err
}

// change changes the account of somebody who is there. ErrUnknown.
func (s *Service) change(ctx context.Context, u id.User, change func(*Account) error) (Account, error) {
	return s.store.ChangeAccount(ctx, u, func(a *Account) error {
		if a.gone() {
			return ErrUnknown
		}
		return change(a)
	})
}

// Erase ends u's account for good. When it returns, u is signed out everywhere,
// can sign in no more, and is to everybody like somebody who never was; what is
// left elsewhere goes soon after, on whichever node. Unauthenticated: u is gone already.
func (s *Service) Erase(ctx context.Context, u id.User) error {
	if _, err := s.find(ctx, u); err != nil {
		return departed(err)
	}
	now := s.now()
	due := ledger.Due{Queue: erased, At: now.Add(eraseGrace), ID: string(u)}
	if err := s.opt.Erasure.Ledger.Owe(ctx, due); err != nil {
		return fmt.Errorf("erase an account: %w", err)
	}
	_, err := s.change(ctx, u, func(a *Account) error {
		// The picture stays until it was let go of.
		*a = Account{User: u, Avatar: a.Avatar, Gone: now}
		return nil
	})
	if err != nil {
		return fmt.Errorf("erase an account: %w", departed(err))
	}
	// Whoever hangs up now has left all the same.
	ctx = context.WithoutCancel(ctx)
	if err := s.leave(ctx, u); err != nil {
		return fmt.Errorf("erase an account: %w", err)
	}
	select {
	case s.leaving <- due:
	default: // the sweep comes to it
	}
	return nil
}

// departed is what somebody is told who has left meanwhile, as by their tokens.
func departed(err error) error {
	if errors.Is(err, ErrUnknown) {
		return fault.Unauthenticated
	}
	return err
}

// leave does what holds when somebody has left. All sign-ins are no good since the
// account is gone.
func (s *Service) leave(ctx context.Context, u id.User) error {
	s.names.Invalidate(u)
	s.end(u, End{Code: closeSignedOut})
	s.opt.Changed(u)
	if s.opt.Erasure.Leave == nil {
		return nil
	}
	return s.opt.Erasure.Leave(ctx, u)
}

// Run erases what those who have left have left behind, here or on a node that has
// died. It returns when ctx ends and all it began is over.
func (s *Service) Run(ctx context.Context) {
	h := hands{slots: make(chan struct{}, erasers), at: map[string]bool{}}
	defer h.busy.Wait()
	tick := time.NewTicker(eraseEvery)
	defer tick.Stop()
	for ahead := eraseGrace; ; ahead = 0 { // what a process that has died began does not wait to be due
		dues, err := s.opt.Erasure.Ledger.Owed(ctx, erased, s.now().Add(ahead), eraseAtOnce)
		if err != nil {
			s.failed(ctx, err)
		}
		for _, due := range dues {
			h.take(ctx, due.ID, func() { s.work(ctx, due) })
		}
		select {
		case <-ctx.Done():
			return
		case due := <-s.leaving:
			h.take(ctx, due.ID, func() { s.work(ctx, due) })
		case <-tick.C:
		}
	}
}

// hands work at so many at a time, and at each only one.
type hands struct {
	slots chan struct{}
	busy  sync.WaitGroup

	mu sync.Mutex
	at map[string]bool
}

// take has something done, when a hand is free, unless one is at it.
func (h *hands) take(ctx context.Context, name string, do func()) {
	h.mu.Lock()
	taken := h.at[name]
	h.at[name] = true
	h.mu.Unlock()
	if taken {
		return
	}
	leave := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.at, name)
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		leave()
		return
	}
	h.busy.Go(func() {
		defer func() { <-h.slots }()
		defer leave()
		do()
	})
}

// work does what is owed for one who has left.
func (s *Service) work(ctx context.Context, due ledger.Due) {
	within, cancel := context.WithTimeout(ctx, eraseMost)
	defer cancel()
	settled, err := s.erase(within, due)
	if err == nil && settled {
		err = s.opt.Erasure.Ledger.Settled(within, due)
	}
	if err != nil {
		s.failed(ctx, fmt.Errorf("erase the account %s: %w", due.ID, err))
	}
}

func (s *Service) failed(ctx context.Context, err error) {
	if ctx.Err() == nil && s.opt.Erasure.Failed != nil {
		s.opt.Erasure.Failed(err)
	}
}

// erase takes away all traces, as far as it gets: what cannot be reached at present
// keeps nothing else from going.
func (s *Service) erase(ctx context.Context, due ledger.Due) (settled bool, err error) {
	u := id.User(due.ID)
	a, err := s.store.Account(ctx, u)
	switch {
	case err != nil && !errors.Is(err, ErrUnknown):
		return false, err
	case err != nil || !a.gone(): // it was never marked, or will be in a moment
		return s.now().Sub(due.At) > time.Minute, nil
	}
	if err := s.leave(ctx, u); err != nil {
		return false, err
	}
	var failed []error
	for _, t := range s.traces() {
		if err := t.Erase(ctx, u); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", t.Name, err))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return false, err
	}
	again := a.Gone.Add(eraseAgain)
	if due.At.Before(again) {
		err = s.opt.Erasure.Ledger.Owe(ctx, ledger.Due{Queue: erased, At: again, ID: due.ID})
	}
	return err == nil, err
}

// traces are those elsewhere, and the account's own.
func (s *Service) traces() []Trace {
	return append([]Trace{{"sign-ins", s.eraseSignIns}, {"picture", s.erasePicture}}, s.opt.Erasure.Traces...)
}

func (s *Service) eraseSignIns(ctx context.Context, u id.User) error {
	all, err := s.store.Sessions(ctx, u)
	if err != nil {
		return err
	}
	return s.drop(ctx, u, all)
}

// erasePicture has the picture of a profile go, unless something else shows it.
func (s *Service) erasePicture(ctx context.Context, u id.User) error {
	a, err := s.store.Account(ctx, u)
	if err != nil || a.Avatar == "" {
		return err
	}
	if s.opt.Pictures != nil {
		if err := s.opt.Pictures.Leave(ctx, a.Avatar); err != nil {
			return err
		}
	}
	_, err = s.store.ChangeAccount(ctx, u, func(a *Account) error {
		if !a.gone() {
			return fault.Conflict
		}
		a.Avatar = ""
		return nil
	})
	return err
}
