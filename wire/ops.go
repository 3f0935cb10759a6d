package wire

import "encoding/json"

// What the ops carry. A member that may be left out and whose absence means
// something is a pointer.
type (
	// Hello signs a connection in; it is the first op.
	Hello struct {
		Token   string           `json:"token"`
		Device  string           `json:"device"`
		Cursors map[string]int64 `json:"cursors"`
	}
	// SyncRequest asks what is new after the cursors; After goes on where a page ended.
	SyncRequest struct {
		Cursors map[string]int64 `json:"cursors"`
		After   string           `json:"after"`
	}
	// Send puts a message into a stream, or into the direct conversation with To.
	Send struct {
		Stream    string          `json:"stream"`
		To        string          `json:"to"`
		MessageID string          `json:"message_id"`
		Kind      string          `json:"kind"`
		Body      json.RawMessage `json:"body"`
	}
	// History pages through a stream.
	History struct {
		Stream string `json:"stream"`
		Before *int64 `json:"before"`
		After  *int64 `json:"after"`
		Limit  *int64 `json:"limit"`
	}
	// Read moves the caller's read position.
	Read struct {
		Stream string `json:"stream"`
		Seq    *int64 `json:"seq"`
	}
	// Typing tells the others of a conversation what somebody is doing.
	Typing struct {
		Stream string `json:"stream"`
		State  string `json:"state"`
	}
	// Ping asks whether the server is there.
	Ping struct{}
)

// What the replies carry.
type (
	// Welcome is the reply to hello.
	Welcome struct {
		User        string `json:"user"`
		Session     string `json:"session"`
		ServerTime  Time   `json:"server_time"`
		HeartbeatMS int64  `json:"heartbeat_ms"`
		Limits      Limits `json:"limits"`
		Sync        Sync   `json:"sync"`
	}
	// Sync is a page of what is new, at most 200 streams.
	Sync struct {
		Streams []Stream `json:"streams"`
		Next    *string  `json:"next"`
	}
	// Stream is how one stream stands for the caller.
	Stream struct {
		Stream   string  `json:"stream"`
		Kind     string  `json:"kind"`
		Head     int64   `json:"head"`
		Count    int64   `json:"count"`
		Unread   int64   `json:"unread"`
		ReadSeq  int64   `json:"read_seq"`
		FloorSeq int64   `json:"floor_seq"`
		Muted    bool    `json:"muted"`
		Pinned   bool    `json:"pinned"`
		Title    string  `json:"title"`
		Peer     string  `json:"peer,omitempty"`  // of a direct conversation
		Group    *Group  `json:"group,omitempty"` // of a group
		Last     *Entry  `json:"last"`
		Entries  []Entry `json:"entries,omitzero"`
		Limited  bool    `json:"limited"`
		Left     bool    `json:"left,omitzero"`
	}
	// Group is what a group's members know of it.
	Group struct {
		Stream      string        `json:"stream"`
		Name        string        `json:"name"`
		Owner       string        `json:"owner"`
		Admins      []string      `json:"admins"`
		MemberCount int           `json:"member_count"`
		MyRole      string        `json:"my_role"` // "" for somebody who has left
		Settings    GroupSettings `json:"settings"`
	}
	// GroupSettings are what owner and admins decide for all.
	GroupSettings struct {
		MuteAll   bool `json:"mute_all"`
		Dissolved bool `json:"dissolved"`
	}
	// Page is a piece of a stream, in ascending order.
	Page struct {
		Entries []Entry `json:"entries"`
		Head    int64   `json:"head"`
	}
	// Position is how far somebody has read.
	Position struct {
		Seq    int64 `json:"seq"`
		Unread int64 `json:"unread"`
	}
	// Pong is the reply to ping.
	Pong struct {
		ServerTime Time `json:"server_time"`
	}
	// Empty is the reply of an op that has nothing to tell.
	Empty struct{}
)

// What the events carry, beside Entry.
type (
	// ReadEvent tells how far a user has read.
	ReadEvent struct {
		Stream string `json:"stream"`
		User   string `json:"user"`
		Seq    int64  `json:"seq"`
	}
	// TypingEvent tells what a user is doing in a conversation.
	TypingEvent struct {
		Stream string `json:"stream"`
		User   string `json:"user"`
		State  string `json:"state"`
	}
	// FeedEvent tells of a new moment.
	FeedEvent struct {
		Author string `json:"author"`
		Post   string `json:"post"`
	}
	// Resync asks the client to sync from its cursors.
	Resync struct {
		Reason string `json:"reason"` // "bus" or "behind"
	}
	// Bye comes before a planned close.
	Bye struct {
		Reason  string `json:"reason"`
		RetryMS int64  `json:"retry_ms"`
	}
)

// Limits are what a client has to keep to. They come with the reply to hello.
type Limits struct {
	TextBytes       int   `json:"text_bytes"`
	FrameBytes      int   `json:"frame_bytes"`
	FramesPerSecond int   `json:"frames_per_second"` // 0: not limited
	FramesBurst     int   `json:"frames_burst"`
	SessionsPerUser int   `json:"sessions_per_user"`
	GroupMembers    int   `json:"group_members"`
	Friends         int   `json:"friends"`
	RecallMS        int64 `json:"recall_ms"`
	RecallFileMS    int64 `json:"recall_file_ms"`
	PageEntries     int   `json:"page_entries"`
	SyncStreams     int   `json:"sync_streams"`
	SendQueueBytes  int   `json:"send_queue_bytes"`
	WatchUsers      int   `json:"watch_users"`
	PostText        int   `json:"post_text"`    // characters
	PostMedia       int   `json:"post_media"`   // pictures; or one film
	CommentText     int   `json:"comment_text"` // characters
	MediaBytes      int64 `json:"media_bytes"`
	MediaPixels     int64 `json:"media_pixels"`
}
