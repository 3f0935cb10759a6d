package account

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

type counting struct {
	*guesses
	t   *testing.T
	now time.Time
}

func newCounting(t *testing.T) *counting {
	c := &counting{t: t, now: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
	c.guesses = newGuesses(func() time.Time { return c.now })
	t.Cleanup(c.close)
	return c
}

// wrong makes n wrong guesses and returns how many were let through, and the advice of the first refusal.
func (c *counting) wrong(n int, u id.User, from string) (through int, retry time.Duration) {
	c.t.Helper()
	for range n {
		_, err := c.begin(u, from)
		if err == nil {
			through++
			continue
		}
		if !errors.Is(err, fault.RateLimited) {
			c.t.Fatal(err)
		}
		if f := fault.From(err); retry == 0 {
			retry = f.Retry
		}
	}
	return through, retry
}

func TestGuessesAreLimited(t *testing.T) {
	c := newCounting(t)
	through, retry := c.wrong(50, "ann", "192.0.2.1:4000")
	if through != perPair.burst || retry <= 0 || retry > perPair.every {
		t.Fatalf("%d guesses went through, then to wait %s", through, retry)
	}
	if _, err := c.begin("ann", "192.0.2.1:5000"); err == nil {
		t.Fatal("another port is another address")
	}
	if through, _ := c.wrong(1, "ben", "192.0.2.1:4000"); through != 1 {
		t.Fatal("guessing at one account shut out another")
	}
	c.now = c.now.Add(retry)
	if through, _ = c.wrong(3, "ann", "192.0.2.1"); through != 1 {
		t.Fatalf("%d guesses went through after the wait", through)
	}
}

// Whoever guesses at an account shuts out themselves, not its owner.
func TestAStrangerLocksNobodyOut(t *testing.T) {
	c := newCounting(t)
	home, err := c.begin("ann", "198.51.100.7")
	if err != nil {
		t.Fatal(err)
	}
	home.succeed()
	c.wrong(100, "ann", "192.0.2.1")
	if through, _ := c.wrong(1, "ann", "203.0.113.9"); through != 1 {
		t.Fatal("one address that guesses shut the owner out everywhere")
	}
	sum := 0
	for i := range 100 { // many addresses at once
		n, _ := c.wrong(5, "ann", fmt.Sprintf("192.0.2.%d", i))
		sum += n
	}
	if sum >= perAccount.burst {
		t.Fatalf("%d guesses from many addresses", sum)
	}
	if _, err := c.begin("ann", "203.0.113.9"); err == nil {
		t.Fatal("the account alone is not limited")
	}
	if _, err := c.begin("ann", "198.51.100.7"); err != nil {
		t.Fatalf("shut out where they signed in before: %v", err)
	}
}

func TestOneAddressIsLimitedOverAllAccounts(t *testing.T) {
	c := newCounting(t)
	through := 0
	for i := range 300 {
		// One customer of an IPv6 network has all of a /64.
		n, _ := c.wrong(1, id.User(fmt.Sprintf("u%d", i)), fmt.Sprintf("[2001:db8:1:2::%x]:99", i+1))
		through += n
	}
	if through != perAddress.burst {
		t.Fatalf("%d guesses went through", through)
	}
	if n, _ := c.wrong(1, "ann", "2001:db8:1:3::1"); n != 1 {
		t.Fatal("another network is shut out")
	}
}

func TestTheRightPasswordIsNotCounted(t *testing.T) {
	c := newCounting(t)
	for i := range 1000 {
		a, err := c.begin("ann", "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			a.succeed()
		} else {
			a.forget()
		}
	}
	if through, _ := c.wrong(50, "ann", "192.0.2.1"); through != perPair.burst {
		t.Fatalf("%d guesses went through after 1000 sign-ins", through)
	}
}

func TestWhatCountsAsOneAddress(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "192.0.2.1:80": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "[::ffff:192.0.2.1]:80": "192.0.2.1",
		"2001:db8::1": "2001:db8::/64", "[2001:db8::2%eth0]:80": "2001:db8::/64", "": "", "@": "@", "unix": "unix",
	} {
		if got := network(from); got != want {
			t.Errorf("%q counts as %q, want %q", from, got, want)
		}
	}
}
