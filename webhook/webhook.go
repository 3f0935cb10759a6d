// Package webhook tells apps' servers what happened: each event once over HTTP,
// signed as Standard Webhooks have it, retried with back-off for 24 hours,
// de-duplicated by its id, and replayable. It calls public addresses only.
//
// "Once" is as far as HTTP goes: a server whose answer was lost is told again,
// with the same webhook-id. An event that was emitted is not lost by the death of
// any node. Events of an app that has no endpoint are not kept.
package webhook

import (
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// An Endpoint is where an app wants its events.
type Endpoint struct {
	URL    string `json:"url"`
	Secret string `json:"secret"` // whsec_…
}

// Statuses of a delivery.
const (
	Pending   = "pending"
	Delivered = "delivered"
	Failed    = "failed" // given up after 24 hours, for an address that is not called, or because it answered 410
)

// A Delivery is one event on its way.
type Delivery struct {
	ID       id.Delivery `json:"id"`
	Type     string      `json:"type"`
	Status   string      `json:"status"`
	Attempts int         `json:"attempts"`
	At       time.Time   `json:"at"`             // when it happened
	Code     int         `json:"code,omitzero"`  // of the last answer
	Error    string      `json:"error,omitzero"` // why the last attempt failed
	Body     []byte      `json:"body"`           // as it is sent each time
}

// Bounds.
const (
	URLBytes = 2048
	// Kept is how long deliveries are listed and can be replayed; KeptMost how many of
	// an app, of those that are not on their way.
	Kept     = 7 * 24 * time.Hour
	KeptMost = 1000

	retriedFor = 24 * time.Hour
	callMost   = 10 * time.Second // for a whole call, in real time
	answerMost = 4 << 10          // bytes of an answer that are read
)

// backOff is how long after each failed attempt the next one comes; the last goes on.
var backOff = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// ErrURL is an address that is not called.
var ErrURL = fault.BadRequest.At("/url", "is no public http or https address")
