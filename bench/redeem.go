package bench

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/teahouse-im/teahouse/client"
)

// Redeem measures notices: grants that users gave by tapping are redeemed over
// HTTP. Messages sent over HTTP by as many at once are what they are compared with.
type Redeem struct {
	Apps   int `default:"60" help:"Apps, each of a developer of its own: as many grants as people times apps, of five notices each."`
	People int `default:"200" help:"People, who all use all apps; at most 250, which is how many a developer may reach."`
	Flying int `default:"64" help:"Requests under way at once."`
}

// Run is the command.
func (s *Redeem) Run(c *Command) error { return c.run(s) }

func (s *Redeem) name() string { return "redeem" }

const (
	// eachTemplate is how many people one template is for: the first 50 get theirs at once.
	eachTemplate = 50
	// dwell is how long people look at a sheet; less than 400 ms would be a slip.
	dwell = 450 * time.Millisecond
	// rideSteps are the states of the template.
	rideSteps = 5
)

// A stall is an app that is measured with.
type stall struct {
	app       string
	api       *client.App
	templates []string
}

// A ride is a grant of rideSteps notices.
type ride struct {
	*stall
	handle, template string
}

// A bazaar is what one measurement works on.
type bazaar struct {
	*servers
	people    []string
	moderator string
	stalls    []*stall
	rides     []ride
}

func (s *Redeem) measure(ctx context.Context, l *lab) ([]Result, error) {
	if len(l.Addr) > 0 {
		return nil, errors.New("redeem starts its own servers: it needs a moderator")
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
	b := &bazaar{servers: c, people: l.people("u", min(s.People, 250)), moderator: l.people("m", 1)[0]}
	if err := b.set(ctx, l.sized(s.Apps, 4)); err != nil {
		return nil, err
	}
	if err := b.gather(ctx); err != nil {
		return nil, err
	}
	return s.compare(ctx, b)
}

// set makes apps with approved templates.
func (b *bazaar) set(ctx context.Context, apps int) error {
	l := b.lab
	developers := l.people("d", apps)
	if err := b.signInAll(ctx, append(append([]string{b.moderator}, developers...), b.people...)); err != nil {
		return err
	}
	if err := b.promote(ctx, b.moderator); err != nil {
		return err
	}
	l.say.step("making apps")
	b.stalls = make([]*stall, apps)
	return b.times(ctx, apps, func(i int) (err error) {
		b.stalls[i], err = b.stall(ctx, developers[i])
		return err
	})
}

// promote makes somebody a moderator, as an operator does.
func (b *bazaar) promote(ctx context.Context, person string) error {
	n := b.nodes[0]
	cmd := exec.CommandContext(ctx, b.lab.Server, "user", "role", person, "moderator", "--ops-listen", n.ops, "--data", strings.TrimSuffix(n.log, ".log"))
	cmd.Env = cleanEnv()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make a moderator: %w\n%s", err, out)
	}
	return nil
}

func (b *bazaar) stall(ctx context.Context, developer string) (*stall, error) {
	api, err := b.as(ctx, developer)
	if err != nil {
		return nil, err
	}
	made, err := api.CreateApp(ctx, "Rides of "+developer, "transport", "")
	if err != nil {
		return nil, err
	}
	s := &stall{app: made.App}
	if s.api, err = client.NewApp(client.Server{URL: "http://" + b.node(developer).addr}, made.App, made.Secret); err != nil {
		return nil, err
	}
	mo, err := b.as(ctx, b.moderator)
	if err != nil {
		return nil, err
	}
	for range (len(b.people) + eachTemplate - 1) / eachTemplate {
		t, err := s.api.Submit(ctx, rideTemplate())
		if err != nil {
			return nil, err
		}
		if _, err := mo.ReviewTemplate(ctx, t.Template, t.Version, true, "measured with"); err != nil {
			return nil, err
		}
		s.templates = append(s.templates, t.Template)
	}
	return s, nil
}

func step(i int) string { return "s" + strconv.Itoa(i) }

func rideTemplate() client.TemplateDraft {
	d := client.TemplateDraft{
		Title: "Your ride", Category: "transport", Scope: "progress", PagePattern: "/ride",
		Params: []client.TemplateParam{
			{Key: "order", Label: "Order", Type: "code", Role: "locked"},
			{Key: "status", Label: "Status", Type: "enum", Role: "free", Values: []string{"moved"}},
		},
	}
	for i := range rideSteps {
		d.States = append(d.States, step(i))
		if i > 0 {
			d.Edges = append(d.Edges, client.TemplateEdge{From: step(i - 1), To: step(i)})
		}
	}
	return d
}

