package freshness

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Token is what a reader has seen or written and must not see undone: everything that Seen sees, and the
// transactions Wrote. Clients receive its text and send it back with later requests, to any process.
type Token struct {
	Seen  Point
	Wrote []uint64
}

// ErrInvalidToken means that a text is not a token.
var ErrInvalidToken = errors.New("not a consistency token")

// longestWrote is the largest number of transactions in a token.
const longestWrote = 64

// Present is the token of a reader whose view is unknown. No point ever meets it, so a read with it must return the
// present state.
func Present() Token { return Token{Seen: Point{Epoch: "present"}} }

// MetBy reports whether p sees all that the token asks for. A token of another epoch is never met.
func (t Token) MetBy(p Point) bool {
	return t.Seen.Epoch == p.Epoch && p.Snapshot.Covers(t.Seen.Snapshot) &&
		!slices.ContainsFunc(t.Wrote, func(tx uint64) bool { return !p.Snapshot.Sees(tx) })
}

// After is the token of a reader that had t and has written tx through a process at p. It reports false when p is
// of another epoch, or the token would name more than longestWrote transactions.
func (t Token) After(tx uint64, p Point) (Token, bool) {
	if t.MetBy(p) {
		return Token{Seen: p, Wrote: []uint64{tx}}, true
	}
	wrote := append(slices.Clone(t.Wrote), tx)
	return Token{Seen: t.Seen, Wrote: wrote}, t.Seen.Epoch == p.Epoch && len(wrote) <= longestWrote
}

// String is the token as text, safe in headers and URLs.
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

// ParseToken reads the text of a token. The error wraps ErrInvalidToken.
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
