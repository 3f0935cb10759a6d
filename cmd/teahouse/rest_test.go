package main

import "testing"

// What a busy time left is collected once, when the server has been at rest for two looks.
func TestRest(t *testing.T) {
	const mega = 1 << 20
	var r rest
	for i, c := range []struct {
		allocated, live int64
		want            bool
	}{
		{10 * mega, 0, false},
		{90 * mega, 40 * mega, false},
		{91 * mega, 40 * mega, false}, // quiet for the first time
		{92 * mega, 40 * mega, true},
		{93 * mega, 40 * mega, false}, // nothing to collect any more
		{120 * mega, 40 * mega, false},
		{121 * mega, 40 * mega, false},
		{122 * mega, 40 * mega, false}, // not worth it: 30 MB beside 40
		{140 * mega, 40 * mega, false}, // busy
		{141 * mega, 40 * mega, false},
		{142 * mega, 40 * mega, true},
	} {
		if got := r.look(c.allocated, c.live); got != c.want {
			t.Errorf("look %d: %t", i+1, got)
		}
	}
}
