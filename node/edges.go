package node

import (
	"bytes"
	"context"
	"errors"
	stdlog "log"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/api"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/gateway"
	"github.com/teahouse-im/teahouse/sandbox"
	"github.com/teahouse-im/teahouse/web"
)

// people is what the public listener answers: the API and its documents, the
// WebSocket, and the web client everywhere else.
func (n *Node) people(c *Config, x *Extras) http.Handler {
	now := x.now()
	limits := api.Limits{}
	if c.Limits == "on" {
		limits = api.DefaultLimits()
	}
	parts := api.Parts{
		Accounts: n.Accounts, Contacts: n.Contacts, Chat: n.Chat, Groups: n.Chat, Moments: n.Moments, Presence: n.Presence, Media: n.Media,
		Programs: n.Programs, Notices: n.Notices, Webhooks: n.Webhooks, Moderation: n.Moderation, Push: n.Push,
	}
	pages, box := web.Handler(), http.Handler(nil)
	if x.Sandbox {
		b := n.sandbox(x)
		parts.Notices, parts.Moderation = watchedGate{n.Notices, n.grants, b}, watchedAudit{n.Moderation, b}
		pages, box = web.Sandbox(), b
	}
	rest := api.New(parts, api.Options{
		Logger: x.Logger, Version: x.Version, Limits: limits,
		TrustedProxies: c.TrustedProxies, Origins: c.Origins, Metrics: n.metrics, Now: now,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/v1/ws":
			n.gateway.ServeHTTP(w, r)
		case strings.HasPrefix(path, "/v1/"), path == "/v1", path == "/openapi.json", path == "/asyncapi.json",
			path == "/docs", strings.HasPrefix(path, "/docs/"), strings.HasPrefix(path, "/m/"):
			rest.ServeHTTP(w, r)
		case box != nil && strings.HasPrefix(path, sandbox.Below):
			box.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

var errDraining = errors.New("draining")

// operators is what the operations listener answers.
func (n *Node) operators(c *Config, x *Extras) http.Handler {
	opt := api.OpsOptions{Logger: x.Logger, Version: x.Version, Token: c.OperatorToken, Hosts: c.OpsHosts, Now: time.Now}
	if x.Clock != nil {
		opt.Now = x.Clock.Now
		opt.Clock = n.advance(x)
	}
	return api.NewOps(api.OpsParts{
		Operators: n.Accounts,
		Tiers:     n.Programs,
		Checker:   checker{n.store},
		Checks: []api.Check{
			{Part: "node", Ready: func(context.Context) error {
				if n.draining.Load() {
					return errDraining
				}
				return nil
			}},
			{Part: "store", Ready: n.store.Ready},
			{Part: "bus", Ready: func(context.Context) error { return n.bus.Ready() }},
		},
		Stats:   n.stats,
		Metrics: n.metrics,
		Drain:   func() { close(n.drain) },
	}, opt)
}

// errorLog gives what net/http complains about to the log, where it is noise
// unless somebody looks for it.
func errorLog(log zerolog.Logger) *stdlog.Logger { return stdlog.New(complaints{log}, "", 0) }

type complaints struct{ log zerolog.Logger }

func (c complaints) Write(p []byte) (int, error) {
	c.log.Debug().Str("from", "http").Msg(string(bytes.TrimSpace(p)))
	return len(p), nil
}

// gatewayOptions are those of a configuration.
func gatewayOptions(c *Config, x *Extras, now func() time.Time) gateway.Options {
	opt := gateway.DefaultOptions()
	opt.Origins, opt.Heartbeat, opt.Now, opt.Log = c.Origins, c.Heartbeat, now, x.Logger
	opt.Portable = c.TLSCert != ""
	l := &opt.Limits
	l.TextBytes, l.GroupMembers, l.Friends, l.SessionsPerUser = c.TextBytes, c.GroupMembers, c.Friends, c.SessionsPerUser
	l.RecallMS, l.SendQueueBytes = c.RecallWindow.Milliseconds(), c.SendQueueBytes
	l.RecallFileMS = c.RecallWindowFiles.Milliseconds()
	post := feed.DefaultOptions()
	l.PostText, l.PostMedia, l.CommentText = post.TextRunes, post.Images, post.TextRunes
	l.MediaBytes, l.MediaPixels = c.MediaBytes, c.MediaPixels
	l.WatchUsers = 200
	l.FramesPerSecond, l.FramesBurst = c.FramesPerSecond, c.FramesBurst
	if c.Limits == "off" {
		l.FramesPerSecond, opt.ConnectsPerSecond = 0, 0
	}
	return opt
}

// stats are the gateway's counts, and those of pushes, as metrics.
func (n *Node) stats() []api.Stat {
	s := n.gateway.Stats()
	out := []api.Stat{
		{Name: "sessions", Help: "Live WebSocket sessions.", Value: float64(s.Sessions)},
		{Name: "connections_waiting", Help: "Connections that have not said hello yet.", Value: float64(s.Waiting)},
	}
	for _, c := range []struct {
		name, help string
		value      int64
	}{
		{"connections_accepted_total", "WebSocket connections accepted.", s.Accepted},
		{"connections_refused_total", "WebSocket connections refused before the upgrade.", s.Refused},
		{"frames_in_total", "Frames from clients.", s.FramesIn},
		{"frames_in_bytes_total", "Bytes of frames from clients.", s.BytesIn},
		{"frames_out_total", "Frames to clients.", s.FramesOut},
		{"frames_out_bytes_total", "Bytes of frames to clients.", s.BytesOut},
		{"socket_writes_total", "System calls that wrote frames; far fewer than frames under load.", s.Writes},
		{"events_dropped_total", "Events not written to clients that did not keep up.", s.Dropped},
		{"clients_behind_total", "How often a client began to fall behind.", s.Behind},
		{"request_panics_total", "Requests over WebSocket that failed on a fault of the server.", s.Panics},
	} {
		out = append(out, api.Stat{Name: c.name, Help: c.help, Value: float64(c.value), Total: true})
	}
	return append(out, n.pushStats()...)
}
