package main

import (
	"context"
	"crypto/rand"
	"embed"
	"io/fs"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/app"
)

//go:embed page
var files embed.FS

const begins = "Your film begins"

var program = app.Program{
	Name: "Lantern Cinema", Category: "leisure", Summary: "Three films tonight. Pick your seat.",
	Pages: pages(),
	Templates: []client.TemplateDraft{{
		Title: begins, Category: "leisure", Scope: "once", PagePattern: "/",
		Params: []client.TemplateParam{
			// What the user sees on the sheet, and what cannot become another film later.
			{Key: "film", Label: "Film", Type: "name", Role: "locked"},
			{Key: "seat", Label: "Seat", Type: "code", Role: "locked"},
			{Key: "starts", Label: "Starts", Type: "time", Role: "locked"},
			// What is known only when it is sent.
			{Key: "doors", Label: "Doors", Type: "enum", Role: "free", Values: []string{"open now", "open in ten minutes"}},
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

// films are tonight's. Rows are letters, seats numbers.
var films = []*film{
	{ID: "rain", Name: "The Rain Keeper", About: "A lighthouse, two sisters and one very long autumn.", Hall: "Hall 1", Starts: "19:45"},
	{ID: "moon", Name: "Moonlight Express", About: "The last night train, and everybody on it.", Hall: "Hall 2", Starts: "20:30"},
	{ID: "tea", Name: "Leaves of Spring", About: "A small farm learns to make great tea.", Hall: "Hall 1", Starts: "22:00"},
}

type film struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	About  string `json:"about"`
	Hall   string `json:"hall"`
	Starts string `json:"starts"`
}

// seats are those of every hall.
var seats = func() (all []string) {
	for _, row := range "ABCDEF" {
		for seat := range 8 {
			all = append(all, string(row)+string(rune('1'+seat)))
		}
	}
	return all
}()

// A ticket is a seat for a film. Its number is the subject of a grant: that is how
// we know, without a user's name in it, what a grant is about.
type ticket struct {
	Number string `json:"number"`
	Film   *film  `json:"film"`
	Seat   string `json:"seat"`
	State  string `json:"state"` // booked, waiting (somebody wants to be told), told
	Offer  offer  `json:"offer"` // what the page shows its client

	openid string
	begins time.Time
}

// An offer is an item of a sheet, as the page hands it to the client.
type offer struct {
	Template string        `json:"template"`
	Subject  string        `json:"subject"`
	Locked   client.Values `json:"locked"`
}

// A house is the cinema. What it knows would stand in a database.
type house struct {
	app   *app.App
	after time.Duration

	mu      sync.Mutex
	tickets []*ticket
}

func (h *house) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /films", h.programme)
	mux.HandleFunc("GET /tickets", h.app.For(h.mine))
	mux.HandleFunc("POST /tickets", h.app.For(h.book))
	return mux
}

// programme is for everybody.
func (h *house) programme(w http.ResponseWriter, _ *http.Request) {
	type show struct {
		*film
		Taken []string `json:"taken"`
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []show
	for _, f := range films {
		s := show{f, []string{"C4", "C5", "D2", "E7"}} // somebody was earlier
		for _, t := range h.tickets {
			if t.Film == f {
				s.Taken = append(s.Taken, t.Seat)
			}
		}
		all = append(all, s)
	}
	app.Answer(w, map[string]any{"films": all, "seats": seats})
}

func (h *house) mine(w http.ResponseWriter, _ *http.Request, openid string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	own := []*ticket{}
	for _, t := range h.tickets {
		if t.openid == openid {
			own = append(own, t)
		}
	}
	app.Answer(w, own)
}

func (h *house) book(w http.ResponseWriter, r *http.Request, openid string) {
	var in struct{ Film, Seat string }
	if !app.Read(w, r, &in) {
		return
	}
	i := slices.IndexFunc(films, func(f *film) bool { return f.ID == in.Film })
	if i < 0 || !slices.Contains(seats, in.Seat) {
		http.Error(w, "There is no such seat.", http.StatusNotFound)
		return
	}
	f, number := films[i], "L-"+rand.Text()[:8]
	t := &ticket{
		Number: number, Film: f, Seat: in.Seat, State: "booked", openid: openid, begins: time.Now().Add(h.after),
		Offer: offer{h.app.Template(begins), number, client.Values{"film": {"name": f.Name}, "seat": {"code": in.Seat}, "starts": {"time": f.Starts}}},
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if slices.ContainsFunc(h.tickets, func(o *ticket) bool { return o.Film == f && o.Seat == in.Seat }) {
		http.Error(w, "Somebody was faster. Pick another seat.", http.StatusConflict)
		return
	}
	h.tickets = append(h.tickets, t)
	h.app.Say("%s is booked: %s, seat %s", number, f.Name, in.Seat)
	app.Answer(w, t)
}

// hear is told of what users allowed. The same event may come twice: the key of the
// notice is the ticket's number, so what is sent twice is sent once.
func (h *house) hear(_ context.Context, e app.Event) error {
	if e.Type != app.GrantMinted {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.tickets, func(t *ticket) bool { return t.Number == e.Data.Subject })
	if i < 0 {
		h.app.Say("a grant for %s, of which we know nothing (were we restarted?)", e.Data.Subject)
		return nil
	}
	t := h.tickets[i]
	if t.State != "booked" {
		return nil
	}
	t.State = "waiting"
	h.app.Say("%s wants to be told when it begins", t.Number)
	h.app.Go(func(ctx context.Context) { h.tell(ctx, t, e.Data.HandedGrant) })
	return nil
}

// tell spends the grant when the time has come.
func (h *house) tell(ctx context.Context, t *ticket, g client.HandedGrant) {
	select {
	case <-time.After(time.Until(t.begins)):
	case <-ctx.Done():
		return
	}
	sent, err := h.app.Send(ctx, client.NoticeDraft{
		Grant: g.Grant, Template: g.Template, Page: "/?ticket=" + t.Number, Key: t.Number,
		Data: client.Values{"doors": {"enum": "open now"}},
	})
	if err != nil {
		h.app.Say("%s could not be told: %v", t.Number, err)
		return
	}
	h.app.Say("%s was told (%s, %d uses left)", t.Number, sent.Status, sent.UsesLeft)
	h.mu.Lock()
	defer h.mu.Unlock()
	t.State = "told"
}