// gather has everybody grant every app a ride, by taps and sheets like everybody's,
// and the apps fetch the handles.
func (b *bazaar) gather(ctx context.Context) error {
	l := b.lab
	n := len(b.stalls) * len(b.people)
	for from := 0; from < n; from += sheetsAtOnce {
		l.say.step(fmt.Sprintf("granting %d to %d of %d", from+1, min(from+sheetsAtOnce, n), n))
		sheets := make([]client.Sheet, min(sheetsAtOnce, n-from))
		if err := b.times(ctx, len(sheets), func(i int) (err error) {
			sheets[i], err = b.ask(ctx, from+i)
			return err
		}); err != nil {
			return err
		}
		if err := wait(ctx, dwell); err != nil {
			return err
		}
		if err := b.times(ctx, len(sheets), func(i int) error { return b.allow(ctx, from+i, sheets[i]) }); err != nil {
			return err
		}
	}
	l.say.step("fetching handles")
	for _, s := range b.stalls {
		if err := b.fetch(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// sheetsAtOnce is fewer than can be answered in the minute a sheet lives.
const sheetsAtOnce = 4000

// ask shows the sheet with which person i%people grants app i/people.
func (b *bazaar) ask(ctx context.Context, i int) (client.Sheet, error) {
	s, k := b.stalls[i/len(b.people)], i%len(b.people)
	api, err := b.as(ctx, b.people[k])
	if err != nil {
		return client.Sheet{}, err
	}
	tap, err := api.Tap(ctx, s.app, "/ride")
	if err != nil {
		return client.Sheet{}, err
	}
	return api.Ask(ctx, s.app, tap, client.Wish{
		Template: s.templates[k/eachTemplate], Subject: "r" + strconv.Itoa(k), Locked: client.Values{"order": {"code": "A" + strconv.Itoa(k)}},
	})
}

func (b *bazaar) allow(ctx context.Context, i int, sheet client.Sheet) error {
	api, err := b.as(ctx, b.people[i%len(b.people)])
	if err != nil {
		return err
	}
	return api.Decide(ctx, sheet, sheet.Items[0].Item)
}

// fetch waits for all grants of an app.
func (b *bazaar) fetch(ctx context.Context, s *stall) error {
	var all []client.HandedGrant
	after := ""
	for end := time.Now().Add(patience); len(all) < len(b.people); {
		more, next, err := s.api.Grants(ctx, after)
		if err != nil {
			return err
		}
		all, after = append(all, more...), next
		if time.Now().After(end) {
			return fmt.Errorf("%s was handed %d of %d grants", s.app, len(all), len(b.people))
		}
	}
	for _, g := range all {
		b.rides = append(b.rides, ride{s, g.Grant, g.Template})
	}
	return nil
}

// compare measures notices, then messages.
func (s *Redeem) compare(ctx context.Context, b *bazaar) ([]Result, error) {
	l := b.lab
	if err := b.calm(ctx); err != nil {
		return nil, err
	}
	order := make([]ride, len(b.rides)) // neighbours are of different apps
	for i := range order {
		order[(i%len(b.people))*len(b.stalls)+i/len(b.people)] = b.rides[i]
	}
	var taken atomic.Int64
	notices, took, err := b.loop(ctx, "redeem", s.Flying, func(ctx context.Context, _, n int) error {
		i := int(taken.Add(1)) - 1
		if i >= len(order)*rideSteps {
			return errSpent
		}
		return order[i%len(order)].send(ctx, i/len(order))
	})
	if err != nil {
		return nil, err
	}
	streams := make([]string, s.Flying)
	messages, _, err := b.loop(ctx, "redeem-messages", s.Flying, func(ctx context.Context, w, _ int) error {
		api, err := b.as(ctx, b.people[w%len(b.people)])
		if err == nil && streams[w] == "" {
			streams[w], err = api.OpenDirect(ctx, b.people[(w+1)%len(b.people)])
		}
		if err != nil {
			return err
		}
		_, err = api.Post(ctx, client.Message{Stream: streams[w], Body: client.Text{Text: padding[:l.Size]}})
		return err
	})
	if err != nil {
		return nil, err
	}
	r := l.result("redeem", len(order), len(b.nodes))
	r.add("per_s", float64(notices.count)/notices.seconds)
	r.cost(notices, "cpu_per_1k", 1000/float64(notices.count))
	r.latency("ack", took)
	if messages.cpu > 0 {
		r.add("cpu_of_messages", notices.cpu/float64(notices.count)/(messages.cpu/float64(messages.count)))
	}
	r.add("of_messages", float64(notices.count)/notices.seconds/(float64(messages.count)/messages.seconds))
	return []Result{*r}, nil
}

// errSpent ends a measurement early: nothing is left to redeem.
var errSpent = errors.New("every grant is spent")

// send sends the notice of a step.
func (r *ride) send(ctx context.Context, i int) error {
	got, err := r.api.Notify(ctx, client.NoticeDraft{
		Grant: r.handle, Template: r.template, Data: client.Values{"status": {"enum": "moved"}}, Page: "/ride", Key: r.handle[len(r.handle)-40:] + step(i), State: step(i),
	})
	if err == nil && got.Status != "accepted" {
		err = fmt.Errorf("a notice was %s", got.Status)
	}
	return err
}

// loop has workers do something again and again for the measured time, or until nothing is left.
func (b *bazaar) loop(ctx context.Context, name string, workers int, do func(ctx context.Context, worker, n int) error) (span, *hdrhistogram.Histogram, error) {
	l := b.lab
	l.say.step("measuring " + name)
	profiled := b.profile(l.Length, name)
	var wg sync.WaitGroup
	var done atomic.Int64
	failed := make(chan error, workers)
	took := make([]*hdrhistogram.Histogram, workers)
	before := b.use()
	for w := range workers {
		took[w] = newLatencies()
		wg.Go(func() {
			for n := 0; time.Since(before.at) < l.Length && ctx.Err() == nil; n++ {
				at := clock()
				if err := do(ctx, w, n); err != nil {
					failed <- err
					return
				}
				_ = took[w].RecordValue(max(1, (clock()-at)/1000))
				done.Add(1)
			}
		})
	}
	wg.Wait()
	sp := before.to(b.use())
	profiled()
	sp.count = done.Load()
	close(failed)
	for err := range failed {
		if !errors.Is(err, errSpent) {
			return sp, nil, err
		}
	}
	return sp, merged(took), ctx.Err()
}
