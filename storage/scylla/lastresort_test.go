package scylla

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gocql/gocql"
)

// asked are the hosts a policy names for a query, in order.
func asked(p gocql.HostSelectionPolicy) (hosts []string) {
	next := p.Pick(nil)
	for h := next(); h != nil; h = next() {
		hosts = append(hosts, h.Info().HostID())
	}
	return hosts
}

// mark tells a policy what became of a request to a host.
func mark(p gocql.HostSelectionPolicy, host string, err error) {
	next := p.Pick(nil)
	for h := next(); h != nil; h = next() {
		if h.Info().HostID() == host {
			h.Mark(err)
		}
	}
}

func TestLastResort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLastResort(gocql.RoundRobinHostPolicy())
		var ids []string
		for i := range 3 {
			h := gocql.HostInfoBuilder{
				HostId: gocql.MustRandomUUID().String(), ConnectAddress: net.IPv4(127, 0, 0, byte(i+1)), Port: 9042,
			}.Build()
			if p.Ready() != (i > 0) {
				t.Fatalf("ready with %d hosts", i)
			}
			p.AddHost(&h)
			p.HostUp(&h)
			ids = append(ids, h.HostID())
		}
		hung := ids[1]
		last := func(when string, want bool) {
			t.Helper()
			for range 6 { // the policy inside turns round
				hosts := asked(p)
				if len(hosts) != 3 {
					t.Fatalf("%s: %v", when, hosts)
				}
				if want && hosts[2] != hung {
					t.Fatalf("%s: %s is not the last of %v", when, hung, hosts)
				}
				slices.Sort(hosts)
				if hosts = slices.Compact(hosts); len(hosts) != 3 {
					t.Fatalf("%s: %v", when, hosts)
				}
			}
			first := map[string]bool{}
			for range 6 {
				first[asked(p)[0]] = true
			}
			if first[hung] == want {
				t.Fatalf("%s: %s is asked first: %v", when, hung, first[hung])
			}
		}
		last("at first", false)
		mark(p, hung, errors.New("something else"))
		last("after another error", false)
		mark(p, hung, fmt.Errorf("wrapped: %w", gocql.ErrTimeoutNoResponse))
		last("after a time-out", true)
		time.Sleep(avoidFor - time.Second)
		last("soon after", true)
		time.Sleep(2 * time.Second)
		probes := 0
		for range 12 {
			if asked(p)[0] == hung {
				probes++
			}
		}
		if probes > 1 {
			t.Fatalf("%d requests tried it at once", probes)
		}
		mark(p, hung, gocql.ErrTimeoutNoResponse)
		time.Sleep(avoidFor - time.Second)
		last("when the try failed", true)
		time.Sleep(2 * time.Second)
		for range 3 {
			asked(p)
		}
		time.Sleep(probeFor + time.Second)
		last("when it answered", false)
		for _, h := range ids { // when all hang they are asked all the same
			mark(p, h, gocql.ErrTimeoutNoResponse)
		}
		if hosts := asked(p); len(hosts) != 3 {
			t.Fatalf("%v", hosts)
		}
	})
}
