package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/go-json-experiment/json"
)

// Medium is an upload.
type Medium struct {
	Media       string `json:"media"`
	Type        string `json:"type"` // found out by the server
	Size        int64  `json:"size"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	DurationMS  int64  `json:"duration_ms"`
	Thumbnail   bool   `json:"thumbnail"`
	Placeholder string `json:"placeholder"` // a blurhash
}

// Upload uploads size bytes of r under a file name. progress is told how many
// of them have gone out so far; it may be nil. Only ctx bounds the time it takes.
func (a *API) Upload(ctx context.Context, name string, r io.Reader, size int64, progress func(sent int64)) (Medium, error) {
	var head bytes.Buffer
	form := multipart.NewWriter(&head)
	if _, err := form.CreateFormFile("file", name); err != nil {
		return Medium{}, err
	}
	before := head.Len()
	if err := form.Close(); err != nil {
		return Medium{}, err
	}
	whole := head.Bytes()
	body := io.MultiReader(bytes.NewReader(whole[:before]), &counted{r: io.LimitReader(r, size), told: progress}, bytes.NewReader(whole[before:]))
	req, err := http.NewRequestWithContext(ctx, "POST", a.base+"/v1/media", body)
	if err != nil {
		return Medium{}, err
	}
	req.ContentLength = size + int64(len(whole))
	req.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := a.patient(req)
	if err != nil {
		return Medium{}, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	if err != nil {
		return Medium{}, err
	}
	var m Medium
	if err := json.Unmarshal(answer, &m); err != nil {
		return Medium{}, fmt.Errorf("POST /media: %w", err)
	}
	return m, nil
}

// A counted reader tells how much of it was read.
type counted struct {
	r    io.Reader
	read int64
	told func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.read += int64(n); n > 0 && c.told != nil {
		c.told(c.read)
	}
	return n, err
}

// Download opens a medium from an offset on. The caller closes it.
func (a *API) Download(ctx context.Context, media string, offset int64) (io.ReadCloser, error) {
	return a.download(ctx, "/media"+seg(media), offset)
}

// Thumbnail opens a medium's small picture. The caller closes it.
func (a *API) Thumbnail(ctx context.Context, media string) (io.ReadCloser, error) {
	return a.download(ctx, "/media"+seg(media)+"/thumbnail", 0)
}

func (a *API) download(ctx context.Context, path string, offset int64) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", a.base+"/v1"+path, nil)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := a.patient(req)
	if err != nil {
		return nil, err
	}
	if offset > 0 && resp.StatusCode != http.StatusPartialContent {
		resp.Body.Close()
		return nil, fmt.Errorf("GET %s: the server does not go on at an offset", path)
	}
	return resp.Body, nil
}

// patient makes a request that may take as long as its context allows.
func (a *API) patient(req *http.Request) (*http.Response, error) {
	req.Header.Set("Authorization", "Bearer "+a.token)
	hc := *a.http
	hc.Timeout = 0
	resp, err := hc.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, answerMost))
		return nil, problem(resp.StatusCode, resp.Header, answer)
	}
	return resp, nil
}
