package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// filesOf are the files in a folder and those below it.
func filesOf(t *testing.T, dir string) (all []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, name)
		}
		return err
	}))
	return all
}

// stalls gives some bytes, tells of it, and then waits until it is let go.
type stalls struct {
	left int
	told chan<- struct{}
	wait <-chan struct{}
}

func (s *stalls) Read(b []byte) (int, error) {
	if s.left == 0 {
		close(s.told)
		<-s.wait
		return 0, io.ErrUnexpectedEOF
	}
	n := min(len(b), s.left)
	clear(b[:n])
	s.left -= n
	return n, nil
}

// A server that is killed in the middle of an upload leaves nothing of it: not
// what came, not a name, and nothing that anybody sees.
func TestAServerDiesDuringAnUpload(t *testing.T) {
	data := t.TempDir()
	p := launch(t, "--data", data)
	ann := join(t, client.Server{URL: p.url}, "ann")
	whole, err := ann.api.Upload(t.Context(), "whole", bytes.NewReader([]byte("it was there before")), 19, nil)
	must(t, err)

	told, wait, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := ann.api.Upload(context.Background(), "half", &stalls{8 << 20, told, wait}, 16<<20, nil)
		done <- err
	}()
	select {
	case <-told:
	case err := <-done:
		t.Fatalf("the upload ended before its server did: %v", err)
	}
	p.kill()
	close(wait)
	select {
	case err := <-done:
		if err == nil {
			t.Error("half an upload is acknowledged")
		}
	case <-time.After(patience):
		t.Error("the client waits for a server that is gone")
	}
	if left := filesOf(t, filepath.Join(data, "uploads")); len(left) != 0 {
		t.Errorf("of an upload that nobody acknowledged there is %v", left)
	}
	if left := filesOf(t, filepath.Join(data, "media")); len(left) != 1 {
		t.Errorf("there are the blobs %v, and one was acknowledged", left)
	}
	p.start()
	got, err := ann.api.Download(t.Context(), whole.Media, 0)
	must(t, err)
	defer got.Close()
	if b, err := io.ReadAll(got); err != nil || string(b) != "it was there before" {
		t.Errorf("what was acknowledged comes back as %q, %v", b, err)
	}
}

// bucket makes a bucket in a real S3 server, and the URL for --blobs.
func bucket(t *testing.T) string {
	t.Helper()
	at := server(t, "TEAHOUSE_TEST_S3")
	user, host, _ := strings.Cut(strings.TrimPrefix(at, "s3://"), "@")
	key, secret, _ := strings.Cut(user, ":")
	c, err := minio.New(host, &minio.Options{Creds: credentials.NewStaticV4(key, secret, "")})
	must(t, err)
	name := fmt.Sprintf("teahouse-%d", time.Now().UnixNano())
	must(t, c.MakeBucket(t.Context(), name, minio.MakeBucketOptions{}))
	t.Cleanup(func() {
		for o := range c.ListObjects(context.Background(), name, minio.ListObjectsOptions{Recursive: true}) {
			_ = c.RemoveObject(context.Background(), name, o.Key, minio.RemoveObjectOptions{})
		}
		_ = c.RemoveBucket(context.Background(), name)
	})
	return at + "/" + name + "?tls=off&region=us-east-1"
}

// What one node takes in, another gives out, to those who may see it; and what is
// taken back on one is gone on the other.
func TestMediaOfACluster(t *testing.T) {
	t.Run("in the store", mediaOfACluster)
	t.Run("in a bucket", func(t *testing.T) {
		t.Setenv("TEAHOUSE_BLOBS", bucket(t))
		mediaOfACluster(t)
	})
}

func mediaOfACluster(t *testing.T) {
	nodes := cluster(t, server(t, "TEAHOUSE_TEST_REDIS"), 2)
	one, two := client.Server{URL: nodes[0].url}, client.Server{URL: nodes[1].url}
	ann, bob, cat := join(t, one, "ann"), join(t, two, "bob"), join(t, two, "cat")
	befriend(t, ann, bob)
	data := bytes.Repeat([]byte("oolong "), 100_000)
	m, err := ann.api.Upload(t.Context(), "tea.txt", bytes.NewReader(data), int64(len(data)), nil)
	must(t, err)
	load := func(who *person) error {
		r, err := who.api.Download(t.Context(), m.Media, 0)
		if err != nil {
			return err
		}
		defer r.Close()
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s gets %d bytes of %d: %v", who.name, len(got), len(data), err)
		}
		return nil
	}
	absent := func(who *person) {
		t.Helper()
		if err := load(who); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s is told %v", who.name, err)
		}
	}
	absent(bob)
	stream, err := ann.api.OpenDirect(t.Context(), "bob")
	must(t, err)
	file := fmt.Appendf(nil, `{"media":%q,"name":"tea.txt","size":%d}`, m.Media, m.Size)
	sent, err := ann.api.Post(t.Context(), client.Message{
		ID: uuid.Must(uuid.NewV7()).String(), Stream: stream, Body: client.RawBody{Kind: "file", JSON: file},
	})
	must(t, err)
	must(t, load(bob))
	must(t, load(ann))
	absent(cat)
	_, err = ann.api.Recall(t.Context(), stream, sent.Seq)
	must(t, err)
	absent(bob)
}
