package node

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// Config is everything that can be set about a server. The defaults run a
// laptop. The tags are those of the command line, where every field is a flag;
// on and off, and other choices, are words so that a file reads well.
type Config struct {
	Listen    string   `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where people and programs connect. Port 0 picks a free one."`
	OpsListen string   `default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Where operators connect: health, metrics, profiles. Keep it private."`
	OpsHosts  []string `placeholder:"NAME" help:"Host names with a dot under which operators ask for that listener; addresses and plain names always work."`
	Data      string   `default:"./teahouse-data" placeholder:"DIR" help:"Folder of the embedded store and of the operator's token."`
	Store     string   `default:"pebble:" placeholder:"URL" help:"pebble: (in the data folder), pebble:DIR, or scylla://h1,h2,h3/keyspace?replication=3."`
	Blobs     string   `placeholder:"URL" help:"Where uploads are kept: file: (in the data folder), file:DIR, or s3://[KEY:SECRET@]HOST[:PORT]/BUCKET[/PREFIX][?region=R&tls=off], which all nodes of a cluster share. If left out: in the data folder with an embedded store, else in the store."`
	Bus       string   `default:"memory:" placeholder:"URL" help:"memory: for one node, redis://[:password@]host:6379/0 for several."`
	Node      string   `placeholder:"NAME" help:"This node's name in logs and metrics. Default: the host's name."`

	Strangers string `default:"refuse" enum:"refuse,allow" help:"Whether people who are not friends may write to each other and be put into groups (${enum})."`
	Limits    string `default:"on" enum:"on,off" help:"off lifts rate limits and the throttling of new connections; for load tests."`

	TLSCert        string         `name:"tls-cert" placeholder:"FILE" help:"Certificate chain (PEM); with --tls-key the server speaks TLS itself."`
	TLSKey         string         `name:"tls-key" placeholder:"FILE" help:"Private key of the certificate (PEM)."`
	Origins        []string       `placeholder:"ORIGIN" help:"Web origins besides the server's own that may connect, such as https://chat.example."`
	TrustedProxies []netip.Prefix `placeholder:"CIDR" help:"Reverse proxies whose X-Forwarded-For is believed."`

	IdentityJWKS     string `name:"identity-jwks" placeholder:"FILE|URL" help:"Public keys of the identity provider whose assertions sign people in."`
	IdentityIssuer   string `placeholder:"ISS" help:"The provider's iss."`
	IdentityAudience string `placeholder:"AUD" help:"The aud that assertions for this server have."`

	OperatorToken string `placeholder:"TOKEN" help:"The operator's credential. Default: made at first start and kept in the data folder."`

	SessionsPerUser int           `default:"10" help:"Devices one person may be signed in on; signing in on one more ends the one unused for longest."`
	SessionLife     time.Duration `default:"2160h" help:"How long a sign-in lasts without being used."`
	GroupMembers    int           `default:"500" help:"People in one group, at most 100000."`
	Friends         int           `default:"5000" help:"Friends one person may have."`
	TextBytes       int           `default:"8192" help:"Bytes of UTF-8 in one text message."`
	RecallWindow    time.Duration `default:"2m" help:"How long a sender may take a message back."`

	RecallWindowFiles time.Duration `default:"3h" help:"The same, for files."`
	MediaBytes        int64         `default:"104857600" help:"Bytes of one upload."`
	MediaPixels       int64         `default:"50000000" help:"Pixels of one picture."`

	GrantDelay   string         `default:"30s-2m" placeholder:"FROM-TO" help:"How long after a user agreed an app's server hears of it, at random between the two; one duration is always that long. So no page can make its use depend on consent."`
	WebhookAllow []netip.Prefix `placeholder:"CIDR" help:"Addresses inside the network that webhooks and pushes may call; without it they call public ones only."`

	PushSubject        string `placeholder:"URL" help:"Who runs this server, for browsers' push services: mailto:ops@chat.example or an https address. Some take nothing without."`
	PushAPNsKey        string `name:"push-apns-key" placeholder:"FILE" help:"The key (.p8) with which iPhones and the like are woken."`
	PushAPNsKeyID      string `name:"push-apns-key-id" placeholder:"ID" help:"The key's id."`
	PushAPNsTeam       string `name:"push-apns-team" placeholder:"ID" help:"The developer team of the app."`
	PushAPNsTopic      string `name:"push-apns-topic" placeholder:"ID" help:"The app's bundle id."`
	PushFCMCredentials string `name:"push-fcm-credentials" placeholder:"FILE" help:"The service account (JSON) with which Android phones are woken."`

	Heartbeat       time.Duration `default:"30s" help:"How often the server pings a connection."`
	FramesPerSecond int           `default:"30" help:"Frames a connection may send per second in the long run."`
	FramesBurst     int           `default:"60" help:"Frames a connection may send at once."`
	SendQueueBytes  int           `default:"262144" help:"Bytes that may wait for a slow connection before entries are dropped and the client is told to sync."`
	DrainWithin     time.Duration `default:"30s" help:"How long a stop may take before what is left is cut off."`

	LogLevel string `default:"info" enum:"debug,info,warn,error" help:"How much is logged (${enum})."`
}

