package chat_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestCloseLeavesNothingRunning(t *testing.T) {
	h := open(t, nil)
	before := goleak.IgnoreCurrent()
	s := h.service(h.store)
	h.befriend("ann", "bob")
	g, err := s.CreateGroup(h.ctx, "ann", "Tea", []string{"bob"})
	must(t, err)
	_, err = s.Conversation(h.ctx, "bob", g.Stream)
	must(t, err)
	s.Close()
	goleak.VerifyNone(t, before, goleak.IgnoreTopFunction("github.com/teahouse-im/teahouse/crew.(*Crew).hand")) // the sequencer has its own
}
