package miniprogram

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// manifestPage is the file of a package that says what its pages need beside it:
//
//	{"connect": ["https://api.example.com"]}
const manifestPage = "teahouse.json"

const (
	manifestBytes = 4 << 10
	originBytes   = 128
)

type manifest struct {
	Connect []string `json:"connect"` // origins that pages may call
}

// readManifest reads the origins that pages may call out of a package's manifest.
// BadRequest. allow are the addresses inside the network that may be among them.
func readManifest(raw []byte, allow []netip.Prefix) ([]string, error) {
	if raw == nil {
		return nil, nil
	}
	var m manifest
	if len(raw) > manifestBytes || json.Unmarshal(raw, &m, json.RejectUnknownMembers(true)) != nil {
		return nil, badFile(manifestPage, `is not of the form {"connect": ["https://api.example.com"]}`)
	}
	if len(m.Connect) > ConnectsMost {
		return nil, badFile(manifestPage, fmt.Sprintf("names more than %d origins", ConnectsMost))
	}
	for i, origin := range m.Connect {
		if slices.Contains(m.Connect[:i], origin) {
			return nil, badFile(manifestPage, "names an origin twice")
		}
		if !callable(origin, allow) {
			return nil, badFile(manifestPage, fmt.Sprintf("names %.80q, which is no origin such as https://api.example.com", origin))
		}
	}
	return m.Connect, nil
}

var (
	originForm = regexp.MustCompile(`^(https?)://([a-z0-9.-]+)(?::([0-9]{1,5}))?$`)
	labelForm  = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
)

// callable tells whether an origin is written as browsers write it and leads out
// of the network of whoever opens the page, or to where allow has it. Nothing in it
// can end the part of a policy in which it comes to stand.
func callable(origin string, allow []netip.Prefix) bool {
	parts := originForm.FindStringSubmatch(origin)
	if parts == nil || len(origin) > originBytes {
		return false
	}
	scheme, host, port := parts[1], parts[2], parts[3]
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0 || port[0] == '0') {
		return false
	}
	inside := func(ip netip.Addr) bool {
		return slices.ContainsFunc(allow, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return inside(ip)
	}
	if host == "localhost" {
		return inside(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	labels := strings.Split(host, ".")
	if slices.ContainsFunc(labels, func(l string) bool { return !labelForm.MatchString(l) }) {
		return false
	}
	last := labels[len(labels)-1]
	local := len(labels) == 1 || last == "localhost" || last == "local" || last == "internal"
	return scheme == "https" && !local && (last[0] < '0' || last[0] > '9') // not 127.1 and its like
}
