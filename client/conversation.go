package client

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/wire"
)

// Settings are a user's own view of a conversation; nil leaves things as they are.
type Settings struct {
	Muted  *bool `json:"muted,omitzero"`
	Pinned *bool `json:"pinned,omitzero"`
	Hidden *bool `json:"hidden,omitzero"`
}

// OpenDirect is the id of the conversation with somebody.
func (a *API) OpenDirect(ctx context.Context, with string) (stream string, err error) {
	var r struct {
		Stream string `json:"stream"`
	}
	err = a.do(ctx, "POST", "/conversations", map[string]string{"with": with}, &r)
	return r.Stream, err
}

// Conversations are the user's conversations, without their entries.
func (a *API) Conversations(ctx context.Context) iter.Seq2[wire.Stream, error] {
	return all[wire.Stream](ctx, a, "/conversations")
}

// Conversation is one conversation.
func (a *API) Conversation(ctx context.Context, stream string) (wire.Conversation, error) {
	var c wire.Conversation
	err := a.do(ctx, "GET", "/conversations"+seg(stream), nil, &c)
	return c, err
}

// Configure changes the user's own view of a conversation.
func (a *API) Configure(ctx context.Context, stream string, set Settings) (wire.Conversation, error) {
	var c wire.Conversation
	err := a.do(ctx, "PATCH", "/conversations"+seg(stream), set, &c)
	return c, err
}

// Post sends a message over HTTP; the same ID again is harmless. With a live
// Client use its Send.
func (a *API) Post(ctx context.Context, m Message) (wire.Sent, error) {
	if m.Body == nil || m.Stream == "" {
		return wire.Sent{}, fmt.Errorf("client: a message over HTTP needs a body and a stream")
	}
	kind, body, _, err := m.Body.encode()
	if err != nil {
		return wire.Sent{}, err
	}
	if m.ID == "" {
		v7, err := uuid.NewV7()
		if err != nil {
			return wire.Sent{}, err
		}
		m.ID = v7.String()
	}
	var sent wire.Sent
	err = a.do(ctx, "POST", "/conversations"+seg(m.Stream)+"/messages", sendRequest{MessageID: m.ID, Kind: kind, Body: body}, &sent)
	return sent, err
}

// messages is a page of history over HTTP.
type messages struct {
	Items []wire.Entry `json:"items"`
	Head  int64        `json:"head"`
}

// History is the page of a conversation before a position (0: the newest), ascending.
func (a *API) History(ctx context.Context, stream string, before int64, limit int) (wire.Page, error) {
	query := "?limit=" + strconv.Itoa(limit)
	if before > 0 {
		query += "&before=" + strconv.FormatInt(before, 10)
	}
	return a.history(ctx, stream, query)
}

// HistoryAfter is the page of a conversation right after a position, ascending.
func (a *API) HistoryAfter(ctx context.Context, stream string, after int64, limit int) (wire.Page, error) {
	return a.history(ctx, stream, fmt.Sprintf("?limit=%d&after=%d", limit, after))
}

func (a *API) history(ctx context.Context, stream, query string) (wire.Page, error) {
	var m messages
	err := a.do(ctx, "GET", "/conversations"+seg(stream)+"/messages"+query, nil, &m)
	return wire.Page{Entries: m.Items, Head: m.Head}, err
}

// Read moves the user's read position to seq; it never moves back.
func (a *API) Read(ctx context.Context, stream string, seq int64) (wire.Position, error) {
	var p wire.Position
	err := a.do(ctx, "PUT", "/conversations"+seg(stream)+"/read", map[string]int64{"seq": seq}, &p)
	return p, err
}

// Recall takes a message back. It answers the position of the entry that says so.
func (a *API) Recall(ctx context.Context, stream string, seq int64) (int64, error) {
	var r struct {
		Seq int64 `json:"seq"`
	}
	err := a.do(ctx, "POST", fmt.Sprintf("/conversations%s/messages/%d/recall", seg(stream), seq), nil, &r)
	return r.Seq, err
}
