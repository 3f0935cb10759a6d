package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/client"
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

// A picture that an agent chose is in the conversation, with what they said to it;
// so is any other file. Nobody else can read them.
func TestDeskShows(t *testing.T) {
	s := stage.Set(t, run)
	alice, bob := s.Guest("alice"), s.Guest("bob")
	alice.Writes("How do I open the lid?")
	guest := s.Says(regexp.MustCompile(`(Guest \w+) was answered \(accepted, 4 left`))[1]
	var lid bytes.Buffer
	if err := png.Encode(&lid, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"of": {guest}, "text": {"Press here"}, "key": {"a"}}
	for range 2 { // pressed twice
		if got := s.Attach(s.Own+"/desk", form, "lid.png", lid.Bytes()); !strings.Contains(got, "[lid.png] Press here") || !strings.Contains(got, "3 left") {
			t.Fatalf("the desk is\n%s", got)
		}
	}
	s.Attach(s.Own+"/desk", url.Values{"of": {guest}, "text": {""}, "key": {"b"}}, "manual.txt", []byte("Read me."))
	said := alice.Said(4)
	var picture client.Image
	var manual client.File
	if err := errors.Join(json.Unmarshal(said[2].Body, &picture), json.Unmarshal(said[3].Body, &manual)); err != nil {
		t.Fatal(err)
	}
	if said[2].Kind != "image" || picture.Width != 40 || picture.Caption != "Press here" || said[3].Kind != "file" || manual.Name != "manual.txt" || len(said) != 4 {
		t.Errorf("the chat is %+v", said)
	}
	for media, want := range map[string][]byte{picture.Media: nil, manual.Media: []byte("Read me.")} {
		r, err := alice.Download(t.Context(), media, 0)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil || len(got) == 0 || want != nil && !bytes.Equal(got, want) {
			t.Errorf("alice reads %q, %v", got, err)
		}
		if _, err := bob.Download(t.Context(), media, 0); client.CodeOf(err) != "not_found" {
			t.Errorf("bob is told %v", err)
		}
	}
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
