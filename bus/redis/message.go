package redis

// A node is one bus in one process, by a random name that is new at every start.
type node [8]byte

// What nodes tell each other of themselves, beside the kinds of bus messages.
const (
	wordHere = 'h' // the node is there; said every heartbeat
	wordGap  = 'g' // it is there and has dropped messages
	wordBye  = 'b' // it has sent all it had and ends
)

// A payload is what goes through Redis: the node's name, one byte that says what
// it is, and the body.
func payload(from node, kind byte, body []byte) []byte {
	p := make([]byte, 0, len(from)+1+len(body))
	p = append(p, from[:]...)
	p = append(p, kind)
	return append(p, body...)
}

// parsePayload takes one apart. ok is false for what no node has sent.
func parsePayload(p string) (from node, kind byte, body string, ok bool) {
	if len(p) < len(from)+1 {
		return from, 0, "", false
	}
	copy(from[:], p)
	return from, p[len(from)], p[len(from)+1:], true
}
