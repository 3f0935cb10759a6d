package storagetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/id"
)

// Contact holds a backend to the contract of contact.Store. Each test writes
// books of its own, so the stores may be one and hold other things too.
func Contact(t *testing.T, open func(t *testing.T) contact.Store) {
	for name, run := range map[string]func(*testing.T, contact.Store){
		"a stranger's page is empty":               strangerIsEmpty,
		"a page is found as it was changed":        pageIsKept,
		"a change that alters nothing is none":     noChangeIsNone,
		"a change that fails stores nothing":       failedPageStoresNothing,
		"a change is one step":                     pageChangeIsOneStep,
		"pages of a book share its version":        pagesShareVersion,
		"increments miss nothing and tell no more": incrementsAreExact,
		"a book is its owner's":                    bookIsItsOwners,
		"any walk agrees with a plain model":       booksWalk,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

func alias(to string) func(*contact.Relation) error {
	return func(r *contact.Relation) error { r.Alias = to; return nil }
}

func changed(t *testing.T, s contact.Store, owner, other id.User, change func(*contact.Relation) error) contact.Relation {
	t.Helper()
	r, err := s.ChangeRelation(t.Context(), owner, other, change)
	must(t, err)
	return r
}

func book(t *testing.T, s contact.Store, owner id.User, since int64) ([]contact.Relation, int64) {
	t.Helper()
	pages, version, err := s.Book(t.Context(), owner, since)
	must(t, err)
	return pages, version
}

func strangerIsEmpty(t *testing.T, s contact.Store) {
	a, b := somebody(), somebody()
	r, err := s.Relation(t.Context(), a, b)
	must(t, err)
	same(t, r, contact.Relation{Other: b})
	pages, version := book(t, s, a, 0)
	same(t, len(pages), 0)
	same(t, version, int64(0))
}

func pageIsKept(t *testing.T, s contact.Store) {
	a, b := somebody(), somebody()
	ask := contact.Request{ID: uuid.MustParse("01980000-0000-7000-8000-000000000001"), Greeting: "\"hi\" \\ 你好\n🫖", At: someTime()}
	want := contact.Relation{
		Other: b, Version: 1, Quiet: 0,
		Standing: contact.Standing{
			Decision: 7, Friend: true, Bond: ask.ID, Since: someTime(), Asked: &ask, Asking: &ask,
			BlockedAt: someTime(), BlockedBy: someTime(), Settled: 6,
			Owed: []contact.Notice{{ID: ask.ID, Kind: "request", To: b, About: a, Greeting: "hi"}},
		},
		Alias: "Uncle Oolong", Tags: []string{"kin", "tea 茶"}, Starred: true, ChatOnly: true, HideMyMoments: true, HideTheirMoments: true, Removed: true,
	}
	got := changed(t, s, a, b, func(r *contact.Relation) error {
		same(t, *r, contact.Relation{Other: b})
		*r = want
		r.Version = 0
		return nil
	})
	same(t, got, want)
	got, err := s.Relation(t.Context(), a, b)
	must(t, err)
	same(t, got, want)
	pages, version := book(t, s, a, 0)
	same(t, pages, []contact.Relation{want})
	same(t, version, int64(1))

	want.Version, want.Owed, want.Asked, want.Tags = 2, nil, nil, nil
	got = changed(t, s, a, b, func(r *contact.Relation) error {
		same(t, r.Version, int64(1))
		r.Owed, r.Asked, r.Tags = nil, nil, nil
		return nil
	})
	same(t, got, want)
}

func noChangeIsNone(t *testing.T, s contact.Store) {
	a, b := somebody(), somebody()
	nothing := func(*contact.Relation) error { return nil }
	same(t, changed(t, s, a, b, nothing), contact.Relation{Other: b})
	pages, version := book(t, s, a, 0)
	same(t, len(pages), 0)
	same(t, version, int64(0))

	was := changed(t, s, a, b, alias("x"))
	same(t, changed(t, s, a, b, nothing), was)
	same(t, changed(t, s, a, b, alias("x")), was)
	_, version = book(t, s, a, 0)
	same(t, version, int64(1))
}

func failedPageStoresNothing(t *testing.T, s contact.Store) {
	a, b, no := somebody(), somebody(), errors.New("no")
	was := changed(t, s, a, b, alias("x"))
	_, err := s.ChangeRelation(t.Context(), a, b, func(r *contact.Relation) error { r.Alias = "y"; return no })
	if !errors.Is(err, no) {
		t.Fatalf("got %v, want the change's own error", err)
	}
	got, err := s.Relation(t.Context(), a, b)
	must(t, err)
	same(t, got, was)
}

func pageChangeIsOneStep(t *testing.T, s contact.Store) {
	a, b := somebody(), somebody()
	const writers, each = 4, 5
	together(writers, func(int) {
		for range each {
			if _, err := s.ChangeRelation(t.Context(), a, b, func(r *contact.Relation) error { r.Alias += "+"; return nil }); err != nil {
				t.Error(err)
			}
		}
	})
	got, err := s.Relation(t.Context(), a, b)
	must(t, err)
	same(t, got, contact.Relation{Other: b, Version: writers * each, Alias: strings.Repeat("+", writers*each)})
}

func pagesShareVersion(t *testing.T, s contact.Store) {
	owner := somebody()
	others := []id.User{"alice", "ab", "a-", "bob", "a.b-c_d", "zed"}
	versions := make([]int64, len(others))
	together(len(others), func(i int) {
		r, err := s.ChangeRelation(t.Context(), owner, others[i], alias("x"))
		if err != nil {
			t.Error(err)
		}
		versions[i] = r.Version
	})
	slices.Sort(versions)
	same(t, versions, []int64{1, 2, 3, 4, 5, 6})
	pages, version := book(t, s, owner, 0)
	same(t, version, int64(len(others)))
	slices.Sort(others)
	var got []id.User
	for _, p := range pages {
		got = append(got, p.Other)
	}
	same(t, got, others)
}

func incrementsAreExact(t *testing.T, s contact.Store) {
	owner := somebody()
	others := []id.User{somebody(), somebody(), somebody()}
	done := make(chan struct{})
	var reader sync.WaitGroup
	known, at := map[id.User]contact.Relation{}, int64(0)
	follow := func() {
		pages, version, err := s.Book(t.Context(), owner, at)
		if err != nil {
			t.Error(err)
			return
		}
		for _, p := range pages {
			if p.Version <= at || p.Version > version {
				t.Errorf("since %d, up to %d, a page of version %d", at, version, p.Version)
			}
			known[p.Other] = p
		}
		at = version
	}
	reader.Go(func() {
		for {
			select {
			case <-done:
				follow()
				return
			default:
				follow()
			}
		}
	})
	together(len(others), func(i int) {
		for range 8 {
			if _, err := s.ChangeRelation(t.Context(), owner, others[i], func(r *contact.Relation) error { r.Alias += "+"; return nil }); err != nil {
				t.Error(err)
			}
		}
	})
	close(done)
	reader.Wait()
	pages, version := book(t, s, owner, 0)
	same(t, at, version)
	same(t, len(known), len(pages))
	for _, p := range pages {
		same(t, known[p.Other], p)
	}
	for _, since := range []int64{version, version + 1, 1<<53 - 1} {
		pages, got := book(t, s, owner, since)
		same(t, len(pages), 0)
		same(t, got, version)
	}
}

func bookIsItsOwners(t *testing.T, s contact.Store) {
	a, b := somebody(), somebody()
	changed(t, s, a, b, alias("x"))
	for _, stranger := range []id.User{b, a + "a", a[:len(a)-1]} {
		pages, version := book(t, s, stranger, 0)
		same(t, len(pages), 0)
		same(t, version, int64(0))
	}
	r, err := s.Relation(t.Context(), b, a)
	must(t, err)
	same(t, r, contact.Relation{Other: a})
}

// booksWalk makes random changes and compares with maps after each.
func booksWalk(t *testing.T, s contact.Store) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	people := []id.User{somebody(), somebody(), somebody(), somebody()}
	model := map[id.User]map[id.User]contact.Relation{}
	versions := map[id.User]int64{}
	for _, p := range people {
		model[p] = map[id.User]contact.Relation{}
	}
	for range 60 {
		owner, other := people[r.IntN(len(people))], people[r.IntN(len(people))]
		want, there := model[owner][other]
		want.Other = other
		was := want
		want.Alias, want.Starred = []string{"", "x", "y"}[r.IntN(3)], r.IntN(2) == 0
		if want.Alias != was.Alias || want.Starred != was.Starred {
			versions[owner]++
			want.Version = versions[owner]
			there = true
		}
		if there {
			model[owner][other] = want
		}
		got := changed(t, s, owner, other, func(r *contact.Relation) error {
			same(t, *r, was)
			r.Alias, r.Starred = want.Alias, want.Starred
			return nil
		})
		same(t, got, want)

		since := r.Int64N(versions[owner] + 2)
		pages, version := book(t, s, owner, since)
		same(t, version, versions[owner])
		var expect []contact.Relation
		for _, p := range model[owner] {
			if p.Version > since {
				expect = append(expect, p)
			}
		}
		slices.SortFunc(expect, func(a, b contact.Relation) int { return strings.Compare(string(a.Other), string(b.Other)) })
		same(t, pages, expect)
	}
}
