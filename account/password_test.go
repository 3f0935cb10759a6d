package account

import (
	"strings"
	"testing"
)

func TestHashes(t *testing.T) {
	h, ctx := newHasher(shipped), t.Context()
	a, err := h.hash(ctx, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := h.hash(ctx, "correct horse")
	if a == b || !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(a, "horse") {
		t.Fatalf("hashes %q, %q", a, b)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horsf": false, "": false, "correct horse\x00": false} {
		if got, err := h.matches(ctx, password, a); err != nil || got != want {
			t.Errorf("%q matches: %v, %v", password, got, err)
		}
	}
	if got, err := h.matches(ctx, "", ""); err != nil || got {
		t.Fatalf("nobody's password matches: %v, %v", got, err)
	}
	// A hash of an earlier cost is still good, one that is damaged is told.
	salt := random(saltBytes)
	cheap := cost{memory: 64, passes: 1}
	if got, err := h.matches(ctx, "x", cheap.phc(salt, cheap.digest("x", salt))); err != nil || !got {
		t.Fatalf("an earlier cost: %v, %v", got, err)
	}
	for _, damaged := range []string{"x", a[:len(a)-4], strings.Replace(a, "argon2id", "argon2i", 1), strings.Replace(a, "t=2", "t=0", 1), strings.Replace(a, "m=", "q=", 1)} {
		if _, err := h.matches(ctx, "x", damaged); err == nil {
			t.Errorf("%q is accepted", damaged)
		}
	}
}
