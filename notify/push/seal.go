package push

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

const (
	recordSize = 4096
	saltBytes  = 16
	// padTo hides how long a text is: what is sealed has a length that is a multiple.
	padTo = 512
	// sealedMost bounds what fits into one record: RFC 8291 has no more.
	sealedMost = recordSize - 86 - 16 - 1
)

// seal encrypts for a browser, so that the push service cannot read it (RFC 8291,
// in the aes128gcm coding of RFC 8188).
func seal(to Keys, plain []byte) ([]byte, error) {
	once, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	padded := append(append(make([]byte, 0, len(plain)+padTo), plain...), 2)
	for len(padded)%padTo != 0 && len(padded) <= sealedMost {
		padded = append(padded, 0)
	}
	return sealWith(to, padded, once, salt)
}

// sealWith is seal of what has its delimiter, and with everything that is random given.
func sealWith(to Keys, padded []byte, once *ecdh.PrivateKey, salt []byte) ([]byte, error) {
	if len(padded) > sealedMost+1 {
		return nil, errors.New("a message is too long to be pushed")
	}
	theirs, err := to.point()
	if err != nil {
		return nil, err
	}
	auth, err := to.secret()
	if err != nil {
		return nil, err
	}
	shared, err := once.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	mine := once.PublicKey().Bytes()
	info := "WebPush: info\x00" + string(theirs.Bytes()) + string(mine)
	ikm, err := hkdf.Key(sha256.New, shared, auth, info, 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, recordSize), salt...)
	out = binary.BigEndian.AppendUint32(out, recordSize)
	out = append(out, byte(len(mine)))
	out = append(out, mine...)
	return gcm.Seal(out, nonce, padded, nil), nil
}
