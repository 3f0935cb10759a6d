package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/client"
)

// Replay replays dialogues through SDK clients. Each file becomes a conversation:
// two people, or a group that somebody joins half way. Everybody has a laptop
// whose connections break at random bytes and a phone that is often away; at the
// end a third device appears. Then every device's log of every stream must equal
// the store's, byte for byte, and the store's texts the file's.
type Replay struct {
	File  string `arg:"" type:"path" help:"File of dialogues, or a folder of them: .yml (conversations: lists of utterances) or .jsonl (an array of utterances per line)."`
	Rooms int    `default:"8" help:"Conversations at a time."`
	Most  int    `placeholder:"N" help:"Utterances of each file at most; 0: all."`
	Seed  uint64 `help:"Makes the same people wander and the same lines break again; 0: another one each time."`
}

// Run is the command.
func (s *Replay) Run(c *Command) error { return c.run(s) }

func (s *Replay) name() string { return "replay" }

// A tally counts what happened in a replay.
type tally struct {
	messages, bytes, cuts, spells, devices, logs, entries atomic.Int64
}

// verdict says what was compared and how that came out.
func (t *tally) verdict(differences int) string {
	what := fmt.Sprintf("replay: %d messages; %d logs of %d devices compared with the store, %d entries in all: ",
		t.messages.Load(), t.logs.Load(), t.devices.Load(), t.entries.Load())
	if differences > 0 {
		return what + fmt.Sprintf("%d conversations failed", differences)
	}
	return what + "equal byte for byte"
}

func (s *Replay) measure(ctx context.Context, l *lab) ([]Result, error) {
	scripts, err := readScripts(s.File)
	if err != nil {
		return nil, err
	}
	seed := s.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	l.fresh()
	st, err := l.newStore(ctx)
	if err != nil {
		return nil, err
	}
	c, err := l.open(ctx, st, l.Nodes)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var t tally
	all := 0
	for _, script := range scripts {
		script.shorten(s.Most)
		all += script.utterances()
	}
	l.say.step("replaying")
	before := c.use()
	errs := s.play(ctx, c, scripts, seed, &t, all)
	sp := before.to(c.use())
	r := l.result("replay", len(scripts), len(c.nodes))
	for _, f := range []struct {
		key string
		n   *atomic.Int64
	}{
		{"messages", &t.messages},
		{"devices", &t.devices},
		{"logs", &t.logs},
		{"entries_compared", &t.entries},
		{"bytes_of_text", &t.bytes},
		{"connections_cut", &t.cuts},
		{"times_away", &t.spells},
	} {
		r.add(f.key, float64(f.n.Load()))
	}
	r.add("seconds", sp.seconds)
	for _, err := range errs {
		r.void("%v", err)
	}
	fmt.Println(t.verdict(len(errs)))
	if len(errs) > 0 {
		fmt.Fprintf(os.Stderr, "replay: differences; --seed %d repeats the choices made\n", seed)
	}
	return []Result{*r}, nil
}

// play replays the scripts, several at a time, and gives what was wrong.
func (s *Replay) play(ctx context.Context, c *servers, scripts []*script, seed uint64, t *tally, all int) (errs []error) {
	var wg sync.WaitGroup
	var next atomic.Int64
	var mu sync.Mutex
	for range max(1, min(s.Rooms, len(scripts))) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(scripts) {
					return
				}
				if err := s.room(c, scripts[i], i, seed, t).replay(ctx); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		wg.Wait()
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			if ctx.Err() != nil {
				errs = append(errs, errors.New("interrupted"))
			}
			return errs
		case <-tick.C:
			c.lab.say.note("%d of %d messages, %d connections cut", t.messages.Load(), all, t.cuts.Load())
		}
	}
}

// room readies the conversation for a script: every third is a group.
func (s *Replay) room(c *servers, script *script, i int, seed uint64, t *tally) *room {
	people := c.lab.people("t"+strconv.Itoa(i)+".", 4)
	r := &room{Replay: s, c: c, script: script, rand: rand.New(rand.NewPCG(seed, uint64(i))), tally: t}
	if i%3 == 2 {
		r.people, r.later = people[:3:3], people[3]
	} else {
		r.people = people[:2:2]
	}
	return r
}

// shorten leaves the first dialogues of a script, most utterances at most.
func (s *script) shorten(most int) {
	if most <= 0 {
		return
	}
	n := 0
	for i, d := range s.dialogues {
		if n+len(d) > most {
			s.dialogues[i] = d[:most-n]
			s.dialogues = s.dialogues[:i+1]
			return
		}
		n += len(d)
	}
}

// textBody is how an utterance stands in the store.
func textBody(said []string, i int) ([]byte, error) {
	if i >= len(said) {
		return nil, errors.New("nothing more was said")
	}
	return json.Marshal(client.Text{Text: said[i]})
}
