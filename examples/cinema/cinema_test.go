package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/stage"
)

// From a tap to one notice, and no other.
func TestCinema(t *testing.T) {
	s := stage.Set(t, run, "--begins", "0s")
	alice, bob := s.Guest("alice"), s.Guest("bob")
	var got ticket
	alice.Post("/tickets", map[string]string{"film": "moon", "seat": "B3"}, &got)
	var programme struct {
		Films []struct {
			ID    string
			Taken []string
		}
	}
	bob.Get("/films", &programme)
	if !strings.Contains(fmt.Sprint(programme), "{moon [C4 C5 D2 E7 B3]}") {
		t.Errorf("the programme is %v", programme)
	}
	var theirs []ticket
	if bob.Get("/tickets", &theirs); len(theirs) != 0 {
		t.Errorf("bob has %v", theirs)
	}
	sheet := alice.Allows("/", client.Wish(got.Offer))
	if i := sheet.Items[0]; i.AppName != "Lantern Cinema" || i.Locked["film"]["name"] != "Moonlight Express" || i.Uses != 1 {
		t.Errorf("the sheet says %+v", i)
	}
	n := alice.Inbox(1)[0]
	if n.Title != begins || n.Page != "/?ticket="+got.Number || n.Data["seat"]["code"] != "B3" || n.Data["doors"]["enum"] != "open now" {
		t.Errorf("the notice is %+v", n)
	}
	s.Says(regexp.MustCompile(got.Number + ` was told \(accepted, 0 uses left\)`))
	if grants, err := client.Collect(alice.Grants(t.Context())); err != nil || len(grants) != 0 {
		t.Errorf("it may still send by %v, %v", grants, err)
	}
	bob.Inbox(0)
}

func TestPages(t *testing.T) {
	s := stage.Set(t, run)
	at := s.URL + "/m/" + s.App + "/"
	for file, has := range map[string]string{"": "Lantern Cinema", "tea.css": "--own", "server.js": s.Own, "host.js": "postMessage", "cinema.js": "Tell me"} {
		if got := s.Fetch(at + file); !strings.Contains(got, has) {
			t.Errorf("%s is\n%s", file, got)
		}
	}
}
