package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/storage/blob"
	"github.com/teahouse-im/teahouse/storage/blob/blobtest"
)

func files(t *testing.T) (*blob.Files, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "media")
	f, err := blob.OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f, dir
}

func TestFiles(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) media.Blobs { f, _ := files(t); return f })
}

// all are the files of a folder.
func all(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestFilesLeaveNothingBehind(t *testing.T) {
	f, dir := files(t)
	broken := io.MultiReader(strings.NewReader("some"), &failing{})
	if err := f.Put(t.Context(), "m-broken", broken, 10, ""); !errors.Is(err, errFailing) || errors.Is(err, fault.Unavailable) {
		t.Fatalf("a broken upload is told as %v", err)
	}
	if left := all(t, dir); len(left) != 0 {
		t.Fatalf("a put that failed leaves %v", left)
	}

	if err := f.Put(t.Context(), "m-whole", strings.NewReader("whole"), 5, ""); err != nil {
		t.Fatal(err)
	}
	old, young := filepath.Join(dir, "tmp", "put-old"), filepath.Join(dir, "tmp", "put-young")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	if _, err := blob.OpenFiles(dir); err != nil {
		t.Fatal(err)
	}
	if left := all(t, dir); len(left) != 2 || left[0] != young {
		t.Fatalf("after a start there are %v, want the blob and %s", left, young)
	}
}

var errFailing = errors.New("the connection broke")

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, errFailing }

// Who reads a blob has it to the end, also when it is deleted meanwhile.
func TestFilesAreReadToTheEnd(t *testing.T) {
	f, _ := files(t)
	data := bytes.Repeat([]byte("tea "), 1<<18)
	if err := f.Put(t.Context(), "m-long", bytes.NewReader(data), int64(len(data)), ""); err != nil {
		t.Fatal(err)
	}
	r, err := f.Open(t.Context(), "m-long", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := f.Delete(t.Context(), "m-long"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

// bucket makes a bucket of its own in the S3 server that tests talk to.
func bucket(t *testing.T) (url string) {
	t.Helper()
	server := os.Getenv("TEAHOUSE_TEST_S3") // s3://KEY:SECRET@HOST:PORT
	if server == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("TEAHOUSE_TEST_S3 names no server: see scripts/services")
		}
		t.Skip("NO S3 SERVER: set TEAHOUSE_TEST_S3, or run scripts/services start")
	}
	user, host, _ := strings.Cut(strings.TrimPrefix(server, "s3://"), "@")
	key, secret, _ := strings.Cut(user, ":")
	c, err := minio.New(host, &minio.Options{Creds: credentials.NewStaticV4(key, secret, "")})
	if err != nil {
		t.Fatal(err)
	}
	name := "test-" + uuid.NewString()
	if err := c.MakeBucket(t.Context(), name, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		for o := range c.ListObjects(ctx, name, minio.ListObjectsOptions{Recursive: true}) {
			_ = c.RemoveObject(ctx, name, o.Key, minio.RemoveObjectOptions{})
		}
		if err := c.RemoveBucket(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return server + "/" + name
}

func TestS3(t *testing.T) {
	url := bucket(t)
	var folders atomic.Int64
	blobtest.Run(t, func(t *testing.T) media.Blobs {
		b, err := blob.Open(t.Context(), fmt.Sprintf("%s/media/%d?tls=off&region=us-east-1", url, folders.Add(1)))
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
}

func TestS3ThatIsNotThere(t *testing.T) {
	if _, err := blob.Open(t.Context(), bucket(t)+"x?tls=off"); err == nil || !strings.Contains(err.Error(), "no bucket") {
		t.Errorf("a bucket that does not exist is opened: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := blob.Open(ctx, "s3://key:secret-canary@127.0.0.1:1/bucket?tls=off&region=us-east-1")
	if err == nil || strings.Contains(err.Error(), "secret-canary") {
		t.Errorf("a server that is not there: %v", err)
	}
}

func TestBadURLs(t *testing.T) {
	for _, url := range []string{
		"", "s3:", "s3://", "s3://host", "s3://host/", "http://host/bucket", "s3://host/bucket?tls=maybe", "s3://host/bucket?colour=green",
		"s3://k:canary@host/bucket?colour=1", "s3://k:canary@host:port/bucket", "s3://host/bucket#x", "/somewhere",
	} {
		_, err := blob.Open(t.Context(), url)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
