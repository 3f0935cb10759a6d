package bench

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/wire"
)

// A room is one conversation in which a script is replayed, with its people and
// their devices.
type room struct {
	*Replay
	c      *servers
	script *script
	rand   *rand.Rand
	people []string
	later  string // somebody who is put into the group half way; "" in a direct conversation
	stream string
	phones []*gadget // go off the air now and then
	tables []*gadget // stay, over bad lines; they do the talking
	tally  *tally
}

// replay plays the script and compares every device's log with the store's.
func (r *room) replay(ctx context.Context) error {
	defer r.off()
	if err := r.gather(ctx); err != nil {
		return err
	}
	said := 0
	for i, d := range r.script.dialogues {
		if r.later != "" && i == len(r.script.dialogues)/2 {
			if err := r.join(ctx); err != nil {
				return err
			}
		}
		for turn, text := range d {
			if err := r.wander(ctx); err != nil {
				return err
			}
			who := r.tables[turn%len(r.tables)]
			sent, err := who.c.Send(ctx, client.Message{Stream: r.stream, Body: client.Text{Text: text}})
			if err != nil {
				return fmt.Errorf("%s: %s says %.60q: %w", r.script.name, who.name, text, err)
			}
			said++
			r.tally.messages.Add(1)
			r.tally.bytes.Add(int64(len(text)))
			if turn%5 == 4 {
				if _, err := who.c.Read(ctx, r.stream, sent.Seq); err != nil {
					return err
				}
			}
		}
	}
	return r.compare(ctx)
}

// gather makes the conversation and puts everybody's devices on the air.
func (r *room) gather(ctx context.Context) error {
	for _, p := range r.people {
		if err := r.enter(ctx, p); err != nil {
			return err
		}
	}
	api, err := r.c.as(ctx, r.people[0])
	if err != nil {
		return err
	}
	if len(r.people) == 2 && r.later == "" {
		r.stream, err = api.OpenDirect(ctx, r.people[1])
		return err
	}
	if _, err := r.c.token(ctx, r.later); err != nil { // who never signed in cannot be put into a group
		return err
	}
	g, err := api.CreateGroup(ctx, r.script.name, r.people[1:]...)
	r.stream = g.Stream
	return err
}

// enter puts a person's devices on the air.
func (r *room) enter(ctx context.Context, person string) error {
	phone, err := r.c.gadget(ctx, person, "phone", nil, &r.tally.cuts)
	if err != nil {
		return err
	}
	table, err := r.c.gadget(ctx, person, "laptop", mostlyFew(rand.New(rand.NewPCG(r.rand.Uint64(), 0)), 1_000, 4_000_000), &r.tally.cuts)
	if err != nil {
		return err
	}
	r.phones, r.tables = append(r.phones, phone), append(r.tables, table)
	if err := phone.on(ctx, r.node()); err != nil {
		return err
	}
	return table.on(ctx, r.node())
}

// join puts the late member into the group.
func (r *room) join(ctx context.Context) error {
	api, err := r.c.as(ctx, r.people[0])
	if err != nil {
		return err
	}
	if _, err := api.AddMembers(ctx, r.stream, r.later); err != nil {
		return err
	}
	r.people = append(r.people, r.later)
	return r.enter(ctx, r.later)
}

// wander takes a phone off the air, or puts one back, on any node.
func (r *room) wander(ctx context.Context) error {
	if r.rand.IntN(4) > 0 {
		return nil
	}
	phone := r.phones[r.rand.IntN(len(r.phones))]
	if phone.c != nil {
		phone.off()
		r.tally.spells.Add(1)
		return nil
	}
	return phone.on(ctx, r.node())
}

func (r *room) node() *server { return r.c.nodes[r.rand.IntN(len(r.c.nodes))] }

func (r *room) off() {
	for _, g := range slices.Concat(r.phones, r.tables) {
		g.off()
	}
}

