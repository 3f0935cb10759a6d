package media

import (
	"io"
	"time"
)

// unknownType is what everything is whose bytes do not tell otherwise. It is
// served as an attachment and comes back as it went in.
const unknownType = "application/octet-stream"

// file is an upload while it is looked at.
type file interface {
	io.ReaderAt
	io.WriterAt
}

// pictureType tells which kind of picture a file looks like at its beginning; "" for none.
func pictureType(head []byte) string {
	switch {
	case len(head) >= 3 && string(head[:3]) == "\xff\xd8\xff":
		return "image/jpeg"
	case len(head) >= 8 && string(head[:8]) == pngSignature:
		return "image/png"
	case len(head) >= 6 && (string(head[:6]) == "GIF87a" || string(head[:6]) == "GIF89a"):
		return "image/gif"
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return "image/webp"
	}
	return ""
}

// A recording is what was found out about sound or film.
type recording struct {
	mediaType     string
	width, height int           // of film, as shown
	duration      time.Duration // 0: unknown
}

// recordingOf reads the headers of sound and film; ok is false for what is
// neither. Of MP4 and WebM, what it tells of where and when it was taken is overwritten.
func recordingOf(f file, head []byte, size int64) (r recording, ok bool, err error) {
	switch {
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return readMP4(f, size, string(head[8:12]))
	case len(head) >= 4 && string(head[:4]) == "\x1a\x45\xdf\xa3":
		return readWebM(f, size)
	case len(head) >= 4 && string(head[:4]) == "OggS":
		r, ok = readOgg(f, head, size)
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WAVE":
		r, ok = readWAV(f, size)
	}
	return r, ok, nil
}

// seconds is a duration from a count of units; what makes no sense is unknown.
func seconds(count, perSecond float64) time.Duration {
	const most = 30 * 24 * 3600
	if s := count / perSecond; s > 0 && s < most {
		return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
	}
	return 0
}
