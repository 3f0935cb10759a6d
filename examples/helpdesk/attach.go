package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/teahouse-im/teahouse/client"
)

// fileMost is how large a picture or file of an agent may be.
const fileMost = 5 << 20

// An attachment is a picture or file that an agent has chosen.
type attachment struct {
	name string
	data []byte
}

// attached reads what was chosen in the form; nil is nothing.
func attached(r *http.Request) (*attachment, error) {
	f, head, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	return &attachment{head.Filename, data}, err
}

// show is the answer that shows an attachment. It is uploaded once for a key, so
// that the same answer sent again is the same answer.
func (d *desk) show(ctx context.Context, at *attachment, caption, key string) (kind string, body any, err error) {
	d.mu.Lock()
	m, known := d.uploads[key]
	d.mu.Unlock()
	if !known {
		if m, err = d.app.Upload(ctx, at.name, at.data); err != nil {
			return "", nil, err
		}
		d.mu.Lock()
		d.uploads[key] = m
		d.mu.Unlock()
	}
	if strings.HasPrefix(m.Type, "image/") {
		return "image", client.Image{Media: m.Media, Width: m.Width, Height: m.Height, Caption: caption}, nil
	}
	return "file", client.File{Media: m.Media, Name: at.name, Size: m.Size}, nil
}
