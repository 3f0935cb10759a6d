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
	// AppCard shows a page of a mini-program, in a message or a moment.
	AppCard struct {
		App   string `json:"app"`
		Title string `json:"title"`
		Page  string `json:"page"` // a path in it
	}
	// Image is a picture, by its upload. What uploads tell of themselves is stored
	// in place of what is said here.
	Image struct {
		Media   string `json:"media"`
		Width   int    `json:"width"` // pixels
		Height  int    `json:"height"`
		Caption string `json:"caption,omitzero"`
	}
	// Voice is a recording.
	Voice struct {
		Media      string `json:"media"`
		DurationMS int64  `json:"duration_ms"`
	}
	// Video is a film.
	Video struct {
		Media      string `json:"media"`
		DurationMS int64  `json:"duration_ms"`
		Width      int    `json:"width"` // pixels
		Height     int    `json:"height"`
	}
	// File is any other upload.
	File struct {
		Media string `json:"media"`
		Name  string `json:"name"`
		Size  int64  `json:"size"` // bytes
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

func (b AppCard) encode() (string, stdjson.RawMessage, bool, error) { return typed("app_card", b) }

func (b Image) encode() (string, stdjson.RawMessage, bool, error) { return retold("image", b) }
func (b Voice) encode() (string, stdjson.RawMessage, bool, error) { return retold("voice", b) }
func (b Video) encode() (string, stdjson.RawMessage, bool, error) { return retold("video", b) }
func (b File) encode() (string, stdjson.RawMessage, bool, error)  { return retold("file", b) }

func (b RawBody) encode() (string, stdjson.RawMessage, bool, error) {
	return b.Kind, b.JSON, false, nil
}

// retold is a body that the server stores in words of its own.
func retold(kind string, v any) (string, stdjson.RawMessage, bool, error) {
	body, err := json.Marshal(v)
	return kind, body, false, err
}

func typed(kind string, v any) (string, stdjson.RawMessage, bool, error) {
	body, err := json.Marshal(v)
	return kind, body, true, err
}
