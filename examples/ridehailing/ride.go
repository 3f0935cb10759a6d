package main

import (
	"embed"
	"io/fs"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/app"
)

//go:embed page
var files embed.FS

const follow = "Your ride"

// states are what a ride goes through, in this order.
var states = []string{"ordered", "driver_on_the_way", "arrived", "done"}

// stateLabels are the same for people.
var stateLabels = map[string]string{
	"ordered": "Order received", "driver_on_the_way": "Driver on the way", "arrived": "Your car is here", "done": "You have arrived",
}

var program = app.Program{
	Name: "Swallow Rides", Category: "travel", Summary: "A car in a few minutes, and you see where it is.",
	Pages: pages(),
	Templates: []client.TemplateDraft{{
		Title: follow, Category: "travel", Scope: "progress", PagePattern: "/", ExpiresDays: 1,
		Params: []client.TemplateParam{
			{Key: "pickup", Label: "From", Type: "name", Role: "locked"},
			{Key: "to", Label: "To", Type: "name", Role: "locked"},
			{Key: "plate", Label: "Car", Type: "code", Role: "free"},
		},
		States: states, StateLabels: stateLabels,
		Edges: []client.TemplateEdge{
			{From: "ordered", To: "driver_on_the_way", Alert: true},
			{From: "driver_on_the_way", To: "arrived", Alert: true}, // the one that nobody wants to miss
			{From: "arrived", To: "done"},                           // shown, without a sound
		},
	}},
}

func pages() fs.FS {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // it is embedded
	}
	return page
}

// A ride is one order. Its number is the subject of the grant to follow it.
type ride struct {
	Number string `json:"number"`
	From   string `json:"from"`
	To     string `json:"to"`
	Plate  string `json:"plate"`
	Driver string `json:"driver"`
	Offer  offer  `json:"offer"` // what the page shows its client

	openid string

	mu      sync.Mutex
	state   int           // in states
	since   time.Time     // when it came there
	changed chan struct{} // closed with the next change
	follows bool          // somebody gave a grant
}

// An offer is an item of a sheet, as the page hands it to the client.
type offer struct {
	Template string        `json:"template"`
	Subject  string        `json:"subject"`
	Locked   client.Values `json:"locked"`
}

// at is where the ride is, and what is closed when it moves on.
func (r *ride) at() (state int, since time.Time, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state, r.since, r.changed
}

// move brings the ride to a state.
func (r *ride) move(state int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state, r.since = state, time.Now()
	close(r.changed)
	r.changed = make(chan struct{})
}

// followed tells whether this is the first grant for the ride.
func (r *ride) followed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := !r.follows
	r.follows = true
	return first
}
