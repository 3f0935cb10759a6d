package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/app"
)

var places = []string{"Central Station", "Harbour", "Old Market", "University", "Airport", "Botanical Garden"}

var drivers = []struct{ name, plate string }{{"Wen", "TH-4711"}, {"Amara", "TH-2098"}, {"Jonas", "TH-8316"}}

// minutes is what is left at each state, as far as the user cares.
var minutes = []int{6, 4, 0, 0}

// A dispatch is the company. What it knows would stand in a database.
type dispatch struct {
	app   *app.App
	pace  time.Duration
	after func(time.Duration) <-chan time.Time

	mu    sync.Mutex
	rides map[string]*ride
	order []*ride
}

func (d *dispatch) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /places", func(w http.ResponseWriter, _ *http.Request) { app.Answer(w, places) })
	mux.HandleFunc("POST /rides", d.app.For(d.take))
	mux.HandleFunc("GET /rides/latest", d.app.For(d.latest))
	return mux
}

// take takes an order, and has it driven whether or not anybody follows it.
func (d *dispatch) take(w http.ResponseWriter, req *http.Request, openid string) {
	var in struct{ From, To string }
	if !app.Read(w, req, &in) {
		return
	}
	if !slices.Contains(places, in.From) || !slices.Contains(places, in.To) || in.From == in.To {
		http.Error(w, "We do not drive there.", http.StatusBadRequest)
		return
	}
	number := "R-" + rand.Text()[:8]
	d.mu.Lock()
	driver := drivers[len(d.order)%len(drivers)]
	r := &ride{
		Number: number, From: in.From, To: in.To, Plate: driver.plate, Driver: driver.name, openid: openid, since: time.Now(), changed: make(chan struct{}),
		Offer: offer{d.app.Template(follow), number, client.Values{"pickup": {"name": in.From}, "to": {"name": in.To}}},
	}
	d.rides[number] = r
	d.order = append(d.order, r)
	d.mu.Unlock()
	d.app.Say("%s ordered: %s to %s, %s drives %s", number, r.From, r.To, r.Driver, r.Plate)
	d.app.Go(func(ctx context.Context) { d.drive(ctx, r) })
	d.show(w, r)
}

// drive takes a ride from state to state.
func (d *dispatch) drive(ctx context.Context, r *ride) {
	for state := 1; state < len(states); state++ {
		select {
		case <-d.after(d.pace):
		case <-ctx.Done():
			return
		}
		r.move(state)
		d.app.Say("%s is %s", r.Number, states[state])
	}
}

func (d *dispatch) latest(w http.ResponseWriter, _ *http.Request, openid string) {
	d.mu.Lock()
	i := len(d.order) - 1
	for ; i >= 0 && d.order[i].openid != openid; i-- {
	}
	var r *ride
	if i >= 0 {
		r = d.order[i]
	}
	d.mu.Unlock()
	if r == nil {
		app.Answer(w, nil)
		return
	}
	d.show(w, r)
}

// show answers a page with a ride as it is now.
func (d *dispatch) show(w http.ResponseWriter, r *ride) {
	state, since, _ := r.at()
	app.Answer(w, struct {
		*ride
		State   string  `json:"state"`
		Step    int     `json:"step"`
		Minutes int     `json:"minutes"`
		Part    float64 `json:"part"` // of this state that is over, from 0 to 1
	}{r, states[state], state, minutes[state], min(1, time.Since(since).Seconds()/max(d.pace, time.Millisecond).Seconds())})
}

// hear is told of what users allowed; perhaps twice, which changes nothing.
func (d *dispatch) hear(_ context.Context, e app.Event) error {
	if e.Type != app.GrantMinted {
		return nil
	}
	d.mu.Lock()
	r := d.rides[e.Data.Subject]
	d.mu.Unlock()
	switch {
	case r == nil:
		d.app.Say("a grant for %s, of which we know nothing (were we restarted?)", e.Data.Subject)
	case r.followed():
		d.app.Say("%s is followed", r.Number)
		d.app.Go(func(ctx context.Context) { d.tell(ctx, r, e.Data.HandedGrant) })
	}
	return nil
}

// tell sends a notice for each state, as the ride comes to it. The template's states
// are a way: no step can be left out, so what was missed is told first.
func (d *dispatch) tell(ctx context.Context, r *ride, g client.HandedGrant) {
	for state := 0; state < len(states); {
		now, _, changed := r.at()
		if state > now {
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
			continue
		}
		sent, err := d.app.Send(ctx, client.NoticeDraft{
			Grant: g.Grant, Template: g.Template, State: states[state], Page: "/?ride=" + r.Number, Key: r.Number + "-" + states[state],
			Data: client.Values{"plate": {"code": r.Plate}},
		})
		if err != nil { // grant_closed: they do not want to be told any more
			d.app.Say("%s is not followed any more: %v", r.Number, err)
			return
		}
		d.app.Say("%s: told %q (%s, alert %v, %d uses left)", r.Number, states[state], sent.Status, sent.Alert, sent.UsesLeft)
		state++
	}
}
