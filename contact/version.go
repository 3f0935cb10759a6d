package contact

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Versions of a contact list are numbers of its owner's book, and the book moves
// with things its owner is not told, such as being blocked. So they are given out
// enciphered: who holds two of them can tell neither how far apart they are nor
// which came first.
type versions struct{ block cipher.Block }

// newVersions takes a key of 32 bytes, the same on every node.
func newVersions(key []byte) versions {
	sum := sha256.Sum256(append([]byte("contact versions "), key...))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		panic(err) // of the key's length, which is fixed
	}
	return versions{block}
}

var (
	errVersion  = fault.BadRequest.Saying("This is no version of a contact list.")
	versionText = base64.RawURLEncoding.Strict()
)

// format is version v of u's list as it is given out.
func (k versions) format(u id.User, v int64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(v))
	b = append(b, ownerMark(u)...)
	k.block.Encrypt(b, b)
	return versionText.EncodeToString(b)
}

// parse reads a version of u's list; "" is 0. errVersion: none was given out as that.
func (k versions) parse(u id.User, s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	b, err := versionText.DecodeString(s)
	if err != nil || len(b) != aes.BlockSize {
		return 0, errVersion
	}
	k.block.Decrypt(b, b)
	if !bytes.Equal(b[8:], ownerMark(u)) {
		return 0, errVersion
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// ownerMark says whose list a version is of, and that it is one.
func ownerMark(u id.User) []byte {
	sum := sha256.Sum256([]byte(u))
	return sum[:8]
}
