package wire

// What is told over HTTP beside what the WebSocket shares with it.
type (
	// Conversation is one conversation as its own resource: a direct one has a
	// peer, a group has what Group tells.
	Conversation struct {
		Stream string `json:"stream"`
		Kind   string `json:"kind"`
		Title  string `json:"title"`
		Peer   string `json:"peer,omitempty"`
		*Group
		Muted  bool `json:"muted"`
		Pinned bool `json:"pinned"`
		Hidden bool `json:"hidden"`
	}
	// Member is one line of a group's roster.
	Member struct {
		User        string `json:"user"`
		DisplayName string `json:"display_name"`
		Role        string `json:"role"`
		Nickname    string `json:"nickname,omitempty"`
		MutedUntil  *Time  `json:"muted_until,omitempty"`
		JoinedAt    Time   `json:"joined_at"`
	}
)
