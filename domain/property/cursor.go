package property

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// A cursor is the place where a page begins, as text: 8 bytes of sort key, 16 of id and 8 of check sum, in base64url.
// The check sum covers the place and the search's filter and sort, so that a cursor goes with its own search only and a
// garbled or invented one is noticed. It is no secret: whoever makes a valid one merely chooses where to begin.
const (
	placeBytes  = 8 + 16
	cursorBytes = placeBytes + 8
)

// NextCursor is the text of the cursor for the page that follows, or "" when the page is not full.
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
	if err != nil || len(b) != cursorBytes || string(s.cursorSum(b[:placeBytes])) != string(b[placeBytes:]) {
		return SortPosition{}, fmt.Errorf("read cursor %.60q: %w", text, ErrInvalidCursor)
	}
	return SortPosition{Key: int64(binary.BigEndian.Uint64(b)), ID: ID(b[8:placeBytes])}, nil
}

func (s *Search) cursorSum(place []byte) []byte {
	var q query
	s.writeQuestion(&q)
	sum := sha256.New()
	sum.Write([]byte(q.text()))
	sum.Write([]byte{0})
	sum.Write(place)
	return sum.Sum(nil)[:cursorBytes-placeBytes]
}
