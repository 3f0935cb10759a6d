package bus_test

import (
	"slices"
	"testing"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/bus/bustest"
	"github.com/teahouse-im/teahouse/id"
)

func TestMemory(t *testing.T) {
	bustest.Run(t, func(_ *testing.T, l bus.Listener) bus.Bus { return bus.NewMemory(l) })
}

func TestTopics(t *testing.T) {
	group := id.NewGroup()
	for _, c := range []struct {
		stream id.Stream
		want   []bus.Topic
	}{
		{id.DirectStream("bob", "alice"), []bus.Topic{"user/alice", "user/bob"}},
		{id.PersonalStream(id.Contacts, "alice"), []bus.Topic{"user/alice"}},
		{group, []bus.Topic{"stream/" + bus.Topic(group)}},
	} {
		if got := bus.TopicsOf(c.stream); !slices.Equal(got, c.want) {
			t.Errorf("%s is published on %v, want %v", c.stream, got, c.want)
		}
	}
}
