package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/teahouse-im/teahouse/media"
)

// S3 keeps blobs as objects of a bucket.
type S3 struct {
	core           minio.Core
	bucket, prefix string
}

// OpenS3 opens a bucket, which has to be there. Without a key in the URL it is
// looked for where the tools of S3 look: in AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY, in ~/.aws/credentials, and in what the machine is
// granted.
func OpenS3(ctx context.Context, rawURL string) (*S3, error) {
	at, opt, err := parseS3(rawURL)
	if err != nil {
		return nil, err
	}
	core, err := minio.NewCore(at.host, opt)
	if err != nil {
		return nil, fmt.Errorf("open the blobs: %w", err)
	}
	s := &S3{core: *core, bucket: at.bucket, prefix: at.prefix}
	return s, s.Ready(ctx)
}

type s3Address struct{ host, bucket, prefix string }

var errURL = errors.New("the blobs' URL is not of the form s3://[KEY:SECRET@]HOST[:PORT]/BUCKET[/PREFIX][?region=R&tls=off]")

// parseS3 reads the URL of a bucket. Its error does not repeat it.
func parseS3(raw string) (s3Address, *minio.Options, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.Fragment != "" {
		return s3Address{}, nil, errURL
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if bucket == "" {
		return s3Address{}, nil, errURL
	}
	if prefix != "" {
		prefix += "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return s3Address{}, nil, errURL
	}
	for name := range query {
		if name != "region" && name != "tls" {
			return s3Address{}, nil, errURL
		}
	}
	tls := query.Get("tls")
	if tls != "" && tls != "on" && tls != "off" {
		return s3Address{}, nil, errURL
	}
	opt := &minio.Options{Secure: tls != "off", Region: query.Get("region"), BucketLookup: minio.BucketLookupAuto}
	if secret, ok := u.User.Password(); ok {
		opt.Creds = credentials.NewStaticV4(u.User.Username(), secret, "")
	} else {
		opt.Creds = credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
		})
	}
	return s3Address{u.Host, bucket, prefix}, opt, nil
}

// Put implements media.Blobs. S3 stores an object whole or not at all.
func (s *S3) Put(ctx context.Context, key string, r io.Reader, size int64, mediaType string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	in := &exactly{ctx: ctx, r: r, left: size}
	var from io.Reader = in
	if at, ok := r.(io.ReaderAt); ok { // can be sent again after a failure; its length is known to be right
		from = io.NewSectionReader(at, 0, size)
	}
	opt := minio.PutObjectOptions{ContentType: mediaType, DisableMultipart: true}
	_, err := s.core.Client.PutObject(ctx, s.bucket, s.prefix+key, from, size, opt)
	if in.err != nil {
		return in.err
	}
	return away("write a blob", err)
}

// Open implements media.Blobs.
func (s *S3) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if n == 0 {
		return http.NoBody, nil
	}
	var opt minio.GetObjectOptions
	if offset > 0 || n > 0 {
		r := fmt.Sprintf("bytes=%d-", offset)
		if n > 0 {
			r += fmt.Sprint(offset + n - 1)
		}
		opt.Set("Range", r)
	}
	body, _, _, err := s.core.GetObject(ctx, s.bucket, s.prefix+key, opt)
	switch {
	case err == nil:
		return body, nil
	case statusOf(err) == http.StatusNotFound:
		return nil, media.ErrUnknown
	case statusOf(err) == http.StatusRequestedRangeNotSatisfiable:
		return http.NoBody, nil
	}
	return nil, away("read a blob", err)
}

func statusOf(err error) int { return minio.ToErrorResponse(err).StatusCode }

// Delete implements media.Blobs.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	err := s.core.RemoveObject(ctx, s.bucket, s.prefix+key, minio.RemoveObjectOptions{})
	if statusOf(err) == http.StatusNotFound {
		return nil
	}
	return away("delete a blob", err)
}

// Ready implements media.Blobs.
func (s *S3) Ready(ctx context.Context) error {
	ok, err := s.core.BucketExists(ctx, s.bucket)
	if err != nil {
		return away("reach the bucket of media", err)
	}
	if !ok {
		return fmt.Errorf("there is no bucket %q for media", s.bucket)
	}
	return nil
}
