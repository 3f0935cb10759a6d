package media

import "encoding/binary"

// What pictures tell about themselves is removed, all but which way is up: an
// orientation is a number from 1 (as stored) to 8, and from 5 on width and height
// change places.

// exifMost bounds Exif data that are looked at.
const exifMost = 1 << 16

// orientationOf reads the orientation out of Exif data, which begin with the
// header of a TIFF file. What cannot be read is 1.
func orientationOf(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	switch string(tiff[:4]) {
	case "MM\x00*":
	case "II*\x00":
		order = binary.LittleEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	n := int(order.Uint16(tiff[at:]))
	entries := tiff[at+2:]
	for ; n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		const tagOrientation, typeShort = 0x0112, 3
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort && order.Uint32(entries[4:]) == 1 {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
		}
	}
	return 1
}

// onlyOrientation is Exif data that tell nothing but an orientation.
func onlyOrientation(o int) []byte {
	return []byte{
		'M', 'M', 0, '*', 0, 0, 0, 8, // the directory is right behind
		0, 1, // it has one entry:
		0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(o), 0, 0, // the orientation, one short number
		0, 0, 0, 0, // there is no further directory
	}
}
