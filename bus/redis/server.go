package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/teahouse-im/teahouse/bus"
)

// Real time, as for every socket. A Redis that has stopped answering is noticed
// within about four seconds, and within one second that it is back.
const (
	dialTimeout  = 2 * time.Second
	writeTimeout = 2 * time.Second
	readTimeout  = 3 * time.Second // for the answer to what was published
	heartbeat    = time.Second
	quietMost    = 3 // heartbeats without any sign of life before Redis counts as gone
	silentMost   = 5 // the same for another node
	pauseLeast   = 50 * time.Millisecond
	pauseMost    = time.Second // between attempts to connect
)

// A server is where Redis is and what this installation's channels are called there.
type server struct {
	opt    redis.Options
	topics string // what the channels of topics begin with
	nodes  string // the channel on which nodes speak of themselves
}

// prefixForm leaves out what separates a prefix from what follows.
var prefixForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// parse reads the URL of New. Its errors do not repeat the URL, which may hold a password.
func parse(raw string) (*server, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the bus URL is malformed")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("the bus URL has malformed options")
	}
	for name := range query {
		if name != "prefix" && name != "db" && name != "skip_verify" {
			return nil, fmt.Errorf("the bus URL has an option that is not known: %q", name)
		}
	}
	prefix := query.Get("prefix")
	query.Del("prefix")
	u.RawQuery = query.Encode()
	opt, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, fmt.Errorf("the bus URL: %w", err)
	}
	if prefix == "" {
		prefix = "teahouse" + strconv.Itoa(opt.DB)
	}
	if !prefixForm.MatchString(prefix) {
		return nil, fmt.Errorf("the bus URL: a prefix is 1 to 64 letters, digits, '.', '_' and '-', not %q", prefix)
	}
	opt.Protocol = 2 // every server knows it, and pub/sub gains nothing from 3
	opt.MaxRetries = -1
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout = dialTimeout, readTimeout, writeTimeout
	opt.PoolSize, opt.PipelinePoolSize, opt.DialerRetries = 1, -1, 1
	opt.ConnMaxIdleTime, opt.ConnMaxLifetime = -1, -1
	opt.ReadBufferSize, opt.WriteBufferSize = 64<<10, 64<<10
	opt.ClientName = "teahouse"
	opt.DisableIdentity = true
	return &server{*opt, prefix + ":", prefix + "!nodes"}, nil
}

// Place reads the URL of New for others who keep something in the same Redis: how
// it is reached, and what their names there begin with.
func Place(url string) (opt redis.Options, prefix string, err error) {
	at, err := parse(url)
	if err != nil {
		return redis.Options{}, "", err
	}
	return at.opt, strings.TrimSuffix(at.topics, ":") + "!", nil
}

func (s *server) channel(t bus.Topic) string { return s.topics + string(t) }

func (s *server) topic(channel string) (bus.Topic, bool) {
	t, ok := strings.CutPrefix(channel, s.topics)
	return bus.Topic(t), ok
}

// A link is one connection for one life. The driver would connect again behind
// its owner's back; here it finds nobody to connect to, and the owner, who has to
// know what was lost, makes a new link.
type link struct {
	*redis.Client
	conn net.Conn
	stop func() bool
}

var errSpent = errors.New("the connection is gone")

// link connects. The connection ends with ctx.
func (s *server) link(ctx context.Context) (*link, error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	opt, spent := s.opt, new(atomic.Bool)
	opt.Dialer = func(context.Context, string, string) (net.Conn, error) {
		if spent.Swap(true) {
			return nil, errSpent
		}
		return conn, nil
	}
	l := &link{Client: redis.NewClient(&opt), conn: conn}
	l.stop = context.AfterFunc(ctx, l.cut)
	return l, nil
}

func (s *server) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	plain := net.Dialer{}
	if s.opt.TLSConfig == nil {
		return plain.DialContext(ctx, s.opt.Network, s.opt.Addr)
	}
	over := tls.Dialer{NetDialer: &plain, Config: s.opt.TLSConfig}
	return over.DialContext(ctx, s.opt.Network, s.opt.Addr)
}

// cut ends the connection at once; whoever reads from it is told.
func (l *link) cut() {
	if over, ok := l.conn.(*tls.Conn); ok {
		over.NetConn().Close() // no farewell, which could wait
		return
	}
	l.conn.Close()
}

func (l *link) close() {
	l.stop()
	l.cut()
	l.Client.Close()
}
