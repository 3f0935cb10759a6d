package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/storage/blob"
	"github.com/teahouse-im/teahouse/storage/scylla"
	"github.com/teahouse-im/teahouse/storage/scylla/scyllatest"
	"github.com/teahouse-im/teahouse/wire"
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

// ended waits for the end of an upload whose server was killed. It was not acknowledged.
func ended(t *testing.T, upload <-chan error) {
	t.Helper()
	select {
	case err := <-upload:
		if err == nil {
			t.Error("an upload is acknowledged by a server that did not see its end")
		}
	case <-time.After(patience):
		t.Error("the client waits for a server that is gone")
	}
}

// dieDuringUpload kills a server when it has half of what somebody uploads, and
// looks that nothing of it is left in the server's folder.
func dieDuringUpload(t *testing.T, p *process, data string, who *person) {
	t.Helper()
	told, wait, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := who.api.Upload(context.Background(), "half", &stalls{8 << 20, told, wait}, 16<<20, nil)
		done <- err
	}()
	select {
	case <-told:
	case err := <-done:
		t.Fatalf("the upload ended before its server did: %v", err)
	}
	p.kill()
	close(wait)
	ended(t, done)
	if left := filesOf(t, filepath.Join(data, "uploads")); len(left) != 0 {
		t.Errorf("of an upload that nobody acknowledged there is %v", left)
	}
}

// A server that is killed in the middle of an upload leaves nothing of it: not
// what came, not a name, and nothing that anybody sees.
func TestAServerDiesDuringAnUpload(t *testing.T) {
	data := t.TempDir()
	p := launch(t, "--data", data)
	ann := join(t, client.Server{URL: p.url}, "ann")
	whole := upload(t, ann, "it was there before")
	dieDuringUpload(t, p, data, ann)
	if left := filesOf(t, filepath.Join(data, "media")); len(left) != 1 {
		t.Errorf("there are the blobs %v, and one was acknowledged", left)
	}
	p.start()
	reads(t, ann, whole, "it was there before")
}

func upload(t *testing.T, who *person, content string) client.Medium {
	t.Helper()
	m, err := who.api.Upload(t.Context(), "a file", strings.NewReader(content), int64(len(content)), nil)
	must(t, err)
	return m
}

// reads checks what somebody downloads.
func reads(t *testing.T, who *person, m client.Medium, content string) {
	t.Helper()
	got, err := who.api.Download(t.Context(), m.Media, 0)
	must(t, err)
	defer got.Close()
	if b, err := io.ReadAll(got); err != nil || string(b) != content {
		t.Errorf("%s reads %.40q, %v", who.name, b, err)
	}
}

// missing checks that a medium is as if it did not exist.
func missing(t *testing.T, who *person, medium string) {
	t.Helper()
	r, err := who.api.Download(t.Context(), medium, 0)
	if err == nil {
		r.Close()
	}
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("%s asks for %s and is told %v", who.name, medium, err)
	}
}

// send writes a message that carries a medium.
func send(t *testing.T, who *person, stream, medium string, size int) (wire.Sent, error) {
	t.Helper()
	file := fmt.Appendf(nil, `{"media":%q,"name":"tea.txt","size":%d}`, medium, size)
	return who.api.Post(t.Context(), client.Message{
		ID: uuid.Must(uuid.NewV7()).String(), Stream: stream, Body: client.RawBody{Kind: "file", JSON: file},
	})
}

// A bucket is one of a test's own in a real S3 server.
type bucket struct {
	client    *minio.Client
	name, key string
	host      string
}

func makeBucket(t *testing.T) *bucket {
	t.Helper()
	b := &bucket{name: fmt.Sprintf("teahouse-%d", time.Now().UnixNano())}
	b.key, b.host, _ = strings.Cut(strings.TrimPrefix(server(t, "TEAHOUSE_TEST_S3"), "s3://"), "@")
	key, secret, _ := strings.Cut(b.key, ":")
	var err error
	b.client, err = minio.New(b.host, &minio.Options{Creds: credentials.NewStaticV4(key, secret, "")})
	must(t, err)
	must(t, b.client.MakeBucket(t.Context(), b.name, minio.MakeBucketOptions{}))
	t.Cleanup(func() {
		for _, key := range b.blobs() {
			_ = b.client.RemoveObject(context.Background(), b.name, key, minio.RemoveObjectOptions{})
		}
		_ = b.client.RemoveBucket(context.Background(), b.name)
	})
	return b
}

// at is the URL for --blobs, by way of some host.
func (b *bucket) at(host string) string {
	return "s3://" + b.key + "@" + host + "/" + b.name + "?tls=off&region=us-east-1"
}

// blobs are the keys of all that is in it.
func (b *bucket) blobs() (keys []string) {
	for o := range b.client.ListObjects(context.Background(), b.name, minio.ListObjectsOptions{Recursive: true}) {
		keys = append(keys, o.Key)
	}
	return keys
}

