package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/storage"
	"github.com/teahouse-im/teahouse/storage/blob"
	"github.com/teahouse-im/teahouse/storage/scylla"
	"github.com/teahouse-im/teahouse/stream"
)

// uploads puts the domain of media together. Whoever knows what shows media comes later.
func (n *Node) uploads(c *Config, blobs media.Blobs, now func() time.Time) error {
	if c.BlobsApart() {
		n.log.Warn().Msg("uploads stay in this node's folder, where other nodes do not find them: set --blobs")
	}
	opt := media.DefaultOptions()
	opt.Now, opt.Bytes, opt.Pixels = now, c.MediaBytes, c.MediaPixels
	opt.Failed = n.failed("media")
	opt.Temp = filepath.Join(c.Data, "uploads")
	if err := os.MkdirAll(opt.Temp, 0o700); err != nil {
		return fmt.Errorf("make the folder of uploads: %w", err)
	}
	n.Media = media.NewService(n.store, blobs, map[string]media.Witness{
		media.Message: messages{n}, media.Moment: moments{n}, media.Profile: profiles{n}, media.Answer: answers{n},
	}, opt)
	return nil
}

// openBlobs opens where a configuration keeps uploads: what it names, or else the
// store if nodes share that, or else a folder of its own.
func openBlobs(ctx context.Context, c *Config, store storage.Backend) (media.Blobs, error) {
	url := c.Blobs
	if shared, ok := store.(interface{ Uploads() *scylla.Uploads }); ok && url == "" {
		return shared.Uploads(), nil
	}
	if url == "" || url == "file:" {
		url = "file:" + filepath.Join(c.Data, "media")
	}
	blobs, err := blob.Open(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("--blobs: %w", err)
	}
	return blobs, nil
}

// TryBlobs tells whether uploads can be kept where a configuration says, and if
// not, why. What is kept in the store goes as that does.
func TryBlobs(ctx context.Context, c *Config) error {
	if c.Blobs == "" && schemeOf(c.Store) == "scylla" {
		return nil
	}
	blobs, err := openBlobs(ctx, c, nil)
	if err != nil {
		return err
	}
	return blobs.Ready(ctx)
}

// BlobsApart tells whether each node of a cluster would keep uploads for itself.
func (c *Config) BlobsApart() bool {
	return schemeOf(c.Bus) != "memory" && (c.Blobs == "file:" || c.Blobs == "" && schemeOf(c.Store) != "scylla")
}

// runs runs what ends with its context, until the node is closed.
func (n *Node) runs(run func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { run(ctx) })
	n.closers = append(n.closers, closing(func() {
		stop()
		work.Wait()
	}))
}

// messages, moments, profiles and answers are what shows media. They know what a carrier
// names; the services are there by the time anybody asks.
type (
	messages struct{ n *Node }
	moments  struct{ n *Node }
	profiles struct{ n *Node }
	answers  struct{ n *Node }
)

func (w messages) MayRead(ctx context.Context, u id.User, carrier string, m id.Media) (bool, error) {
	return w.n.Chat.MayReadMedium(ctx, u, carrier, m)
}

func (w messages) Carries(ctx context.Context, carrier string, m id.Media) (bool, error) {
	return w.n.Chat.Carries(ctx, carrier, m)
}

func (w moments) MayRead(ctx context.Context, u id.User, carrier string, m id.Media) (bool, error) {
	return w.n.Moments.Shows(ctx, u, id.Post(carrier), m)
}

func (w moments) Carries(ctx context.Context, carrier string, m id.Media) (bool, error) {
	return w.n.Moments.Carries(ctx, id.Post(carrier), m)
}

// MayRead tells whether it is the picture of a profile, which all may see.
func (w profiles) MayRead(ctx context.Context, _ id.User, carrier string, m id.Media) (bool, error) {
	return w.Carries(ctx, carrier, m)
}

func (w profiles) Carries(ctx context.Context, carrier string, m id.Media) (bool, error) {
	a, err := w.n.Accounts.Profile(ctx, id.User(carrier))
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	return a.Avatar == string(m), err
}

