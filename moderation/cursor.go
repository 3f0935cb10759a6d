package moderation

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
)

var cursorText = base64.RawURLEncoding.Strict()

// makeCursor is a place in a list as it is given out: a checksum, and the place.
func makeCursor(place string) string {
	return cursorText.EncodeToString(append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(place))), place...))
}

// parseCursor is what makeCursor was told; ok is false for anything it did not make.
func parseCursor(s string) (place string, ok bool) {
	raw, err := cursorText.DecodeString(s)
	if err != nil || len(raw) < 4 {
		return "", false
	}
	place = string(raw[4:])
	return place, makeCursor(place) == s
}
