package property

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// The text of a cursor has the sort position where a page begins. It consists of 8 bytes of key, 16 of id and 8 of
// checksum, in base64url. The checksum covers the position and the search's filter and sort. So a cursor is valid
// for its own search only, and a garbled or invented one is refused. It is not a secret: a client that makes a
// valid one merely chooses where to begin.
const (
	positionBytes = 8 + 16
	cursorBytes   = positionBytes + 8
)

// NextCursor is the text of the cursor for the next page, or "" when the page is not full.
func (s *Search) NextCursor(page *Page) string {
	if next, ok := s.Next(page).Get(); ok {
		return s.cursor(next)
	}
	return ""
}

func (s *Search) cursor(at SortPosition) string {
	b := make([]byte, 0, cursorBytes)
	b = binary.BigEndian.AppendUint64(b, uint64(at.Key))
	b = append(b, at.ID[:]...)
	return base64.RawURLEncoding.EncodeToString(append(b, s.cursorSum(b)...))
}

func (s *Search) parseCursor(text string) (SortPosition, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != cursorBytes || string(s.cursorSum(b[:positionBytes])) != string(b[positionBytes:]) {
		return SortPosition{}, fmt.Errorf("read cursor %.60q: %w", text, ErrInvalidCursor)
	}
	return SortPosition{Key: int64(binary.BigEndian.Uint64(b)), ID: ID(b[8:positionBytes])}, nil
}

func (s *Search) cursorSum(position []byte) []byte {
	var q query
	s.writeQuestion(&q)
	sum := sha256.New()
	sum.Write([]byte(q.text()))
	sum.Write([]byte{0})
	sum.Write(position)
	return sum.Sum(nil)[:cursorBytes-positionBytes]
}