// Check refuses what the types alone cannot; its errors name the flag.
func (c *Config) Check() error {
	var errs []error
	atLeast := func(flag string, value, least int) {
		if value < least {
			errs = append(errs, fmt.Errorf("--%s must be at least %d, not %d", flag, least, value))
		}
	}
	atLeast("sessions-per-user", c.SessionsPerUser, 1)
	atLeast("group-members", c.GroupMembers, 2)
	atLeast("friends", c.Friends, 1)
	atLeast("text-bytes", c.TextBytes, 1)
	atLeast("frames-per-second", c.FramesPerSecond, 1)
	atLeast("frames-burst", c.FramesBurst, 1)
	atLeast("media-bytes", int(c.MediaBytes), 1)
	atLeast("media-pixels", int(c.MediaPixels), 1)
	atLeast("send-queue-bytes", c.SendQueueBytes, 16<<10)
	if c.GroupMembers > 100_000 {
		errs = append(errs, fmt.Errorf("--group-members must be at most 100000, not %d", c.GroupMembers))
	}
	if c.TextBytes > 48<<10 {
		errs = append(errs, fmt.Errorf("--text-bytes must be at most %d, not %d: a message has to fit into a frame", 48<<10, c.TextBytes))
	}
	for flag, d := range map[string]time.Duration{
		"session-life": c.SessionLife, "recall-window": c.RecallWindow, "recall-window-files": c.RecallWindowFiles, "heartbeat": c.Heartbeat, "drain-within": c.DrainWithin,
	} {
		if d < time.Second {
			errs = append(errs, fmt.Errorf("--%s must be at least 1s, not %s", flag, d))
		}
	}
	if _, _, err := c.grantDelay(); err != nil {
		errs = append(errs, err)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		errs = append(errs, errors.New("--tls-cert and --tls-key go together"))
	}
	apns := []string{c.PushAPNsKey, c.PushAPNsKeyID, c.PushAPNsTeam, c.PushAPNsTopic}
	if n := countSet(apns); n != 0 && n != len(apns) {
		errs = append(errs, errors.New("--push-apns-key, --push-apns-key-id, --push-apns-team and --push-apns-topic go together"))
	}
	identity := []string{c.IdentityJWKS, c.IdentityIssuer, c.IdentityAudience}
	if n := countSet(identity); n != 0 && n != len(identity) {
		errs = append(errs, errors.New("--identity-jwks, --identity-issuer and --identity-audience go together"))
	}
	if _, err := zerolog.ParseLevel(c.LogLevel); err != nil {
		errs = append(errs, fmt.Errorf("--log-level: %w", err))
	}
	errs = append(errs, checkURL("store", c.Store, "pebble", "scylla"), checkURL("blobs", cmp.Or(c.Blobs, "file:"), "file", "s3"), checkURL("bus", c.Bus, "memory", "redis", "rediss"))
	for _, o := range c.Origins {
		if u, err := url.Parse(o); err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" {
			errs = append(errs, fmt.Errorf("--origins: %q is no origin such as https://chat.example", o))
		}
	}
	return errors.Join(errs...)
}

// grantDelayDefault is --grant-delay's, and what holds where nothing is said.
const grantDelayDefault = "30s-2m"

// Sandbox makes what was left to its default fit for trying apps out: their
// servers hear of grants at once, and may be on this machine.
func (c *Config) Sandbox() {
	if c.GrantDelay == grantDelayDefault {
		c.GrantDelay = "0s"
	}
	if len(c.WebhookAllow) == 0 {
		c.WebhookAllow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
}

// grantDelay reads --grant-delay.
func (c *Config) grantDelay() (from, to time.Duration, err error) {
	first, second, spread := strings.Cut(cmp.Or(c.GrantDelay, grantDelayDefault), "-")
	from, err = time.ParseDuration(first)
	to = from
	if err == nil && spread {
		to, err = time.ParseDuration(second)
	}
	if err != nil || from < 0 || to < from || to > 24*time.Hour {
		return 0, 0, fmt.Errorf("--grant-delay: %q is neither a duration such as 0s nor two such as 30s-2m, up to 24h", c.GrantDelay)
	}
	return from, to, nil
}

func countSet(words []string) (n int) {
	for _, w := range words {
		if w != "" {
			n++
		}
	}
	return n
}

// checkURL never repeats the value: it may hold a password.
func checkURL(flag, value string, schemes ...string) error {
	scheme := schemeOf(value)
	for _, s := range schemes {
		if s == scheme {
			return nil
		}
	}
	return fmt.Errorf("--%s must begin with one of %q", flag, schemes)
}
