package client

import (
	stdjson "encoding/json"

	"github.com/go-json-experiment/json"
)

// A Body is what a message carries.
type Body interface {
	// encode gives the kind and the JSON, and whether that is exactly the form in
	// which the server will store it.
	encode() (kind string, body stdjson.RawMessage, exact bool, err error)
}

type (
	// Text is a written message.
	Text struct {
		Text     string   `json:"text"`
		Mentions []string `json:"mentions,omitzero"` // user ids, or "@all"
		ReplyTo  int64    `json:"reply_to,omitzero"` // position of the message it answers
	}
	// Location is a place.
	Location struct {
		Lat  float64 `json:"lat"` // degrees
		Lng  float64 `json:"lng"`
		Name string  `json:"name,omitzero"`
	}
	// ContactCard recommends a user.
	ContactCard struct {
		User string `json:"user"`
	}
	// RawBody is a body of a kind this package has no type for.
	RawBody struct {
		Kind string
		JSON stdjson.RawMessage
	}
)

func (b Text) encode() (string, stdjson.RawMessage, bool, error)     { return typed("text", b) }
func (b Location) encode() (string, stdjson.RawMessage, bool, error) { return typed("location", b) }

func (b ContactCard) encode() (string, stdjson.RawMessage, bool, error) { return typed("contact", b) }

func (b RawBody) encode() (string, stdjson.RawMessage, bool, error) {
	return b.Kind, b.JSON, false, nil
}

func typed(kind string, v any) (string, stdjson.RawMessage, bool, error) {
	body, err := json.Marshal(v)
	return kind, body, true, err
}
