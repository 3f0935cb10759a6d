package feed_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// While somebody reads on every path, on another node, what they may see changes:
// from its answer on nobody is shown what was hidden, or missed what is shown.
func TestChangesHoldFromTheirAnswerOn(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { changesHold(t, embedded(t), 25) })
}

func TestChangesHoldFromTheirAnswerOnOnACluster(t *testing.T) { changesHold(t, cluster(t), 6) }

func changesHold(t *testing.T, store backend, rounds int) {
	h := openOn(t, store)
	h.befriend("ann", "bea", "cyd")
	h.befriend("bea", "cyd")
	opt := contact.DefaultOptions()
	opt.Now = h.clock
	far := &house{Service: h.node(store, h.seq, store), t: t, contacts: contact.NewService(store, h.seq, everybody{}, opt)}
	t.Cleanup(far.contacts.Close)
	p := h.post("ann", "x", forFriends)
	h.like("cyd", p)
	yes, no := true, false
	flips := []func(hide bool){
		func(hide bool) { far.block("ann", "bea", hide) },
		func(hide bool) { far.block("bea", "ann", hide) },
		func(hide bool) {
			far.change("ann", "bea", contact.FriendChange{HideMyMoments: pick(hide, &yes, &no)})
		},
		func(hide bool) {
			far.change("bea", "ann", contact.FriendChange{HideTheirMoments: pick(hide, &yes, &no)})
		},
		func(hide bool) {
			_, err := far.SetAudience(context.Background(), "ann", string(p), pick(hide, except([]id.User{"bea"}), forFriends))
			good(t, err)
		},
	}
	// state is how many changes there were, and -1 while there is one; after an even number it is seen.
	var state atomic.Int64
	var readers sync.WaitGroup
	stop := make(chan struct{})
	watch := func(what string, look func() (bool, error)) {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				before := state.Load()
				seen, err := look()
				if after := state.Load(); err != nil || before == after && before >= 0 && seen != (before%2 == 0) {
					t.Errorf("%s: after %d changes it is seen: %v, %v", what, before, seen, err)
					return
				}
			}
		})
	}
	watch("alone", func() (bool, error) {
		_, err := h.Get(context.Background(), "bea", string(p))
		if errors.Is(err, fault.NotFound) {
			return false, nil
		}
		return err == nil, err
	})
	for what, read := range map[string]func() ([]feed.Moment, string, error){
		"timeline": func() ([]feed.Moment, string, error) { return h.Timeline(context.Background(), "bea", "", 5) },
		"profile": func() ([]feed.Moment, string, error) {
			return h.Profile(context.Background(), "bea", "ann", "", 5)
		},
	} {
		watch(what, func() (bool, error) {
			page, _, err := read()
			return slices.Contains(ids(page), p), err
		})
	}
	changes := int64(0)
	for range rounds {
		for _, flip := range flips {
			for _, hide := range []bool{true, false} {
				state.Store(-1)
				flip(hide)
				changes++
				state.Store(changes)
				for range 3 { // reads that lie between two changes
					_, err := h.Get(t.Context(), "bea", string(p))
					if hide != errors.Is(err, fault.NotFound) {
						t.Errorf("right after change %d: %v", changes, err)
					}
				}
			}
		}
	}
	close(stop)
	readers.Wait()
	h.Settled()
	far.Settled()
}
