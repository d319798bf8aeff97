package bunstore_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/uptrace/bun/dialect/pgdialect"
	"pgregory.net/rapid"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

// locale is how a database folds letters, and the expected refusal; "" when the database is fit.
type locale struct{ name, clause, refusal string }

var locales = []locale{
	{"Lithuanian ICU", "LOCALE_PROVIDER icu ICU_LOCALE 'lt'", "the lower case of Ì is i\u0307\u0300, not ì"},
	{"Lithuanian ICU, by country", "LOCALE_PROVIDER icu ICU_LOCALE 'lt-LT'", "in its locale lt-LT the lower case of Ì"},
	{"Turkish ICU", "LOCALE_PROVIDER icu ICU_LOCALE 'tr'", "the lower case of"},
	{"Azeri ICU", "LOCALE_PROVIDER icu ICU_LOCALE 'az'", "the lower case of"},
	{"C", "LOCALE 'C'", "the lower case of À is À, not à"},
	{"POSIX", "LOCALE 'POSIX'", "the lower case of À is À, not à"},
	{"ICU of no language", "LOCALE_PROVIDER icu ICU_LOCALE 'und'", ""},
	{"Greek ICU", "LOCALE_PROVIDER icu ICU_LOCALE 'el'", ""},
	{"C.UTF-8", "LOCALE 'C.UTF-8'", ""},
	{"C.UTF-8, built in", "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'", ""},
	{"full Unicode, built in", "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST'", ""},
	{"English libc", "LOCALE 'en_US.UTF-8'", ""},
	{"Turkish libc", "LOCALE 'tr_TR.UTF-8'", "the lower case of"},
}

// with returns the URL of a new database with this locale. It skips the test where the server does not have the
// locale.
func (l locale) with(t *testing.T) string {
	t.Helper()
	db := open(t, template.Postgres(t))
	name := "gable_test_" + strings.ToLower(rand.Text())
	create := "CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8' " + l.clause
	if strings.HasPrefix(l.clause, "LOCALE_PROVIDER") {
		create += " LOCALE 'C'" // of what is not folding
	}
	if _, err := db.Writer().Exec(create); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if _, err := db.Writer().Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	address, err := url.Parse(db.URL())
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + name
	return address.String()
}

func TestADatabaseThatFoldsLettersOtherwiseIsRefused(t *testing.T) {
	for _, l := range locales {
		t.Run(l.name, func(t *testing.T) {
			db, err := bunstore.Open(t.Context(), bunstore.Options{URL: l.with(t)})
			if err == nil {
				_ = db.Close()
			}
			if (err == nil) != (l.refusal == "") || err != nil && (!errors.Is(err, bunstore.ErrUnfitDatabase) ||
				!strings.Contains(err.Error(), l.refusal) || !strings.Contains(err.Error(), "createdb --template template0")) {
				t.Errorf("opening it gives %v", err)
			}
		})
	}
}

func TestAColumnWithACollationOfItsOwnIsRefused(t *testing.T) {
	for _, column := range []string{"title", "description", "location"} {
		db := open(t, template.Postgres(t))
		byHand(t, db.Writer(), `ALTER TABLE properties ALTER COLUMN `+column+` TYPE text COLLATE "C"`)
		_, err := bunstore.Open(t.Context(), bunstore.Options{URL: db.URL()})
		if !errors.Is(err, bunstore.ErrUnfitDatabase) || !strings.HasSuffix(err.Error(), ": "+column) {
			t.Errorf("with a collation for %s opening the database gives %v", column, err)
		}
	}
}

// The test replaces what the server folds with, as another version or another server might have it.
func TestEachWayToFoldLettersOtherwiseIsFound(t *testing.T) {
	const ilike = `CREATE FUNCTION other.like_folded(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE
		AS $$ SELECT pg_catalog.texticlike(%s, %s) $$;
		CREATE OPERATOR other.~~* (LEFTARG = text, RIGHTARG = text, FUNCTION = other.like_folded)`
	lower := func(from, to string) string {
		return fmt.Sprintf(`CREATE FUNCTION other.lower(text) RETURNS text LANGUAGE sql IMMUTABLE
			AS $$ SELECT replace(pg_catalog.lower($1), '%s', '%s') $$`, from, to)
	}
	like := func(fold string) string {
		return fmt.Sprintf(ilike, strings.ReplaceAll(fold, "?", "$1"), strings.ReplaceAll(fold, "?", "$2"))
	}
	db := open(t, template.Postgres(t))
	for change, want := range map[string]string{
		"CREATE TABLE other.nothing ()":      "",
		lower("k", "K"):                      "the lower case of A B C",
		lower("i\u0301", "i\u0307\u0301"):    "the lower case of A B C",
		lower("ÿ", "y"):                      "the lower case of ÿ is y",
		lower("ⱥ", "a"):                      "the lower case of Ⱥ is a",
		lower("ⱥ", "ŉ"):                      "the lower case of Ⱥ is ŉ",
		lower("ⱥ", "ⱥ\u0307"):                "the lower case of Ⱥ is ⱥ\u0307",
		lower("ⱥ", " "):                      "a letter is folded to a space",
		lower("ŉ", "ʼn"):                     "a character without case",
		lower("ا", "أ"):                      "a character without case",
		like("?"):                            "",
		like("replace(?, 'ß', 'ss')"):        "ILIKE",
		like("replace(lower(?), 'ᾳ', 'αι')"): "ILIKE",
		like("replace(?, 'ﬁ', 'fi')"):        "ILIKE",
		like("translate(?, 'ąę', 'ae')"):     "ILIKE",
		`CREATE OPERATOR other.~~* (LEFTARG = text, RIGHTARG = text, FUNCTION = textlike)`: "ILIKE",
	} {
		byHand(t, db.Writer(), "DROP SCHEMA IF EXISTS other CASCADE; CREATE SCHEMA other; "+change)
		opened, err := bunstore.Open(t.Context(), bunstore.Options{URL: db.URL() + "&search_path=other,pg_catalog,public"})
		if err == nil {
			_ = opened.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), " "+want) {
			t.Errorf("%s\nopening it gives %v, not %q", change, err, want)
		}
	}
}

