package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/stage"
)

// onRoad is a stage on which a ride comes to its next state at green alone.
func onRoad(t *testing.T) (*stage.Stage, chan<- time.Time) {
	green := make(chan time.Time)
	s := stage.Set(t, func(ctx context.Context, args []string, out io.Writer) error {
		return run(ctx, args, out, func(time.Duration) <-chan time.Time { return green })
	})
	return s, green
}

// A ride that is followed is told of step by step; then it is over.
func TestRide(t *testing.T) {
	s, green := onRoad(t)
	alice, bob := s.Guest("alice"), s.Guest("bob")
	var r ride
	alice.Post("/rides", map[string]string{"from": "Harbour", "to": "Airport"}, &r)
	sheet := alice.Allows("/", client.Wish(r.Offer))
	if i := sheet.Items[0]; i.Locked["pickup"]["name"] != "Harbour" || i.Locked["to"]["name"] != "Airport" || i.Uses != 5 || len(i.Params) != 2 || i.Params[0].Label != "From" {
		t.Errorf("the sheet says %+v", i)
	}
	for n := 1; n < len(states); n++ {
		alice.Inbox(n) // told before the car moves on
		green <- time.Now()
	}
	var told []string
	for _, n := range alice.Inbox(4) {
		if p := n.Params; len(p) != 3 || p[0].Label != "From" || p[1].Label != "To" || p[2].Label != "Car" {
			t.Errorf("it is read as %+v", p)
		}
		if n.Title != follow || n.Page != "/?ride="+r.Number || n.Data["plate"]["code"] != r.Plate {
			t.Errorf("a notice is %+v", n)
		}
		told = append(told, fmt.Sprint(n.StateLabel, " ", n.Alert))
	}
	if got := fmt.Sprint(told); got != "[Order received true Driver on the way true Your car is here true You have arrived false]" {
		t.Errorf("the notices say %s", got)
	}
	s.Says(regexp.MustCompile(r.Number + `: told "done"`))
	if grants, err := client.Collect(alice.Grants(t.Context())); err != nil || len(grants) != 0 {
		t.Errorf("it may still send by %v, %v", grants, err)
	}
	var shown struct{ State string }
	if alice.Get("/rides/latest", &shown); shown.State != "done" {
		t.Errorf("the page shows %+v", shown)
	}
	var none *ride
	if bob.Get("/rides/latest", &none); none != nil {
		t.Errorf("bob is shown %+v", none)
	}
}

// A user who stops following is told nothing more, and the ride goes on.
func TestStopFollowing(t *testing.T) {
	s, green := onRoad(t)
	alice := s.Guest("alice")
	var r ride
	alice.Post("/rides", map[string]string{"from": "Harbour", "to": "Airport"}, &r)
	alice.Allows("/", client.Wish(r.Offer))
	first := alice.Inbox(1)[0]
	if err := alice.StopNotices(t.Context(), first.Notice); err != nil {
		t.Fatal(err)
	}
	for range len(states) - 1 {
		green <- time.Now()
	}
	s.Says(regexp.MustCompile(r.Number + ` is not followed any more: grant_closed`))
	s.Says(regexp.MustCompile(r.Number + ` is done`))
	alice.Inbox(1)
}
