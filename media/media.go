// Package media keeps what people upload: pictures, recordings, films and files.
// What something is follows from its bytes, never from its name; what pictures
// tell about where and how they were taken is removed; what would not fit into
// memory is refused before it is unpacked.
//
// A medium is seen by who uploaded it, and by those who may see something that
// carries it: a message, a moment, a profile, an app's answer. The package does not know those; it
// asks whoever does, for each carrier, at every download.
package media

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// A Medium is what is known about an upload.
type Medium struct {
	ID          id.Media      `json:"media"`
	Owner       id.User       `json:"owner"` // who uploaded it
	Type        string        `json:"type"`  // a media type, found out from the bytes
	Size        int64         `json:"size"`  // bytes, as they are served
	Width       int           `json:"width,omitempty"`
	Height      int           `json:"height,omitempty"`   // pixels, as shown
	Duration    time.Duration `json:"duration,omitempty"` // of sound and film, if it could be found out
	Thumbnail   bool          `json:"thumbnail,omitempty"`
	Placeholder string        `json:"placeholder,omitempty"` // blurhash
	Digest      string        `json:"digest,omitempty"`      // hex, of the bytes as they are served: the same content has the same
	Look        string        `json:"look,omitempty"`        // hex, of a picture that could be decoded: alike ones differ in few bits
	At          time.Time     `json:"at"`                    // when it was uploaded, or last had reason to be looked after

	Pending bool      `json:"pending,omitempty"` // its bytes are not known to be stored yet; nobody sees it
	Doomed  time.Time `json:"doomed,omitzero"`   // since when it is no more to be carried, because nothing carried it
}

// A Carrier is something that shows a medium: "message", "moment", "profile" or
// "answer", and where it is.
type Carrier struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// Store keeps what is known about media; one medium with its carriers is one partition.
type Store interface {
	// PutMedium stores a medium, new or changed, and a line in the list of the day of
	// its At. A line in the list of another day stays.
	PutMedium(ctx context.Context, m Medium) error
	// Medium finds one with its carriers, in no order. ErrUnknown.
	Medium(ctx context.Context, m id.Media) (Medium, []Carrier, error)
	// Carry notes that something shows a medium. It may be noted, and the medium need not exist.
	Carry(ctx context.Context, m id.Media, c Carrier) error
	// Uncarry takes such a note back. It may be gone.
	Uncarry(ctx context.Context, m id.Media, c Carrier) error
	// MediaOf are the media of one day (UTC), in no order.
	MediaOf(ctx context.Context, day time.Time) ([]id.Media, error)
	// DropMedium forgets one with its carriers and its line in the list of its day. at is its time.
	DropMedium(ctx context.Context, m id.Media, at time.Time) error
}

// Blobs keeps the bytes. A key is a medium's id, perhaps with a suffix.
type Blobs interface {
	// Put stores size bytes of r under a key, whole or not at all, replacing what is there.
	Put(ctx context.Context, key string, r io.Reader, size int64, mediaType string) error
	// Open reads n bytes of a blob from an offset on (n < 0: all the rest). ErrUnknown.
	Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error)
	// Delete forgets one. It may be gone.
	Delete(ctx context.Context, key string) error
	// Ready tells whether blobs can be read and written at the moment, and if not, why.
	Ready(ctx context.Context) error
}

// ErrUnknown is a medium or blob that does not exist.
var ErrUnknown = errors.New("no such medium")
