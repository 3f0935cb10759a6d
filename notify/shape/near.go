package shape

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Two texts are near if most of their pairs of neighbouring letters are the same,
// or if one letter makes one of the other.
//
// The letters of short texts give too few features for the distance of two
// SimHashes to mean much: at 15 pairs one changed letter moves as many bits as
// another sentence sometimes does. So hashes only find what may be near, and the
// letters themselves decide. The hashes are MinHashes: two texts that share the
// part J of their pairs share one such hash with the probability J.
//
// A key is made of two minima, which texts of nothing alike share in 1 of 100
// cases. Some keys are of one, for texts of which a word was exchanged, and for short
// ones, of which one letter changes a large part.
const (
	bands   = 1 + 9
	singles = 4 // the last keys, of one minimum
)

// NearShare of the pairs (Dice) is the same in near texts.
const NearShare = 0.64

// keys are the hashes by which a skeleton is found: one for the whole, which is
// all that a text with hardly any letters has, and one a band.
func (s skeleton) keys(space uint64) []uint64 {
	keys := make([]uint64, 1, bands)
	keys[0] = mix(space ^ s.whole)
	if s.letters == "" {
		return keys
	}
	var least [2*(bands-1) - singles]uint32
	for i := range least {
		least[i] = math.MaxUint32
	}
	for i := 0; i+2 <= len(s.letters); i++ {
		h := mix(uint64(pair(s.letters, i)))
		step := h>>32 | 1
		for r := range least { // double hashing: as good as independent for this
			least[r] = min(least[r], uint32(mix(h+uint64(r)*step)))
		}
	}
	const pairs = bands - 1 - singles
	for b := range pairs {
		keys = append(keys, mix(space+uint64(b)^mix(uint64(least[2*b])<<32|uint64(least[2*b+1]))))
	}
	for b, l := range least[2*pairs:] {
		keys = append(keys, mix(space+uint64(pairs+b)^mix(uint64(l))))
	}
	return keys
}

// bits has one bit for each pair, so that most of what is not near shows at once.
func (s skeleton) bits() (bits uint64) {
	for i := 0; i+2 <= len(s.letters); i++ {
		bits |= 1 << (mix(uint64(pair(s.letters, i))) & 63)
	}
	return bits
}

// far tells from the bits and the lengths that two cannot be near, unless they are equal.
func far(a, b uint64, lenA, lenB int) bool {
	most := float64(lenA-1) - NearShare/2*float64(lenA+lenB-2) // pairs of a that b may lack
	return bits.OnesCount64(a&^b) > max(3, int(most+1e-9))     // 3: two letters that changed places
}

// near tells whether two skeletons say the same. Not both of "a is near b" and "b
// is near c" make a near c: what was seen first is what later ones are compared with.
func near(a, b skeleton) bool {
	if a.whole == b.whole {
		return true
	}
	if a.letters == "" || b.letters == "" {
		return false
	}
	return oneOff(a.letters, b.letters) || alike(a.letters, b.letters)
}

func pair(letters string, at int) uint16 {
	return uint16(letters[at])<<8 | uint16(letters[at+1])
}

// alike counts the pairs that both have, each as often as both have it.
func alike(a, b string) bool {
	na, nb := len(a)-1, len(b)-1
	if float64(2*min(na, nb)) < NearShare*float64(na+nb) {
		return false
	}
	var used uint64 // of b's pairs
	both := 0
	for i := 0; i < na; i++ {
		p := pair(a, i)
		for j := 0; j < nb; j++ {
			if used&(1<<j) == 0 && pair(b, j) == p {
				used |= 1 << j
				both++
				break
			}
		}
	}
	return float64(2*both) >= NearShare*float64(na+nb)
}

// oneOff tells whether one letter that is added, missing, changed or swapped with
// its neighbour makes one of the other.
func oneOff(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(a)-len(b) > 1 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) > len(b) {
		return a[i+1:] == b[i:]
	}
	if i == len(a) || a[i+1:] == b[i+1:] {
		return true
	}
	return i+2 <= len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// mix is the finisher of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func be64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }
