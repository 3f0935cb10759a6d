// Package bus carries messages between the parts of a server and between its
// nodes. It is a bell, not a store: a message may be lost, and whoever depends
// on one reads the store when told of a Gap. In one process it is a function
// call (NewMemory); between nodes it is Redis pub/sub (package bus/redis).
package bus

import (
	"context"

	"github.com/teahouse-im/teahouse/id"
)

// Topic is what a message is about and what nodes subscribe to.
type Topic string

// UserTopic carries what concerns one user: personal streams, direct and
// service chats, read positions, sign-outs. A node that holds a session of u listens to it.
func UserTopic(u id.User) Topic { return Topic("user/" + string(u)) }

// GroupTopic carries the entries and the typing of a group. A node that holds a session of a member listens to it.
func GroupTopic(s id.Stream) Topic { return Topic("stream/" + string(s)) }

// PresenceTopic rings when u may be seen in another way than before. A node that holds a session watching u listens to it.
func PresenceTopic(u id.User) Topic { return Topic("presence/" + string(u)) }

// TopicsOf are the topics an entry of s is published on.
func TopicsOf(s id.Stream) []Topic {
	if a, b, ok := s.Pair(); ok {
		return []Topic{UserTopic(a), UserTopic(b)}
	}
	if owner, ok := s.Owner(); ok {
		return []Topic{UserTopic(owner)}
	}
	if u, _, ok := s.Served(); ok {
		return []Topic{UserTopic(u)}
	}
	if s.Kind() == id.Book {
		return nil
	}
	return []Topic{GroupTopic(s)}
}

// Kind says how a message is to be read.
type Kind byte

const (
	// Frame is a client frame, encoded once, to be written to every session that listens to the topic.
	Frame Kind = 'f'
	// Signal is from node to node; no client sees it.
	Signal Kind = 's'
)

// A Message is one ring of the bell. Nobody may change its Body.
type Message struct {
	Kind   Kind
	Origin uint64 // the connection on this node that caused it and needs no echo; 0 for none, and always 0 on other nodes
	Body   []byte
}

// A Listener is told what arrives. Its methods are called from several
// goroutines, must not block, and must not call the bus.
type Listener interface {
	// Heard gets a message of a topic the node subscribes to. Messages that one
	// node published on one topic come in its order.
	Heard(t Topic, m Message)
	// Gap says that messages of any topic may have been lost before now, and that new ones arrive again.
	Gap()
}

// Bus is how nodes hear of each other's news.
type Bus interface {
	// Publish hands a message to every subscriber of t: to this node's listener
	// before it returns, to other nodes soon. It never blocks; what cannot be
	// carried is dropped, and the others hear of a Gap when that is over.
	Publish(t Topic, m Message)
	// Subscribe returns when messages published from now on, on any node, arrive.
	// While the connection is away it returns without waiting: a Gap follows once
	// it is back. Subscribing twice counts once.
	Subscribe(ctx context.Context, topics ...Topic) error
	// Unsubscribe ends it; messages on their way may still arrive.
	Unsubscribe(topics ...Topic)
	// Ready tells whether messages reach other nodes at the moment, and if not, why.
	Ready() error
	// Close ends all of it. Nothing is heard after it returns.
	Close() error
}