// compare brings every device up to date, adds one that was never there before,
// and holds each log against the store, and the store against the script.
func (r *room) compare(ctx context.Context) error {
	var said []string
	for _, d := range r.script.dialogues {
		said = append(said, d...)
	}
	for i, person := range r.people {
		late, err := r.c.gadget(ctx, person, "newcomer", nil, &r.tally.cuts)
		if err != nil {
			return err
		}
		defer late.off()
		for _, g := range []*gadget{r.phones[i], late} {
			if g.c == nil {
				if err := g.on(ctx, r.node()); err != nil {
					return err
				}
			}
		}
		stored, err := r.stored(ctx, person, late)
		if err != nil {
			return err
		}
		for _, g := range []*gadget{r.phones[i], r.tables[i], late} {
			if err := r.same(ctx, g, stored); err != nil {
				return err
			}
		}
		if i == 0 {
			if err := r.asWritten(stored[r.stream], said); err != nil {
				return err
			}
		}
	}
	return nil
}

// stored is what the store has of each stream for a person, read over HTTP where
// that is possible and over the WebSocket where not.
func (r *room) stored(ctx context.Context, person string, g *gadget) (map[string][]wire.Entry, error) {
	api, err := r.c.as(ctx, person)
	if err != nil {
		return nil, err
	}
	names := append(g.streams(), r.stream, "@contacts")
	slices.Sort(names)
	out := map[string][]wire.Entry{}
	for _, name := range slices.Compact(names) {
		read := api.HistoryAfter
		if name[0] == '@' {
			read = g.c.HistoryAfter
		}
		for after := int64(0); ; {
			page, err := read(ctx, name, after, 200)
			if client.CodeOf(err) == "not_found" && name[0] == '@' {
				break // nothing was ever written there
			}
			if err != nil {
				return nil, fmt.Errorf("%s as %s: %w", name, person, err)
			}
			out[name] = append(out[name], page.Entries...)
			if len(page.Entries) == 0 || page.Entries[len(page.Entries)-1].Seq >= page.Head {
				break
			}
			after = page.Entries[len(page.Entries)-1].Seq
		}
	}
	return out, nil
}

// same compares a device's logs with the store's, byte for byte.
func (r *room) same(ctx context.Context, g *gadget, stored map[string][]wire.Entry) error {
	for name, want := range stored {
		if len(want) == 0 {
			continue
		}
		if err := g.reach(ctx, name, want[len(want)-1].Seq); err != nil {
			return err
		}
		got := g.entries(name)
		for i := range max(len(got), len(want)) {
			var a, b []byte
			if i < len(got) {
				a, _ = got[i].MarshalJSON()
			}
			if i < len(want) {
				b, _ = want[i].MarshalJSON()
			}
			if !bytes.Equal(a, b) {
				return fmt.Errorf("%s: %s differs from the store at entry %d of %s:\n  device %.300s\n  store  %.300s", r.script.name, g.name, i+1, name, a, b)
			}
		}
		r.tally.entries.Add(int64(len(got)))
		r.tally.logs.Add(1)
	}
	for _, name := range g.streams() {
		if len(stored[name]) == 0 {
			return fmt.Errorf("%s: %s has entries of %s, which the store has not", r.script.name, g.name, name)
		}
	}
	r.tally.devices.Add(1)
	return nil
}

// asWritten compares the texts in the store with the script.
func (r *room) asWritten(stored []wire.Entry, said []string) error {
	i := 0
	for _, e := range stored {
		if e.Kind != "text" {
			continue
		}
		want, err := textBody(said, i)
		if err != nil || !bytes.Equal(e.Body, want) {
			return fmt.Errorf("%s: entry %d is %.200s, the script says %.200s", r.script.name, e.Seq, e.Body, want)
		}
		i++
	}
	if i != len(said) {
		return fmt.Errorf("%s: %d of %d utterances are in the store", r.script.name, i, len(said))
	}
	return nil
}
