package freshness

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Token is what a reader has seen or written and does not want to see undone: everything that Seen has seen, and the
// transactions Wrote. Its text goes to clients, who give it back with later requests, in any process.
type Token struct {
	Seen  Point
	Wrote []uint64
}

// ErrInvalidToken says that a text is not a token.
var ErrInvalidToken = errors.New("not a consistency token")

// longestWrote is how many transactions a token may name.
const longestWrote = 64

// Present is the token of a reader that nobody can tell what it has seen: no place ever meets it, so that whoever gets it
// is to show the present.
func Present() Token { return Token{Seen: Point{Epoch: "present"}} }

// MetBy reports whether somebody at the place has seen all that the token asks for. Tokens of another epoch are never met.
func (t Token) MetBy(p Point) bool {
	return t.Seen.Epoch == p.Epoch && p.Snapshot.Covers(t.Seen.Snapshot) &&
		!slices.ContainsFunc(t.Wrote, func(tx uint64) bool { return !p.Snapshot.Sees(tx) })
}

// After is the token of a reader who had this one, stands before a process at the place, and has written. It reports
// false when that would be too long a list to name.
func (t Token) After(tx uint64, p Point) (Token, bool) {
	if t.MetBy(p) {
		return Token{Seen: p, Wrote: []uint64{tx}}, true
	}
	wrote := append(slices.Clone(t.Wrote), tx)
	return Token{Seen: t.Seen, Wrote: wrote}, t.Seen.Epoch == p.Epoch && len(wrote) <= longestWrote
}

// String is the token as text that is safe in headers and URLs.
func (t Token) String() string {
	text := t.Seen.Epoch + ";" + t.Seen.Snapshot.String() + ";"
	for i, tx := range t.Wrote {
		if i > 0 {
			text += ","
		}
		text += strconv.FormatUint(tx, 10)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// ParseToken reads the text of a token. The error is ErrInvalidToken, wrapped.
func ParseToken(text string) (Token, error) {
	invalid := fmt.Errorf("read %.60q: %w", text, ErrInvalidToken)
	plain, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Token{}, invalid
	}
	parts := strings.Split(string(plain), ";")
	if len(parts) != 3 {
		return Token{}, invalid
	}
	snapshot, err := ParseSnapshot(parts[1])
	if err != nil {
		return Token{}, invalid
	}
	token := Token{Seen: Point{Epoch: parts[0], Snapshot: snapshot}}
	if parts[2] == "" {
		return token, nil
	}
	for text := range strings.SplitSeq(parts[2], ",") {
		tx, err := parseTransaction(text)
		if err != nil || len(token.Wrote) == longestWrote {
			return Token{}, invalid
		}
		token.Wrote = append(token.Wrote, tx)
	}
	return token, nil
}