func (w answers) MayRead(ctx context.Context, u id.User, carrier string, m id.Media) (bool, error) {
	return w.n.Notices.MayRead(ctx, u, carrier, m)
}

func (w answers) Carries(ctx context.Context, carrier string, m id.Media) (bool, error) {
	return w.n.Notices.Carries(ctx, carrier, m)
}

// answerMedia are uploads of developers as package notify has them.
type answerMedia struct{ n *Node }

func (l answerMedia) Enclosed(ctx context.Context, u id.User, kind stream.Kind, body []byte) (notify.Medium, error) {
	stored, m, err := l.n.Chat.MediaBody(ctx, u, kind, body)
	if err != nil {
		return notify.Medium{}, err
	}
	of, err := l.n.Media.Own(ctx, u, string(m.ID))
	return notify.Medium{ID: of.ID, Body: stored, Digest: of.Digest, Look: of.Look}, err
}

func (l answerMedia) Carry(ctx context.Context, m id.Media, carrier string) error {
	return l.n.Media.Carry(ctx, m, media.Carrier{Kind: media.Answer, ID: carrier})
}

func (l answerMedia) Doubt(ctx context.Context, m id.Media) error { return l.n.Media.Doubt(ctx, m) }

// chatMedia are uploads as package chat has them.
type chatMedia struct{ *media.Service }

func (l chatMedia) Own(ctx context.Context, u id.User, name string) (chat.Medium, error) {
	m, carriers, err := l.Owned(ctx, u, name)
	out := chat.Medium{ID: m.ID, Type: m.Type, Size: m.Size, Width: m.Width, Height: m.Height, Duration: m.Duration}
	for _, c := range carriers {
		if c.Kind == media.Message {
			out.Noted = append(out.Noted, c.ID)
		}
	}
	return out, err
}

func (l chatMedia) Carry(ctx context.Context, m id.Media, carrier string) error {
	return l.Service.Carry(ctx, m, media.Carrier{Kind: media.Message, ID: carrier})
}

// feedMedia are uploads as package feed has them.
type feedMedia struct{ *media.Service }

func (l feedMedia) Media(ctx context.Context, u id.User, names []id.Media) ([]feed.Medium, error) {
	out := make([]feed.Medium, len(names))
	for i, name := range names {
		m, err := l.Own(ctx, u, string(name))
		switch {
		case errors.Is(err, fault.NotFound):
			continue
		case err != nil:
			return nil, err
		}
		out[i] = feed.Medium{ID: m.ID, Type: m.Type, Width: m.Width, Height: m.Height, Placeholder: m.Placeholder}
	}
	return out, nil
}

func (l feedMedia) Carry(ctx context.Context, p id.Post, all []id.Media) error {
	for _, m := range all {
		if err := l.Service.Carry(ctx, m, media.Carrier{Kind: media.Moment, ID: string(p)}); err != nil {
			return err
		}
	}
	return nil
}

func (l feedMedia) Uncarry(ctx context.Context, p id.Post, all []id.Media) error {
	for _, m := range all {
		if err := l.Service.Uncarry(ctx, m, media.Carrier{Kind: media.Moment, ID: string(p)}); err != nil {
			return err
		}
	}
	return nil
}

// pictures are uploads as package account has them.
type pictures struct{ n *Node }

func (p pictures) Show(ctx context.Context, u id.User, name string) error {
	m, err := p.n.Media.Own(ctx, u, name)
	switch {
	case errors.Is(err, fault.NotFound), err == nil && !strings.HasPrefix(m.Type, "image/"):
		return account.ErrNoPicture
	case err != nil:
		return err
	}
	err = p.n.Media.Carry(ctx, m.ID, media.Carrier{Kind: media.Profile, ID: string(u)})
	if errors.Is(err, fault.NotFound) {
		return account.ErrNoPicture
	}
	return err
}

func (p pictures) Leave(ctx context.Context, name string) error {
	m, ok := id.ParseMedia(name)
	if !ok {
		return nil
	}
	return p.n.Media.Doubt(ctx, m)
}
