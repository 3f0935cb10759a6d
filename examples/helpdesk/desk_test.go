package main

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/examples/internal/stage"
)

// Somebody writes, a machine and then a person answer, as often as they may; and
// again when the guest has written again.
func TestDesk(t *testing.T) {
	s := stage.Set(t, run)
	desk := s.Own + "/desk"
	alice := s.Guest("alice")
	if got := s.Fetch(desk); !strings.Contains(got, "Nobody has written yet") {
		t.Fatalf("the desk is\n%s", got)
	}
	alice.Writes("My kettle sings out of tune.")
	if got := alice.Chat(2); got[1] != heard {
		t.Fatalf("the chat is %q", got)
	}
	guest := s.Says(regexp.MustCompile(`(Guest \w+) was answered \(accepted, 4 left`))[1]
	say := func(text, key string) string {
		t.Helper()
		return s.Submit(desk, url.Values{"of": {guest}, "text": {text}, "key": {key}})
	}
	if got := s.Fetch(desk); !strings.Contains(got, "My kettle sings out of tune.") || !strings.Contains(got, "4 left") {
		t.Errorf("the desk is\n%s", got)
	}
	for n, key := range []string{"a", "b", "b", "c", "d"} { // one is sent twice, and is one
		if got := say("Answer "+key, key); strings.Contains(got, "refused") && strings.Contains(got, `role="alert"`) {
			t.Fatalf("answer %d: %s", n, got)
		}
	}
	if got := say("One more", "e"); !strings.Contains(got, "All five answers are spent") {
		t.Errorf("the sixth answer: %s", got)
	}
	if got := alice.Chat(6); !slices.Equal(got[2:], []string{"Answer a", "Answer b", "Answer c", "Answer d"}) {
		t.Errorf("the chat is %q", got)
	}
	alice.Writes("It was the water. Thank you!")
	s.Says(regexp.MustCompile(guest + ` writes: It was the water`))
	if got := say("You are welcome.", "f"); strings.Contains(got, `role="alert"`) || !strings.Contains(got, "4 left") {
		t.Errorf("after another message: %s", got)
	}
	if got := alice.Chat(8); got[7] != "You are welcome." {
		t.Errorf("the chat is %q", got)
	}
	alice.Inbox(0) // answers are a conversation, not notices
}

// Nobody but this machine's own page writes at the desk.
func TestDeskIsInside(t *testing.T) {
	s := stage.Set(t, run)
	for name, change := range map[string]func(*http.Request){
		"another site":   func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"a page of ours": func(r *http.Request) { r.Header.Set("Origin", "null") },
		"another name":   func(r *http.Request) { r.Host = "evil.example:80" },
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.Own+"/desk", strings.NewReader("of=x&text=y&key=z"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(r)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 403 {
			t.Errorf("%s: %d", name, answer.StatusCode)
		}
	}
}
