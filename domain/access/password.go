package access

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	minPassword = 12
	maxPassword = 256
	// leastDifferent is the least number of different characters in a password.
	leastDifferent = 5
	// shortestName is the length from which a password may not contain the account's name: shorter names are part
	// of too many words.
	shortestName = 4
)

// advice follows each reason about passwords that are easy to guess.
const advice = "; use a few words that do not belong together"

// CheckPassword returns an *InvalidAccountError when the password is too weak for the account of this name. It
// demands length, not kinds of characters, and refuses the first guesses of attackers, as NIST SP 800-63B advises:
// rules of composition make passwords that people forget and machines guess.
func CheckPassword(password, name string) error {
	wrong := func(reason string, args ...any) error {
		return &InvalidAccountError{"password", fmt.Sprintf(reason, args...)}
	}
	if !utf8.ValidString(password) {
		return wrong("must be text")
	}
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return wrong("must have %d to %d characters", minPassword, maxPassword)
	}
	lower := strings.ToLower(password)
	switch letters := []rune(lower); {
	case containsName(lower, strings.ToLower(strings.TrimSpace(name))):
		return wrong("must not contain the account's name" + advice)
	case different(letters) < leastDifferent:
		return wrong("must have at least %d different characters"+advice, leastDifferent)
	case repeats(letters):
		return wrong("must not repeat the same few characters" + advice)
	case followsRow(letters):
		return wrong("must not follow the keyboard, the alphabet or the numbers" + advice)
	case common(lower):
		return wrong("is one of those that are guessed first, or one with digits and signs around it" + advice)
	}
	return nil
}

// containsName reports whether a password has the name in it, or the part of an e-mail address before the @.
func containsName(password, name string) bool {
	local, _, _ := strings.Cut(name, "@")
	return slices.ContainsFunc([]string{name, local}, func(part string) bool {
		return len(part) >= shortestName && strings.Contains(password, part)
	})
}

func different(letters []rune) int {
	seen := map[rune]bool{}
	for _, r := range letters {
		seen[r] = true
	}
	return len(seen)
}

// repeats reports whether a password repeats a text that is shorter than a password.
func repeats(letters []rune) bool {
	for period := 1; period < minPassword && period <= len(letters)/2; period++ {
		if slices.Equal(letters[period:], letters[:len(letters)-period]) {
			return true
		}
	}
	return false
}

// rows are common sequences: the alphabet, the numbers, and the keyboard across and down.
var rows = strings.Fields("abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop[] asdfghjkl;' zxcvbnm,./ " +
	"qwertzuiopü asdfghjklöä yxcvbnm,.- azertyuiop qsdfghjklm wxcvbn 1qaz 2wsx 3edc 4rfv 5tgb 6yhn 7ujm 8ik 9ol 0p")

// followsRow reports whether a password mostly walks along a row. That is so when at least three of four characters
// equal the one before or are its neighbour in a row.
func followsRow(letters []rune) bool {
	steps := 0
	for i, r := range letters[1:] {
		if neighbours(letters[i], r) {
			steps++
		}
	}
	return 4*steps >= 3*(len(letters)-1)
}

func neighbours(a, b rune) bool {
	return a == b || slices.ContainsFunc(rows, func(row string) bool {
		return strings.Contains(row, string([]rune{a, b})) || strings.Contains(row, string([]rune{b, a}))
	})
}

//go:embed common.txt.gz
var packedCommon []byte

// commonPasswords returns the passwords that attackers guess first, in lower case, sorted. common.LICENCE.txt names
// their source.
var commonPasswords = sync.OnceValue(func() []string {
	unpacked, err := gzip.NewReader(bytes.NewReader(packedCommon))
	if err != nil {
		panic(fmt.Sprintf("read the built-in list of passwords: %v", err))
	}
	list, err := io.ReadAll(unpacked)
	if err != nil {
		panic(fmt.Sprintf("read the built-in list of passwords: %v", err))
	}
	return strings.Split(string(list), "\n")
})

// plain replaces signs and digits that stand for letters by these letters.
var plain = strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s",
	"7", "t")

// common reports whether a password in lower case is a common one. It tries the password as it is, without spaces,
// and without non-letters around it; also with signs read as letters, and repeated twice.
func common(password string) bool {
	joined := strings.Join(strings.Fields(password), "")
	other := func(r rune) bool { return !unicode.IsLetter(r) }
	core, begun := strings.TrimFunc(joined, other), strings.TrimRightFunc(joined, other)
	for _, form := range []string{
		password, joined, core, plain.Replace(joined), plain.Replace(core), plain.Replace(begun),
	} {
		half := form[:len(form)/2]
		if form == half+half {
			form = half
		}
		if _, found := slices.BinarySearch(commonPasswords(), form); found {
			return true
		}
	}
	return false
}
