package scylla

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const (
	defaultKeyspace = "teahouse"
	defaultPort     = 9042
)

// An address is a store's URL, taken apart.
type address struct {
	hosts       []string
	port        int
	keyspace    string // "": none is chosen
	schema      string // the keyspace that is looked at while none is chosen
	datacentre  string // "": not known yet
	replication string // as in the URL; see replicationOf
	user        string
	password    string
	tls         bool
	ca          string // file of certificates to trust; "": those of the system
}

var keyspaceName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,47}$`)

// parse reads a store's URL. Its errors do not repeat it: it may hold a password.
func parse(raw string) (address, error) {
	rest, ok := strings.CutPrefix(raw, "scylla://")
	if !ok {
		return address{}, errors.New("the store's URL does not begin with scylla://")
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	// Several hosts are not a host to package url: it reads what stands around them.
	at := strings.LastIndexByte(rest[:end], '@')
	hosts := rest[at+1 : end]
	u, err := url.Parse("scylla://" + rest[:at+1] + "hosts" + rest[end:])
	if err != nil {
		return address{}, errors.New("the store's URL is malformed")
	}
	a := address{keyspace: strings.TrimPrefix(u.Path, "/"), user: u.User.Username()}
	a.password, _ = u.User.Password()
	if a.keyspace == "" {
		a.keyspace = defaultKeyspace
	}
	if !keyspaceName.MatchString(a.keyspace) {
		return address{}, fmt.Errorf("%q is no name for a keyspace: a-z, 0-9 and _, at most 48, beginning with a letter", a.keyspace)
	}
	if err := a.parseHosts(hosts); err != nil {
		return address{}, err
	}
	return a, a.parseQuery(u.Query())
}

func (a *address) parseHosts(hosts string) error {
	for h := range strings.SplitSeq(hosts, ",") {
		host, port := h, 0
		if name, p, err := net.SplitHostPort(h); err == nil {
			if port, err = strconv.Atoi(p); err != nil || port <= 0 || port > 65535 {
				return fmt.Errorf("%q has no usable port", h)
			}
			host = name
		}
		host = strings.Trim(host, "[]")
		if host == "" {
			return errors.New("the store's URL names no host")
		}
		if port != 0 && a.port != 0 && port != a.port {
			return errors.New("the store's hosts must all have the same port: so have those they know of")
		}
		a.port = max(a.port, port)
		a.hosts = append(a.hosts, host)
	}
	if a.port == 0 {
		a.port = defaultPort
	}
	return nil
}

func (a *address) parseQuery(q url.Values) error {
	for name, values := range q {
		v := values[len(values)-1]
		switch name {
		case "replication":
			a.replication = v
		case "dc":
			a.datacentre = v
		case "tls":
			if v != "on" && v != "off" {
				return errors.New(`tls in the store's URL must be "on" or "off"`)
			}
			a.tls = v == "on"
		case "ca":
			a.ca = v
		default:
			return fmt.Errorf("the store's URL has a parameter %q, which is not known; there are replication, dc, tls, ca", name)
		}
	}
	return nil
}

// String is the address without its secrets.
func (a address) String() string {
	return fmt.Sprintf("scylla://%s:%d/%s", strings.Join(a.hosts, ","), a.port, a.keyspace+a.schema)
}

// replicationOf is the keyspace's replication in CQL. The URL says "3" for the
// local data centre, or "dc1:3,dc2:3"; nothing is 3.
func replicationOf(spec, datacentre string) (string, error) {
	if spec == "" {
		spec = "3"
	}
	if _, err := strconv.Atoi(spec); err == nil {
		spec = datacentre + ":" + spec
	}
	cql := `{'class': 'NetworkTopologyStrategy'`
	for part := range strings.SplitSeq(spec, ",") {
		dc, factor, ok := strings.Cut(part, ":")
		n, err := strconv.Atoi(factor)
		if !ok || err != nil || n < 1 || dc == "" || strings.ContainsAny(dc, `'"`) {
			return "", fmt.Errorf("replication %q is not understood: say 3, or dc1:3,dc2:3", spec)
		}
		cql += fmt.Sprintf(", '%s': %d", dc, n)
	}
	return cql + "}", nil
}
