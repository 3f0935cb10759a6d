package media

import (
	"context"
	"image"
	"io"
	"os"
	"testing"
)

// Clean cleans a picture, sound or film and tells what it is; kind is "" for what is none.
func Clean(dir string, data []byte) (clean []byte, kind string, width, height int, err error) {
	s := NewService(nil, nil, nil, Options{Temp: dir, Bytes: 1 << 30, Pixels: 1 << 40, DecodeBytes: 1})
	f, err := s.temp()
	if err != nil {
		return nil, "", 0, 0, err
	}
	defer f.forget()
	if _, err := f.Write(data); err != nil {
		return nil, "", 0, 0, err
	}
	if err := f.finish(); err != nil {
		return nil, "", 0, 0, err
	}
	m, whole, _, err := s.inspect(context.Background(), f)
	if err != nil {
		return nil, "", 0, 0, err
	}
	defer whole.forget()
	if m.Type == unknownType {
		return nil, "", 0, 0, nil
	}
	clean, err = io.ReadAll(whole.reader())
	return clean, m.Type, m.Width, m.Height, err
}

// OnDecode has a test told of every picture that is decoded: f runs before, and
// what it returns afterwards.
func OnDecode(t *testing.T, f func() func()) {
	for name, decode := range decoders {
		decoders[name] = func(r io.Reader) (image.Image, error) {
			defer f()()
			return decode(r)
		}
		t.Cleanup(func() { decoders[name] = decode })
	}
}

// DecodeCost is the memory that decoding a picture is taken to need.
func DecodeCost(t *testing.T, data []byte) int64 {
	t.Helper()
	s := NewService(nil, nil, nil, Options{Temp: os.TempDir()})
	f, err := s.temp()
	if err != nil {
		t.Fatal(err)
	}
	defer f.forget()
	out, err := s.temp()
	if err != nil {
		t.Fatal(err)
	}
	defer out.forget()
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := f.finish(); err != nil {
		t.Fatal(err)
	}
	p, err := cleaners[pictureType(data)](out, f.reader(), f.size)
	if err != nil {
		t.Fatal(err)
	}
	return p.cost + previewBytes
}
