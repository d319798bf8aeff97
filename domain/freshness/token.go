package freshness

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Token is what a reader has seen or written and does not want to see undone: everything that Seen has seen, and the
// transaction Wrote (0 for none). Its text goes to clients, who give it back with later requests, in any process.
type Token struct {
	Seen  Place
	Wrote uint64
}

// ErrInvalidToken says that a text is not a token.
var ErrInvalidToken = errors.New("not a consistency token")

// MetBy reports whether somebody at the place has seen all that the token asks for. Tokens of another epoch are never met.
func (t Token) MetBy(p Place) bool {
	return t.Seen.Epoch == p.Epoch && p.Snapshot.Covers(t.Seen.Snapshot) && (t.Wrote == 0 || p.Snapshot.Sees(t.Wrote))
}

// String is the token as text that is safe in headers and URLs.
func (t Token) String() string {
	text := t.Seen.Epoch + ";" + t.Seen.Snapshot.String() + ";" + strconv.FormatUint(t.Wrote, 10)
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// ParseToken reads the text of a token. The error is ErrInvalidToken, wrapped.
func ParseToken(text string) (Token, error) {
	invalid := func() (Token, error) { return Token{}, fmt.Errorf("read %.60q: %w", text, ErrInvalidToken) }
	plain, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return invalid()
	}
	parts := strings.Split(string(plain), ";")
	if len(parts) != 3 {
		return invalid()
	}
	snapshot, err1 := ParseSnapshot(parts[1])
	wrote, err2 := strconv.ParseUint(parts[2], 10, 64)
	if err1 != nil || err2 != nil {
		return invalid()
	}
	return Token{Seen: Place{Epoch: parts[0], Snapshot: snapshot}, Wrote: wrote}, nil
}
