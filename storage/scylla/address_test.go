package scylla

import (
	"slices"
	"strings"
	"testing"
)

func TestAddress(t *testing.T) {
	for url, want := range map[string]address{
		"scylla://a":                        {hosts: []string{"a"}, port: 9042, keyspace: "teahouse"},
		"scylla://a,b,c/tea":                {hosts: []string{"a", "b", "c"}, port: 9042, keyspace: "tea"},
		"scylla://a:9,b:9/tea":              {hosts: []string{"a", "b"}, port: 9, keyspace: "tea"},
		"scylla://a,b:7/?replication=1":     {hosts: []string{"a", "b"}, port: 7, keyspace: "teahouse", replication: "1"},
		"scylla://[::1]:7,[::2]/tea":        {hosts: []string{"::1", "::2"}, port: 7, keyspace: "tea"},
		"scylla://u:p%40s@a/tea?dc=x":       {hosts: []string{"a"}, port: 9042, keyspace: "tea", user: "u", password: "p@s", datacentre: "x"},
		"scylla://a?tls=on&ca=/etc/ca.pem":  {hosts: []string{"a"}, port: 9042, keyspace: "teahouse", tls: true, ca: "/etc/ca.pem"},
		"scylla://a/tea?replication=x:3,y:": {hosts: []string{"a"}, port: 9042, keyspace: "tea", replication: "x:3,y:"},
	} {
		got, err := parse(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		hosts := slices.Equal(got.hosts, want.hosts)
		got.hosts, want.hosts = nil, nil
		if !hosts || !equal(got, want) {
			t.Errorf("%s: %+v, want %+v", url, got, want)
		}
		if strings.Contains(got.String(), "p@s") {
			t.Errorf("%s tells its password", got)
		}
	}
}

func equal(a, b address) bool {
	return a.port == b.port && a.keyspace == b.keyspace && a.datacentre == b.datacentre && a.replication == b.replication &&
		a.user == b.user && a.password == b.password && a.tls == b.tls && a.ca == b.ca
}

func TestWrongAddress(t *testing.T) {
	for _, url := range []string{
		"", "redis://a", "scylla://", "scylla:///tea", "scylla://a:b", "scylla://a:0", "scylla://a:70000", "scylla://a:1,b:2",
		"scylla://a,,b", "scylla://a/Tea", "scylla://a/t-a", "scylla://a/tea;drop", "scylla://a/" + strings.Repeat("t", 49),
		"scylla://a?replicas=3", "scylla://a?tls=yes", "scylla://secret:secret@a/%zz",
	} {
		if a, err := parse(url); err == nil {
			t.Errorf("%q is taken for %+v", url, a)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error tells too much: %v", url, err)
		}
	}
}

func TestReplication(t *testing.T) {
	for spec, want := range map[string]string{
		"":              `{'class': 'NetworkTopologyStrategy', 'here': 3}`,
		"1":             `{'class': 'NetworkTopologyStrategy', 'here': 1}`,
		"east:3,west:2": `{'class': 'NetworkTopologyStrategy', 'east': 3, 'west': 2}`,
		"0":             "", "-1": "", "east": "", "east:": "", "east:x": "", ":3": "", "e'ast:3": "", "east:3,": "",
	} {
		got, err := replicationOf(spec, "here")
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %s, %v", spec, got, err)
		}
	}
}
