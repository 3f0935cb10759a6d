// Package webhook tells apps' servers what happened: each event once over HTTP,
// signed as Standard Webhooks have it, retried with back-off for 24 hours,
// de-duplicated by its id, and replayable. It calls public addresses only.
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
	Failed    = "failed" // given up after 24 hours, or for an address that is not called
)

// A Delivery is one event on its way.
type Delivery struct {
	ID       id.Delivery `json:"id"`
	Type     string      `json:"type"`
	Status   string      `json:"status"`
	Attempts int         `json:"attempts"`
	At       time.Time   `json:"at"`              // when it happened
	Code     int         `json:"code,omitempty"`  // of the last answer
	Error    string      `json:"error,omitempty"` // why the last attempt failed
	Body     []byte      `json:"body"`            // as it is sent each time
}

// ErrURL is an address that is not called.
var ErrURL = fault.BadRequest.At("/url", "is no public http or https address")
