package shape_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/notify/shape/shapetest"
)

func skeletonOf(t *testing.T, text string) shape.Skeleton {
	t.Helper()
	s, ok := shape.Strip([]string{text})
	if !ok {
		t.Fatalf("%q is nothing", text)
	}
	return s
}

// found tells whether two have a key in common: only then are they compared.
func found(a, b shape.Skeleton) bool {
	has := map[uint64]bool{}
	for _, k := range shape.Keys(a, 7) {
		has[k] = true
	}
	for _, k := range shape.Keys(b, 7) {
		if has[k] {
			return true
		}
	}
	return false
}

func TestDressedUp(t *testing.T) {
	n := 0
	for text, others := range shapetest.Dresses {
		a := skeletonOf(t, text)
		for _, other := range others {
			n++
			b := skeletonOf(t, other)
			if !shape.Near(a, b) || !shape.Near(b, a) {
				t.Errorf("%q and %q are not near", text, other)
			} else if shape.LookFar(a, b) || shape.LookFar(b, a) {
				t.Errorf("%q and %q are near, but look far", text, other)
			} else if !found(a, b) {
				t.Errorf("%q and %q are near, but are not found", text, other)
			}
		}
	}
	if n < 100 {
		t.Fatal(n)
	}
}

func TestHonestTextsAreTheirOwn(t *testing.T) {
	if len(shapetest.Honest) < 100 {
		t.Fatal(len(shapetest.Honest))
	}
	all := slices.Clone(shapetest.Honest)
	for text := range shapetest.Dresses {
		all = append(all, text)
	}
	for i, x := range all {
		for _, y := range all[:i] {
			if shape.Near(skeletonOf(t, x), skeletonOf(t, y)) {
				t.Errorf("%q and %q are near", x, y)
			}
		}
	}
	for i := range 40 {
		for j := range i {
			if x, y := fmt.Sprint("A", i), fmt.Sprint("A", j); shape.Near(skeletonOf(t, x), skeletonOf(t, y)) {
				t.Errorf("%q and %q are near", x, y)
			}
		}
	}
}

func TestNothingToCompare(t *testing.T) {
	for _, texts := range [][]string{nil, {}, {""}, {" ", "\u200b"}} {
		if s, ok := shape.Strip(texts); ok {
			t.Errorf("%q has %x", texts, s)
		}
	}
}

// What only looks different is equal, not just near.
func TestSkeleton(t *testing.T) {
	want := skeletonOf(t, "big sale")
	for _, text := range []string{
		"BIG SALE!", "ｂｉｇ ｓａｌｅ", "🅱🅸🅶 🆂🅰🅻🅴", "🅑🅘🅖 🅢🅐🅛🅔", "🇧🇮🇬 🇸🇦🇱🇪", "𝕓𝕚𝕘 𝖘𝖆𝖑𝖊", "B\u0456g s\u0430l\u0435", "ΒΙG sαlε", "bíg sãlè", "b̷i̷g̷ s̷a̷l̷e̷",
		"b1g s4l3", "big $ale", "b!g s@le", "sale, big", "big 77 sale 123", "big sale\u200b", "biiig saaale", "bıg ꜱᴀʟᴇ", "big 🎉 sale", "big\u3164sale 5",
	} {
		if got := skeletonOf(t, text); !shape.Equal(got, want) {
			t.Errorf("%q is %+v, want %+v", text, got, want)
		}
	}
}
