package wire

// What is said about who is around.
type (
	// Watch replaces the set of users whose presence the connection is told.
	Watch struct {
		Users []string `json:"users"`
	}
	// Status sets how the caller is to be seen.
	Status struct {
		State string  `json:"state"`
		Text  *string `json:"text"`
	}
	// Watched is how those who are watched are seen, each once, in the order asked.
	Watched struct {
		Presence []Presence `json:"presence"`
	}
	// Presence is how one user is seen.
	Presence struct {
		User     string `json:"user"`
		State    string `json:"state"`
		LastSeen *Time  `json:"last_seen,omitempty"` // of who is offline
		Text     string `json:"text,omitempty"`      // of who is not
	}
)
