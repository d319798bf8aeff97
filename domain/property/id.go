package property

import (
	"bytes"
	"encoding/hex"
	"errors"
)

// ID identifies a listing: a UUID. Gable assigns version 7; hand-written SQL may insert any other version. The
// order of the bytes is the order of the canonical texts and of the databases' columns.
type ID [16]byte

// ErrInvalidID means that a text is not a UUID.
var ErrInvalidID = errors.New("not a UUID such as 0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11")

// ParseID reads the canonical 36-character form of a UUID, in either case of letters. For any other text the error
// is ErrInvalidID.
func ParseID(text string) (ID, error) {
	var id ID
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return ID{}, ErrInvalidID
	}
	var digits [32]byte
	n := copy(digits[:], text[0:8])
	n += copy(digits[n:], text[9:13])
	n += copy(digits[n:], text[14:18])
	n += copy(digits[n:], text[19:23])
	copy(digits[n:], text[24:36])
	if _, err := hex.Decode(id[:], digits[:]); err != nil {
		return ID{}, ErrInvalidID
	}
	return id, nil
}

// String is the canonical lower-case form.
func (id ID) String() string {
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:36], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// Compare orders ids as the databases do: -1, 0 or 1.
func (id ID) Compare(o ID) int { return bytes.Compare(id[:], o[:]) }
