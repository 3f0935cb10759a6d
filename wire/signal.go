package wire

import (
	"encoding/json"

	"github.com/teahouse-im/teahouse/id"
)

// A Signal is what nodes tell each other about one user, on that user's topic.
// It is lossy like all of the bus; what it says can be read from the store.
type Signal struct {
	Join  id.Stream `json:"join,omitempty"`  // the user is a member of this group now
	Leave id.Stream `json:"leave,omitempty"` // and of this one no more
	Last  []byte    `json:"last,omitempty"`  // with Leave: the frame of the entry that says so, for whom it has not reached
	End   *End      `json:"end,omitempty"`
	Live  *Live     `json:"live,omitempty"`
	Tie   id.User   `json:"tie,omitempty"` // the user and this other stand to each other in another way now
}

// End closes live connections of the user.
type End struct {
	Sessions []id.Session `json:"sessions,omitempty"` // none: all of them …
	Except   id.Session   `json:"except,omitempty"`   // … but this one
	Code     int          `json:"code"`               // close code
}

// Live says that a device has connected; its earlier connections, on whichever node, are replaced.
type Live struct {
	Session    id.Session `json:"session"`
	Connection string     `json:"connection"` // the new one, unique in the cluster
}

// Encode makes the body of a bus message.
func (s Signal) Encode() []byte {
	b, _ := json.Marshal(s) // strings and numbers only
	return b
}

// DecodeSignal reads a bus message's body.
func DecodeSignal(b []byte) (s Signal, err error) {
	err = json.Unmarshal(b, &s)
	return s, err
}
