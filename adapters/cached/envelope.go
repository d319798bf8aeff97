package cached

import (
	"encoding/binary"
	"errors"
)

// Other programs can write into a shared cache. An entry is therefore an envelope around a record, signed with a key
// that only the processes of the service have:
//
//	id of the signing key | nonce and tag | length of the entry's key | the entry's key | record
//	       16 bytes       |    28 bytes   |         2 bytes
//
// The tag is AES-GCM's over everything behind it; nothing is encrypted (GMAC, NIST SP 800-38D). It is checked before
// anything behind it is read. The signature covers the entry's key: an envelope found under another key counts as
// forged. An older authentic envelope that is put back does no harm, since the ledger judges its age.
const (
	signatureAt = signingKeyID
	signedAt    = signatureAt + signatureSize
)

// Reasons why an envelope is not opened.
var (
	errUnknownKey = errors.New("the cached record is signed with an unknown key")
	errForged     = errors.New("the cached record is forged, damaged, or another key's")
)

// seal makes the envelope for the record under the entry's key.
func (k *signingKey) seal(key string, r *record) []byte {
	b := make([]byte, signedAt, signedAt+2+len(key)+r.size())
	copy(b, k.id)
	b = binary.BigEndian.AppendUint16(b, uint16(len(key))) // entryKey bounds the length
	b = append(b, key...)
	b = r.append(b)
	k.aead.Seal(b[signatureAt:signatureAt:signedAt], nil, nil, b[signedAt:])
	return b
}

// open verifies an envelope found under the entry's key and returns the record's bytes as the writer encoded them.
func (k *Keyring) open(key string, b []byte) ([]byte, error) {
	if len(b) < signedAt+2 {
		return nil, errForged
	}
	by := k.find(b[:signatureAt])
	if by == nil {
		return nil, errUnknownKey
	}
	signed := b[signedAt:]
	if _, err := by.aead.Open(nil, nil, b[signatureAt:signedAt], signed); err != nil {
		return nil, errForged
	}
	end := 2 + int(binary.BigEndian.Uint16(signed))
	if len(signed) < end || string(signed[2:end]) != key {
		return nil, errForged
	}
	return signed[end:], nil
}
