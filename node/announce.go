package node

import (
	"strings"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// announce rings for entries that have become durable: each is encoded once,
// here, for every device in the cluster. Those who sleep are thought of afterwards.
func announce(b bus.Bus, told func(stream.Entry)) stream.Announce {
	return func(s id.Stream, news []stream.Appended) {
		topics := bus.TopicsOf(s)
		for _, n := range news {
			m := bus.Message{Kind: bus.Frame, Origin: uint64(n.Origin), Body: wire.EntryEvent(n.Entry)}
			for _, t := range topics {
				b.Publish(t, m)
			}
		}
		for _, n := range news {
			told(n.Entry)
		}
	}
}

// sealed tells which streams only the law's book writes.
func sealed(s id.Stream) bool { return strings.HasPrefix(string(s), id.Notices+"/") }

// end tells every node to close connections of a user.
func end(b bus.Bus) func(id.User, account.End) {
	return func(u id.User, e account.End) {
		sig := wire.Signal{End: &wire.End{Sessions: e.Sessions, Except: e.Except, Code: e.Code}}
		b.Publish(bus.UserTopic(u), bus.Message{Kind: bus.Signal, Body: sig.Encode()})
	}
}
