package gateway

import "testing"

func TestTypingIsPassedOnNowAndThen(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		ann, ben, cat := h.join("ann", "a"), h.join("ben", "b"), h.join("cat", "c")
		g := h.group("ann", "ben", "cat")
		type in = map[string]any
		ben.ok("typing", in{"stream": "d-ann~ben", "state": "typing"})
		ben.ok("typing", in{"stream": g, "state": "typing"}) // elsewhere
		ben.ok("typing", in{"stream": g, "state": "voice"})  // too soon
		ann.event("typing")
		ann.event("typing")
		cat.event("typing")
		for _, p := range []*peer{ann, cat} {
			p.silent(func(m message) bool { return m.Event == "typing" })
		}
		if err := h.chat.RemoveMember(h.ctx, "ann", g, "ben"); err != nil {
			t.Fatal(err)
		}
		ben.refused("not_member", "typing", in{"stream": g, "state": "voice"})
		ben.refused("not_found", "typing", in{"stream": "d-ann~cat", "state": "voice"})
	})
}

func TestTypingRemembersLittle(t *testing.T) {
	lately := typed{}
	for i := range 3 * typedMost {
		name := string(rune('a' + i))
		if full := lately.again(name, 1); full != (i >= typedMost) {
			t.Fatalf("typing in a conversation number %d: too early is %v", i+1, full)
		} else if !full {
			lately[name] = 1
		}
	}
	if later := moment(1).add(typingEvery); lately.again("a", later) || len(lately) != 0 {
		t.Fatalf("later there is %v", lately)
	}
}
