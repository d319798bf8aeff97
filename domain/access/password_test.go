package access_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/access"
)

func TestGoodPasswordsAreTaken(t *testing.T) {
	const long = "a sentence of the house that goes on and on, "
	for _, password := range []string{
		"correct horse", "twelve chars", "correct horse battery staple", "pass\x00word and more", "Monkey-Banana-River",
		"schöne grüße 7", "中文密码也可以这样长一些",
		strings.Repeat(long, 5) + "the end", strings.Repeat(long, 2), "tr0ub4dor&3 x9",
		"mY dog ate 4 shoes", "jvnwtkgxlpqz", "annabel walks the dog",
	} {
		for _, name := range []string{"anna@example.org", "a", "cor", ""} {
			if err := access.CheckPassword(password, name); err != nil && !strings.HasPrefix(password, "anna") {
				t.Errorf("%q for %q: %v", password, name, err)
			}
		}
	}
	for range 1_000 {
		if password := rand.Text(); access.CheckPassword(password, "a@b") != nil {
			t.Errorf("generated password %q: %v", password, access.CheckPassword(password, "a@b"))
		}
	}
}

func TestWeakPasswordsAreRefusedWithAReason(t *testing.T) {
	for reason, list := range map[string][]string{
		"must be text": {"not text \xff\xfe and more"},
		"must have 12 to 256 characters": {
			"", "eleven char", strings.Repeat("ü", 11), strings.Repeat("many words ", 24)},
		"must not contain the account's name": {
			"anna.b@example.org", "ANNA.B@Example.org ", "anna.banna.banna.b", "my name is Anna.B indeed", "1234anna.b5678"},
		"must have at least 5 different characters": {
			strings.Repeat("a", 12), strings.Repeat("ü", 40), strings.Repeat(" ", 12),
			"aaaaaaaaaaab", "abababababab12", "            x",
			strings.Repeat("ab", 128)},
		"must not repeat the same few characters": {
			"passwordpassword", "Xk9!bXk9!bXk9!b", "lake house lake house ", "Qz7pWQz7pWQz7"},
		"must not follow the keyboard, the alphabet or the numbers": {
			"123456789012", "qwertyuiopas", "abcdefghijkl", "zyxwvutsrqpo", "1qaz2wsx3edc", "QWERTZUIOPas", "0987654321ab",
			"asdfghjklöäp", "poiuytrewq12", "aabbccddeeffgg", "azertyuiopqs"},
		"is one of those that are guessed first": {
			"password1234", "1234password", "P@ssw0rd!2026", "sunshine-2026!!", "transformers", "!!superman!!99",
			"pass word 1234", "monkeymonkey1", "Liverpool20262027", "finalfantasy", "cheeseburger",
			"4815162342lf", "$unshine2026"},
	} {
		for _, password := range list {
			err := access.CheckPassword(password, "anna.b@example.org")
			var invalid *access.InvalidAccountError
			if !errors.As(err, &invalid) || invalid.Field != "password" || !strings.HasPrefix(invalid.Reason, reason) {
				t.Errorf("%q: %v; want %q", password, err, reason)
			}
			if !strings.Contains(reason, "12 to 256") && !strings.Contains(reason, "text") &&
				!strings.Contains(err.Error(), "use a few words") {
				t.Errorf("%q: no advice: %v", password, err)
			}
		}
	}
}

func TestNoPasswordIsTooLongToBeJudgedSoon(t *testing.T) {
	for _, password := range []string{strings.Repeat("\U0001F600", 256), strings.Repeat("q", 1<<20)} {
		if err := access.CheckPassword(password, strings.Repeat("x", 64)); err == nil {
			t.Error("a password that is too long is accepted")
		}
	}
}
