package property_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
)

func TestTextsAreFoldedAsPeopleTypeThem(t *testing.T) {
	for text, want := range map[string]string{
		"Genève": "geneve", "Gene\u0300ve": "geneve", "Łódź": "lodz", "Küche": "kuche", "Straße": "strasse",
		"STRAẞE": "strasse", "Æbleskiver": "aebleskiver", "Øresund": "oresund",
		"Đà Nẵng": "da nang", "İSTANBUL": "istanbul",
		"Kadıköy": "kadikoy", "œuvre": "oeuvre", "Þingvellir": "thingvellir", "Ñandú": "nandu",
		"Ελλάδα": "ελλαδα",
		"ΟΔΟΣ":   "οδοσ", "Ёлка": "елка", "мой": "мой", "мои\u0306": "мой",
		"за\u0301мок": "замок", "київ": "київ",
		"King’s": "kings", "kings'": "kings", "l'été": "lete", "king´s": "kings", "lake-view": "lake view",
		"  a,  b\n\tc ": "a b c", "“Lake View”": "lake view", "85 m²": "85 m2",
		"½ price": "1 2 price", "ＴＯＫＹＯ！": "tokyo",
		"ﬁne": "fine", "한국": "한국", "\u1112\u1161\u11AB": "한", "カ\u3099": "ガ",
		"ｶﾞ": "ガ", "東京、渋谷": "東京 渋谷",
		"👩\u200D👧": "👩👧", "a|b": "a|b", "ａ｜ｂ": "a b", "...": "", "": "",
		"a\u00A0b": "a b", "\uFEFFhouse": "house",
		"Ŋ ŉ ĸ ŀ": "n n q l", "ǅ ĳ": "dz ij", "C++": "c", "1.250,00 €": "1 250 00",
		"café\u200B": "cafe", "שָׁלוֹם": "שָׁלוֹם",
	} {
		if got := property.Fold(text); got != norm.NFC.String(want) {
			t.Errorf("%q is folded to %q, want %q", text, got, want)
		}
	}
}

// The words of a search are folded twice: when they are read, and from the canonical text.
func TestTheFoldOfAFoldIsItself(t *testing.T) {
	odd := rapid.RuneFrom([]rune("aIİıß'´`ŉ|,- \t\u0300\u0301\u0323\u034F\u200Dииё½ﬁ＇｜Å"))
	text := rapid.StringOf(rapid.OneOf(odd,
		rapid.RuneFrom(nil, unicode.Mn, unicode.Lm, unicode.Sk), rapid.Rune()))
	rapid.Check(t, func(t *rapid.T) {
		drawn := text.Draw(t, "text")
		once := property.Fold(drawn)
		if twice := property.Fold(once); twice != once {
			t.Fatalf("the fold of %+q is %+q, and the fold of that is %+q", drawn, once, twice)
		}
	})
}

func TestTheFoldOfEveryCharacterIsItsOwn(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		once := property.Fold("a" + string(r) + "b")
		if property.Fold(once) != once || strings.Contains(once, "|") != (r == '|') {
			t.Errorf("%U is folded to %+q", r, once)
		}
	}
}

func TestEqualTextsInNFCAndNFDFoldAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 12, -1).Draw(t, "text")
		folded := property.Fold(text)
		if c, d := property.Fold(norm.NFC.String(text)), property.Fold(norm.NFD.String(text)); c != folded || d != folded {
			t.Fatalf("%+q is folded to %+q, in NFC to %+q, in NFD to %+q", text, folded, c, d)
		}
	})
}

// Letters fold as the extension unaccent of Postgres removes accents, in the alphabets of Latin and Greek.
func TestLettersFoldAsPostgresRemovesAccents(t *testing.T) {
	files, err := filepath.Glob("/usr/share/postgresql/*/tsearch_data/unaccent.rules")
	if err != nil || len(files) == 0 {
		t.Skip("needs the rules of unaccent: apt-get install postgresql-contrib")
	}
	file, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // only read from
	compared := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		letter, plain, _ := strings.Cut(lines.Text(), "\t")
		r, size := utf8.DecodeRuneInString(letter)
		digraph := strings.ContainsRune("ƕƢƣȸȹỺỻỼỽỾỿẜẝẚŉŀĿ", r)
		if size != len(letter) || !unicode.In(r, unicode.L) || digraph ||
			!(r <= 0x24F || 0x370 <= r && r <= 0x3FF || 0x1E00 <= r && r <= 0x1FFF) {
			continue
		}
		compared++
		if got, want := property.Fold(letter), property.Fold(plain); got != want {
			t.Errorf("%s is folded to %q; unaccent makes %q of it", letter, got, plain)
		}
	}
	if compared < 500 {
		t.Errorf("%d letters were compared", compared)
	}
}