// What one node takes in, another gives out, to those who may see it; and what is
// taken back on one is gone on the other.
func TestMediaOfACluster(t *testing.T) {
	t.Run("in the store", mediaOfACluster)
	t.Run("in a bucket", func(t *testing.T) {
		b := makeBucket(t)
		t.Setenv("TEAHOUSE_BLOBS", b.at(b.host))
		mediaOfACluster(t)
	})
}

func mediaOfACluster(t *testing.T) {
	nodes := cluster(t, server(t, "TEAHOUSE_TEST_REDIS"), 2)
	one, two := client.Server{URL: nodes[0].url}, client.Server{URL: nodes[1].url}
	ann, bob, cat := join(t, one, "ann"), join(t, two, "bob"), join(t, two, "cat")
	befriend(t, ann, bob)
	data := strings.Repeat("oolong ", 100_000)
	m := upload(t, ann, data)
	missing(t, bob, m.Media)
	stream, err := ann.api.OpenDirect(t.Context(), "bob")
	must(t, err)
	sent, err := send(t, ann, stream, m.Media, len(data))
	must(t, err)
	reads(t, bob, m, data)
	reads(t, ann, m, data)
	missing(t, cat, m.Media)
	_, err = ann.api.Recall(t.Context(), stream, sent.Seq)
	must(t, err)
	missing(t, bob, m.Media)
}

// A node of a cluster that is killed during an upload, whether half of it has come
// or all of it lies in the bucket and the node was not told yet, leaves nothing
// that anybody sees on the other nodes. What was acknowledged is there; what was
// not goes with the sweep.
func TestANodeDiesDuringAnUpload(t *testing.T) {
	b := makeBucket(t)
	way, shaky := scyllatest.NewStraits(t, b.host)
	data := t.TempDir()
	nodes := clusterOf(t, server(t, "TEAHOUSE_TEST_REDIS"),
		[]string{"--blobs", b.at(shaky), "--data", data}, []string{"--blobs", b.at(b.host)})
	ann, bob := join(t, client.Server{URL: nodes[0].url}, "ann"), join(t, client.Server{URL: nodes[1].url}, "bob")
	befriend(t, ann, bob)
	there := &person{name: "ann, at the other node,", api: at(t, ann, bob.server)}
	stream, err := ann.api.OpenDirect(t.Context(), "bob")
	must(t, err)
	whole := upload(t, ann, "it was there before")
	_, err = send(t, ann, stream, whole.Media, len("it was there before"))
	must(t, err)

	dieDuringUpload(t, nodes[0], data, ann)
	if left := b.blobs(); !slices.Equal(left, []string{whole.Media}) {
		t.Errorf("there are the blobs %v, and one was acknowledged", left)
	}
	nodes[0].start()

	way.Hang()
	done := make(chan error, 1)
	go func() {
		_, err := ann.api.Upload(context.Background(), "all", strings.NewReader("all of it"), 9, nil)
		done <- err
	}()
	var orphan string
	eventually(t, func() error {
		left := slices.DeleteFunc(b.blobs(), func(key string) bool { return key == whole.Media })
		if len(left) != 1 {
			return fmt.Errorf("there are %v beside what was acknowledged", left)
		}
		orphan = left[0]
		return nil
	})
	nodes[0].kill()
	way.Heal()
	ended(t, done)
	nodes[0].start()

	for _, who := range []*person{ann, there, bob} {
		missing(t, who, orphan)
	}
	if _, err := send(t, there, stream, orphan, 9); err == nil {
		t.Error("a message carries an upload that was not acknowledged")
	}
	reads(t, bob, whole, "it was there before")
	sweep(t, nodes[1], b.at(b.host))
	if left := b.blobs(); !slices.Equal(left, []string{whole.Media}) {
		t.Errorf("the sweep leaves the blobs %v", left)
	}
	reads(t, bob, whole, "it was there before")
	reads(t, there, whole, "it was there before")
}

// sweep does to the media of a cluster what a node does some days later, twice.
// Nobody is there who could say that something shows nothing any more.
func sweep(t *testing.T, p *process, blobs string) {
	t.Helper()
	s, err := scylla.Open(t.Context(), p.args[slices.Index(p.args, "--store")+1], scylla.Options{})
	must(t, err)
	defer s.Close()
	at, err := blob.Open(t.Context(), blobs)
	must(t, err)
	opt, now := media.DefaultOptions(), time.Now().Add(3*24*time.Hour)
	opt.Now = func() time.Time { return now }
	service := media.NewService(s, at, nil, opt)
	must(t, service.Sweep(t.Context()))
	now = now.Add(2 * time.Hour)
	must(t, service.Sweep(t.Context()))
}