func TestTheDomainIsCertainOnlyOfWhatEveryFitDatabaseFinds(t *testing.T) {
	fit := func(t *testing.T, db *bunstore.DB) {
		t.Run("random texts", func(t *testing.T) { wantCertainTextsFound(t, db) })
		t.Run("random searches", func(t *testing.T) {
			porttest.Differential(t, map[string]ports.PropertyRepository{"database": db.Repository()})
		})
	}
	for _, l := range locales {
		if l.refusal == "" {
			t.Run(l.name, func(t *testing.T) {
				db := open(t, l.with(t))
				fit(t, db)
				t.Run("every character", func(t *testing.T) { wantNothingFoundThatCertainlyIsNot(t, db) })
			})
		}
	}
	t.Run("SQLite", func(t *testing.T) { fit(t, open(t, sqliteFile(t))) })
}

// oddLetters are letters that some language, database or version of Unicode folds in a way of its own.
var oddLetters = []rune("iIjJkKsSßẞſKÅİıÍÌĨĮíìĩįΣσςŉǰǅﬁɤꟋ" +
	"\uFFFD\uFFFF\u0301\u0300\u0303\u0307\u0328éÉéπΠᲐაꭰᎠⓐ房ا %_\\")

// pairs generates a text and a part that may occur in it, as it is or in another case.
var pairs = rapid.Custom(func(t *rapid.T) [2]string {
	var text, part string
	odd, usual := rapid.SampledFrom(oddLetters), rapid.RuneFrom(nil, unicode.Lu, unicode.Ll, unicode.Mn)
	letters := rapid.OneOf(odd, odd, usual, rapid.Rune())
	drawn := rapid.SliceOfN(letters, 1, 7).Draw(t, "text")
	text = string(drawn)
	if rapid.Bool().Draw(t, "unrelated") {
		part = string(rapid.SliceOfN(letters, 1, 2).Draw(t, "part"))
	} else {
		from := rapid.IntRange(0, len(drawn)-1).Draw(t, "from")
		part = string(drawn[from:rapid.IntRange(from+1, len(drawn)).Draw(t, "to")])
	}
	cases := []func(string) string{strings.Clone, strings.ToLower, strings.ToUpper, strings.ToTitle}
	return [2]string{clean(text), clean(rapid.SampledFrom(cases).Draw(t, "case")(part))}
})

// clean removes characters that neither a listing nor a search may have.
func clean(text string) string { return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "") }

func wantCertainTextsFound(t *testing.T, db *bunstore.DB) {
	certain := 0
	for seed := range 5000 {
		pair := pairs.Example(seed)
		match := property.ContainsText(pair[0], pair[1])
		if match == property.Maybe {
			continue
		}
		certain++
		if found := db.Contains(t, pair[0], pair[1]); found != (match == property.Yes) {
			t.Errorf("whether %+q contains %+q is certain: %v; the database says %t", pair[0], pair[1], match, found)
		}
	}
	if certain < 1000 {
		t.Errorf("only %d answers were certain", certain)
	}
}

// unrelated are pairs of characters, each with characters it might be confused with, that certainly do not match.
var unrelated = sync.OnceValues(func() (texts, parts []string) {
	add := func(text, part string) {
		if property.ContainsText(text, part) == property.No {
			texts, parts = append(texts, text), append(parts, part)
		}
	}
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Cn, unicode.Co, unicode.Cs, unicode.Han, unicode.Hangul) {
			continue
		}
		for _, other := range []rune{unicode.ToLower(r), unicode.ToUpper(r), 'i', 'k', 's', '\u0307', 'ɤ'} {
			add(string(r), string(other))
			add(string(other), string(r))
		}
	}
	return texts, parts
})

func wantNothingFoundThatCertainlyIsNot(t *testing.T, db *bunstore.DB) {
	texts, parts := unrelated()
	var wrong []string
	err := db.Writer().NewRaw(`SELECT text || ' has ' || part FROM unnest(?::text[], ?::text[]) AS asked(text, part)
		WHERE text ILIKE '%' || regexp_replace(part, '([\\%_])', '\\\1') || '%' LIMIT 20`,
		pgdialect.Array(texts), pgdialect.Array(parts)).Scan(t.Context(), &wrong)
	if err != nil || len(wrong) > 0 {
		t.Errorf("of %d pairs that certainly do not match: %+q, error %v", len(texts), wrong, err)
	}
}
