// Package blob keeps the bytes of media: as files of a folder, or in a store that
// speaks S3. Both do what media.Blobs promises, and blobtest holds them to it.
//
// It knows nothing of what the bytes mean, who may read them, or when they are
// to be forgotten.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/media"
)

// Open opens what a URL names: file:DIR, or s3://[KEY:SECRET@]HOST[:PORT]/BUCKET[/PREFIX][?region=R&tls=off].
// Errors never repeat the URL, which may hold a secret.
func Open(ctx context.Context, url string) (media.Blobs, error) {
	if dir, ok := strings.CutPrefix(url, "file:"); ok {
		return OpenFiles(dir)
	}
	return OpenS3(ctx, url)
}

// checkKey refuses what could be read as a path. Keys are made by the server, so
// that a bad one is a mistake.
func checkKey(key string) error {
	if len(key) < 4 || len(key) > 100 || key[0] == '.' {
		return fmt.Errorf("%q is no key of a blob", key)
	}
	for i := range len(key) {
		c := key[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return fmt.Errorf("%q is no key of a blob", key)
		}
	}
	return nil
}

// exactly reads as many bytes as it says, and errs if there are fewer or more. It
// tells failures of what it reads from apart from those of where that goes.
type exactly struct {
	ctx  context.Context
	r    io.Reader
	left int64
	err  error // of r
}

var errLength = errors.New("the blob has another length than was told")

func (e *exactly) Read(p []byte) (int, error) {
	if e.err == nil {
		e.err = e.ctx.Err()
	}
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.r.Read(p)
	e.left -= int64(n)
	if e.left < 0 || err == io.EOF && e.left > 0 {
		err = errLength
	}
	if err != nil && err != io.EOF {
		e.err = err
	}
	return n, err
}

// away is a failure of where blobs are kept.
func away(what string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w: %w", what, fault.Unavailable, err)
}
