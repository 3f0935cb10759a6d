package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/wire"
)

// What is asked.
type (
	newConversation struct {
		With string `json:"with" doc:"The other user, or an app."`
	}
	conversationChange struct {
		Muted  *bool `json:"muted,omitempty" doc:"Do not disturb me with it."`
		Pinned *bool `json:"pinned,omitempty" doc:"Show it first."`
		Hidden *bool `json:"hidden,omitempty" doc:"Leave it out of the list until something new is in it."`
	}
	newMessage struct {
		MessageID string          `json:"message_id" format:"uuid" doc:"A new UUIDv7, in lower case. The same again is the same message: repeat a send as often as you like."`
		Kind      string          `json:"kind" enum:"text,image,voice,video,file,location,contact,app_card" doc:"What the body is."`
		Body      json.RawMessage `json:"body" doc:"As the kind says."`
	}
	readPosition struct {
		Seq *int64 `json:"seq" minimum:"0" nullable:"false" doc:"The last entry that was read."`
	}
)

// What is answered.
type (
	conversationOpened struct {
		Stream string `json:"stream"`
	}
	messages struct {
		Items []wire.Entry `json:"items" doc:"Ascending."`
		Head  int64        `json:"head" doc:"The last position that is yours to read."`
	}
	recalled struct {
		Seq int64 `json:"seq" doc:"Where the stream says that it was recalled."`
	}
)

func (s *server) listConversations(ctx context.Context, c *call, _ none) (list[wire.Stream], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[wire.Stream]{}, err
	}
	items, next, err := s.chat.Conversations(ctx, c.user, cursor, limit)
	return listOf(items, next), err
}

func (s *server) openConversation(ctx context.Context, c *call, in newConversation) (conversationOpened, error) {
	stream, err := s.chat.OpenDirect(ctx, c.user, in.With)
	return conversationOpened{stream}, err
}

func (s *server) getConversation(ctx context.Context, c *call, _ none) (wire.Conversation, error) {
	return s.chat.Conversation(ctx, c.user, c.named("stream"))
}

func (s *server) changeConversation(ctx context.Context, c *call, in conversationChange) (wire.Conversation, error) {
	return s.chat.Configure(ctx, c.user, c.named("stream"), chat.SettingsChange(in))
}

func (s *server) listMessages(ctx context.Context, c *call, _ none) (messages, error) {
	h := wire.History{Stream: c.named("stream")}
	var err error
	for _, p := range []struct {
		param
		to **int64
	}{{before, &h.Before}, {after, &h.After}, {entryLimit, &h.Limit}} {
		if *p.to, err = c.number(p.param); err != nil {
			return messages{}, err
		}
	}
	page, err := s.chat.History(ctx, c.user, h)
	return messages{page.Entries, page.Head}, err
}

func (s *server) sendMessage(ctx context.Context, c *call, in newMessage) (wire.Sent, error) {
	sent, repeat, err := s.chat.Send(ctx, chat.Draft{From: c.user, Send: wire.Send{
		Stream: c.named("stream"), MessageID: in.MessageID, Kind: in.Kind, Body: in.Body,
	}})
	if repeat {
		c.status = http.StatusOK
	}
	return sent, err
}

func (s *server) readConversation(ctx context.Context, c *call, in readPosition) (wire.Position, error) {
	return s.chat.Read(ctx, c.user, wire.Read{Stream: c.named("stream"), Seq: in.Seq})
}

func (s *server) recallMessage(ctx context.Context, c *call, _ none) (recalled, error) {
	seq, err := c.seq()
	if err != nil {
		return recalled{}, err
	}
	at, err := s.chat.Recall(ctx, c.user, c.named("stream"), seq)
	return recalled{at}, err
}
