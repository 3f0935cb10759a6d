package main

import (
	"context"
	"crypto/rand"
	"embed"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/app"
)

//go:embed page desk.html desk.js
var files embed.FS

var program = app.Program{
	Name: "Kettle and Co Service", Category: "shopping", Summary: "Something wrong with your kettle? Write to us, a person answers.",
	Pages: pages(), // no templates: answers need none, and there is nothing else to send
}

func pages() fs.FS {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // it is embedded
	}
	return page
}

const heard = "Thank you, we have your message. Somebody at the desk answers soon."

// A matter is a window: a conversation with somebody of whom we know nothing but
// what they wrote. What we know of all of them would stand in a database.
type matter struct {
	Name   string // for us, to tell one from another
	window string // the handle
	Lines  []line
	Left   int // answers
	Until  time.Time

	known map[string]bool // messages, by their ids
}

type line struct {
	Ours bool
	Text string
	At   time.Time
}

// A desk is where answers are written.
type desk struct {
	app *app.App

	mu      sync.Mutex
	cases   map[string]*matter // by window
	order   []*matter
	uploads map[string]client.Medium // by the key of the answer that shows it
}

// hear is told when somebody writes. The event brings their latest messages, some
// of which we may know: each has an id.
func (d *desk) hear(ctx context.Context, e app.Event) error {
	if e.Type != app.WindowOpened {
		return nil
	}
	d.mu.Lock()
	m := d.cases[e.Data.Grant]
	if m == nil {
		m = &matter{Name: "Guest " + rand.Text()[:4], window: e.Data.Grant, known: map[string]bool{}}
		d.cases[e.Data.Grant] = m
		d.order = append(d.order, m)
	}
	m.Left, m.Until = e.Data.UsesLeft, e.Data.ExpiresAt.Time
	for _, written := range e.Data.Messages {
		if m.known[written.ID] {
			continue
		}
		m.known[written.ID] = true
		text := written.Body.Text
		if written.Kind != "text" {
			text = "(" + written.Kind + ")"
		}
		m.Lines = append(m.Lines, line{Text: text, At: written.At})
		d.app.Say("%s writes: %s", m.Name, text)
	}
	d.mu.Unlock()
	if !e.Data.First {
		return nil // answers are few: one is enough to say that we heard
	}
	// The key makes the greeting one, however often we are told of this window.
	return d.answer(ctx, m, heard, nil, "heard-"+e.ID)
}

// answer says something in a window, or shows it, and notes what is left in it.
func (d *desk) answer(ctx context.Context, m *matter, text string, at *attachment, key string) error {
	kind, body := "text", any(client.Text{Text: text})
	if at != nil {
		var err error
		if kind, body, err = d.show(ctx, at, text, key); err != nil {
			d.app.Say("%s cannot be shown %s: %v", m.Name, at.name, err)
			return err
		}
		text = strings.TrimSpace("[" + at.name + "] " + text)
	}
	sent, err := d.app.Reply(ctx, client.Answer{Window: m.window, Kind: kind, Body: body, Key: key})
	if err != nil {
		d.app.Say("%s cannot be answered: %v", m.Name, err)
		return err
	}
	d.app.Say("%s was answered (%s, %d left until %s)", m.Name, sent.Status, sent.UsesLeft, sent.ExpiresAt.Local().Format("2 Jan 15:04"))
	if sent.Replayed {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	m.Left, m.Until = sent.UsesLeft, sent.ExpiresAt.Time
	m.Lines = append(m.Lines, line{Ours: true, Text: text, At: time.Now()})
	return nil
}

// find is a matter by the name that it has at the desk.
func (d *desk) find(name string) *matter {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.IndexFunc(d.order, func(m *matter) bool { return m.Name == name }); i >= 0 {
		return d.order[i]
	}
	return nil
}
