package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/stage"
)

// Every way to reach readers who did not ask is refused, and by the reason that the
// lesson gives.
func TestNoBroadcast(t *testing.T) {
	s := stage.Set(t, run)
	alice, bob := s.Guest("alice"), s.Guest("bob")
	if err := alice.FollowApp(t.Context(), s.App); err != nil {
		t.Fatal(err)
	}
	var tries []try
	alice.Get("/tries", &tries)
	want := []string{
		"403 recipient_not_accepted", "403 recipient_not_accepted", "400 bad_request", "403 recipient_not_accepted", "404 grant_invalid", "404 not_found",
		"405 method_not_allowed", "404 not_found", "403 wrong_principal", "403 wrong_principal", "403 wrong_principal", "403 wrong_principal",
	}
	for i, try := range tries {
		if got := fmt.Sprint(try.Status, " ", try.Code); i >= len(want) || got != want[i] {
			t.Errorf("%s: %s", try.Wish, got)
		}
	}
	if len(tries) != len(want) {
		t.Errorf("there are %d tries, want %d", len(tries), len(want))
	}
	alice.Inbox(0)
	bob.Inbox(0)
}

// Who asks for a digest gets one a day, however often it is sent.
func TestDigest(t *testing.T) {
	s := stage.Set(t, run)
	alice := s.Guest("alice")
	var offer client.Wish
	alice.Post("/offers", map[string]string{"topic": "Weather"}, &offer)
	alice.Allows("/", offer)
	n := alice.Inbox(1)[0]
	if n.Title != digest || n.Page != "/?topic=Weather" || n.Data["topic"]["enum"] != "Weather" || n.Data["stories"]["number"] != "1" {
		t.Errorf("the notice is %+v", n)
	}
	s.Says(regexp.MustCompile(`the digest of Weather was sent \(accepted\)`))
	if got := s.Submit(s.Own+"/newsroom", nil); !strings.Contains(got, "cadence: one a day") {
		t.Errorf("a second digest: %s", got)
	}
	alice.Inbox(1)
	s.Clock.Advance(24 * time.Hour)
	alice = s.Guest("alice") // her sign-in lasts an hour here
	if got := s.Submit(s.Own+"/newsroom", nil); strings.Count(got, "was sent (accepted)") != 2 {
		t.Errorf("on the next day: %s", got)
	}
	alice.Inbox(2)
	s.Guest("bob").Inbox(0)
}
