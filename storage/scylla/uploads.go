package scylla

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gocql/gocql"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
)

// pieceBytes is how much of an upload stands in one row.
const pieceBytes = 512 << 10

// Uploads are media.Blobs in the keyspace: every node finds there what another
// took in, where nodes share no other place. A blob is put once, as a rule; each
// time has its pieces under a name of its own, and the latest that is whole counts.
// The line of a time is there before its pieces, so that Delete finds also those
// of one that was never finished.
type Uploads struct{ s *Store }

// Uploads are those of the keyspace.
func (s *Store) Uploads() *Uploads { return &Uploads{s} }

var _ media.Blobs = (*Uploads)(nil)

// checkBlob refuses what is no medium's id, perhaps with a suffix.
func checkBlob(key string) error {
	name, _, _ := strings.Cut(key, ".")
	if _, ok := id.ParseMedia(name); !ok {
		return fmt.Errorf("%q is no key of a blob", key)
	}
	return nil
}

// Put implements media.Blobs.
func (u *Uploads) Put(ctx context.Context, key string, r io.Reader, size int64, _ string) error {
	if err := errors.Join(ctx.Err(), checkBlob(key)); err != nil {
		return err
	}
	version := gocql.TimeUUID()
	line := func(whole bool) error {
		q := u.s.writing(ctx, `INSERT INTO uploads (blob, version, size, whole) VALUES (?, ?, ?, ?)`, key, version, size, whole)
		return readError(q.Exec())
	}
	if err := line(false); err != nil {
		return err
	}
	room := make([]byte, min(size, pieceBytes))
	for at := int64(0); at < size; at += pieceBytes {
		data := room[:min(size-at, pieceBytes)]
		if _, err := io.ReadFull(r, data); err != nil {
			return fmt.Errorf("read what is to be put: %w", err)
		}
		q := u.s.writing(ctx, `INSERT INTO upload_pieces (version, piece, data) VALUES (?, ?, ?)`, version, at/pieceBytes, data)
		if err := readError(q.Exec()); err != nil {
			return err
		}
	}
	return line(true)
}

// Open implements media.Blobs.
func (u *Uploads) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	if err := checkBlob(key); err != nil {
		return nil, err
	}
	iter := u.s.reading(ctx, `SELECT version, size, whole FROM uploads WHERE blob=?`, key).Iter()
	p := &pieces{ctx: ctx, s: u.s, at: offset}
	whole := false
	for !whole && iter.Scan(&p.version, &p.end, &whole) { // the latest comes first
	}
	if err := readError(iter.Close()); err != nil {
		return nil, err
	}
	if !whole {
		return nil, media.ErrUnknown
	}
	if n >= 0 && n < p.end-offset {
		p.end = offset + n
	}
	return p, nil
}

// Delete implements media.Blobs.
func (u *Uploads) Delete(ctx context.Context, key string) error {
	if err := checkBlob(key); err != nil {
		return err
	}
	iter := u.s.reading(ctx, `SELECT version, size FROM uploads WHERE blob=?`, key).Iter()
	var version gocql.UUID
	var size int64
	for iter.Scan(&version, &size) {
		n := int((size + pieceBytes - 1) / pieceBytes)
		err := each(ctx, n, func(ctx context.Context, i int) error {
			return readError(u.s.writing(ctx, `DELETE FROM upload_pieces WHERE version=? AND piece=?`, version, i).Exec())
		})
		if err != nil {
			return errors.Join(err, iter.Close())
		}
	}
	if err := readError(iter.Close()); err != nil {
		return err
	}
	return readError(u.s.writing(ctx, `DELETE FROM uploads WHERE blob=?`, key).Exec())
}

// Ready implements media.Blobs.
func (u *Uploads) Ready(ctx context.Context) error { return u.s.Ready(ctx) }

// pieces read a blob, one piece at a time.
type pieces struct {
	ctx     context.Context
	s       *Store
	version gocql.UUID
	at, end int64
	left    []byte // of the piece that was read last
}

// Read implements io.Reader.
func (p *pieces) Read(b []byte) (int, error) {
	if p.at >= p.end {
		return 0, io.EOF
	}
	if len(p.left) == 0 {
		var data []byte
		q := p.s.reading(p.ctx, `SELECT data FROM upload_pieces WHERE version=? AND piece=?`, p.version, p.at/pieceBytes)
		err := readError(q.Scan(&data))
		if errors.Is(err, gocql.ErrNotFound) || err == nil && int64(len(data)) <= p.at%pieceBytes { // deleted meanwhile
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		p.left = data[p.at%pieceBytes:]
		p.left = p.left[:min(int64(len(p.left)), p.end-p.at)]
	}
	n := copy(b, p.left)
	p.left, p.at = p.left[n:], p.at+int64(n)
	return n, nil
}

// Close implements io.Closer.
func (p *pieces) Close() error { return nil }
