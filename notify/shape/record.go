package shape

import (
	"encoding/binary"
	"errors"
)

// What stands in the journal: records one behind the other. The first byte of one
// is its kind.
const (
	markRecord   = 's' // a sighting as it was decided
	forgetRecord = 'f' // a template that a moderator released
	firstRecord  = 't' // a template and its first notice
	hourRecord   = 'h' // an app, an hour and what it redeemed
)

const (
	textFlag = 1 << iota
	oldFlag
	joinedFlag
	untilFlag
	holdShift = iota // two bits
	partFlag  = 1 << 6
)

var holds = [4]string{"", Crowd, Pace, Hoard}

var errRecord = errors.New("a record of sightings is damaged")

func appendMark(b []byte, k mark) []byte {
	flags := byte(0)
	for i, set := range [...]bool{k.Text, k.old, k.joined, k.until != k.at} {
		if set {
			flags |= 1 << i
		}
	}
	for i, hold := range holds {
		if k.hold == hold {
			flags |= byte(i) << holdShift
		}
	}
	if k.part {
		flags |= partFlag
	}
	b = append(b, markRecord, flags)
	for _, x := range [...]uint64{k.Developer, k.App, k.Template, k.Subject, k.Reader, k.Notice, uint64(k.at)} {
		b = binary.BigEndian.AppendUint64(b, x)
	}
	if k.until != k.at {
		b = binary.BigEndian.AppendUint64(b, uint64(k.until))
	}
	if k.Text {
		b = binary.BigEndian.AppendUint64(b, k.Whole)
		b = append(b, byte(len(k.Letters)))
		b = append(b, k.Letters...)
	}
	return b
}

func appendNumbers(kind byte, b []byte, numbers ...uint64) []byte {
	b = append(b, kind)
	for _, x := range numbers {
		b = binary.BigEndian.AppendUint64(b, x)
	}
	return b
}

// records reads them one by one.
type records struct {
	rest []byte
	err  error
}

func (r *records) bytes(n int) []byte {
	if r.err != nil || len(r.rest) < n {
		r.err = errRecord
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *records) number() uint64 { return be64(r.bytes(8)) }

func (r *records) mark() mark {
	flags := r.bytes(1)[0]
	var k mark
	for _, x := range [...]*uint64{&k.Developer, &k.App, &k.Template, &k.Subject, &k.Reader, &k.Notice} {
		*x = r.number()
	}
	k.at = int64(r.number())
	k.until = k.at
	if flags&untilFlag != 0 {
		k.until = int64(r.number())
	}
	k.part = flags&partFlag != 0
	k.Text, k.old, k.joined, k.hold = flags&textFlag != 0, flags&oldFlag != 0, flags&joinedFlag != 0, holds[flags>>holdShift&3]
	if k.Text {
		k.Whole = r.number()
		k.Letters = string(r.bytes(int(r.bytes(1)[0])))
		k.Keys = skeleton{k.Letters, k.Whole}.keys(k.Developer)
	}
	return k
}
