package push

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"testing"
)

// The example of RFC 8291, appendix A.
func TestSealAsTheStandardDoes(t *testing.T) {
	raw := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	once, err := ecdh.P256().NewPrivateKey(raw("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
	if err != nil {
		t.Fatal(err)
	}
	to := Keys{
		P256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
		Auth:   "BTBZMqHH6r4Tts7J_aSIgg",
	}
	got, err := sealWith(to, append([]byte("When I grow up, I want to be a watermelon"), 2), once, raw("DGv6ra1nlYgDCS1FRnbzlw"))
	if err != nil {
		t.Fatal(err)
	}
	want := raw("DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

func TestSealFitsIntoOneRecord(t *testing.T) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding
	to := Keys{b64.EncodeToString(key.PublicKey().Bytes()), b64.EncodeToString(make([]byte, 16))}
	for _, n := range []int{0, 1, 511, 512, 3583, 3584, sealedMost} {
		sealed, err := seal(to, make([]byte, n))
		if err != nil || len(sealed) > recordSize || len(sealed) != recordSize && len(sealed)%padTo != 86+16 {
			t.Errorf("%d bytes become %d, %v", n, len(sealed), err)
		}
	}
	if _, err := seal(to, make([]byte, sealedMost+1)); err == nil {
		t.Error("too long a message was sealed")
	}
}
