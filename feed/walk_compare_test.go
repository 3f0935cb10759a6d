package feed_test

import (
	"context"
	"maps"
	"slices"

	"github.com/teahouse-im/teahouse/id"
)

// compare reads as one of the people, on every path, and expects what the model says.
func (k *walk) compare() {
	v := k.who()
	k.readsTimeline(v)
	k.readsProfile(v, k.who())
	if k.IntN(3) == 0 {
		k.readsNotices(v)
	}
	p := k.some()
	if p == nil {
		return
	}
	k.readsPost(v, p)
	if k.IntN(3) == 0 && k.may(p.author, p) {
		k.explain(k.names[v], v, p)
	}
}

// compareAll reads everything there is as everybody.
func (k *walk) compareAll() {
	for v := range k.names {
		k.readsTimeline(v)
		k.readsNotices(v)
		for a := range k.names {
			k.readsProfile(v, a)
		}
		for _, p := range k.posts {
			k.readsPost(v, p)
			if k.may(p.author, p) {
				k.explain(k.names[v], v, p)
			}
		}
	}
}

func (k *walk) readsTimeline(v int) {
	k.same(k.names[v], "timeline", pagesOf(k.timeline(k.names[v], 2+k.IntN(9))), k.pages(v, func(p *entry) bool { return k.refs[v][p] }))
}

func (k *walk) readsProfile(v, a int) {
	k.same(k.names[v], "profile of "+string(k.names[a]), pagesOf(k.profile(k.names[v], k.names[a])), k.pages(v, func(p *entry) bool { return p.author == a }))
}

func (k *walk) readsNotices(v int) {
	k.same(k.names[v], "notices", k.heard(k.names[v]), k.world.heard(v))
}

func (k *walk) readsPost(v int, p *entry) {
	m, err := k.Get(context.Background(), k.names[v], string(p.id))
	k.code(k.hidden(v, p), err)
	if err == nil && pageOf(m) != k.page(v, p) {
		k.fail("%s reads %q, want %q", k.names[v], pageOf(m), k.page(v, p))
	}
}

// explain asks a post's author who sees it, and expects what the model says.
func (k *walk) explain(name id.User, v int, p *entry) {
	ctx, author := context.Background(), k.names[p.author]
	verdicts, _, err := k.Why(ctx, author, string(p.id), "", 0)
	k.code("", err)
	told := map[id.User]bool{}
	for _, verdict := range verdicts {
		told[verdict.User] = verdict.Sees
	}
	want := map[id.User]bool{}
	for f := range k.names {
		if k.friends[[2]int{p.author, f}] {
			want[k.names[f]] = k.shown(f, p)
		}
	}
	if !maps.Equal(told, want) {
		k.fail("%s is told of %s %v, want %v", author, p.text, told, want)
	}
	as, _, err := k.As(ctx, author, string(name), "", 200)
	k.code("", err)
	if got, want := slices.Contains(ids(as), p.id), k.shown(v, p); got != want {
		k.fail("%s looks as %s and finds %s: %v, want %v", author, name, p.text, got, want)
	}
}

// heard is the house's; the model has one of that name.
func (k *walk) heard(u id.User) []string { return append([]string{}, k.house.heard(u)...) }

func (k *walk) same(v id.User, what string, got, want []string) {
	k.t.Helper()
	if !slices.Equal(got, want) {
		k.fail("%s reads the %s\n got %q\nwant %q", v, what, got, want)
	}
}
