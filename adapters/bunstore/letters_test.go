package bunstore_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
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
		lower("ⱡ", "a"):                      "the lower case of Ⱡ is a",
		lower("ⱡ", "ŉ"):                      "the lower case of Ⱡ is ŉ",
		lower("ⱡ", "ⱡ\u0307"):                "the lower case of Ⱡ is ⱡ\u0307",
		lower("ⱡ", " "):                      "a letter is folded to a space",
		lower("ᲀ", "в"):                      "the lower case of ᲀ is в",
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
				t.Run("every character", func(t *testing.T) { wantEveryCharacterFoldedAsInGo(t, db) })
			})
		}
	}
	t.Run("SQLite", func(t *testing.T) { fit(t, open(t, sqliteFile(t))) })
}

// oddLetters are letters that some language, database or version of Unicode folds in a way of its own.
var oddLetters = []rune("iIjJkKsSßẞſKÅİıÍÌĨĮíìĩįΣσςŉǰǅﬁɤꟋ" +
	"\uFFFD\uFFFF\u0301\u0300\u0303\u0307\u0328éÉéπΠᲐაꭰᎠⓐ房ا %_\\|,’-ŁłⱠⱡØæйи\u0306ё½²한")

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

// wantEveryCharacterFoldedAsInGo folds all characters, each between others, in the database and in Go. It leaves out
// those of which the domain is not certain.
func wantEveryCharacterFoldedAsInGo(t *testing.T, db *bunstore.DB) {
	var texts, folds []string
	var text strings.Builder
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Cs, unicode.Co) || property.ContainsText(string(r), "a") == property.Maybe {
			continue
		}
		for _, form := range []string{"%c", "a%cb", "%c\u0301", "и%c\u0306", " %c "} {
			text.WriteString("|" + fmt.Sprintf(form, r))
		}
		if text.Len() > 2000 {
			texts, folds = append(texts, text.String()), append(folds, property.Fold(text.String()))
			text.Reset()
		}
	}
	var wrong []string
	err := db.Writer().NewRaw(`SELECT text || ' is folded to ' || gable_fold(text) || ', not ' || fold
		FROM unnest(?::text[], ?::text[]) AS asked(text, fold) WHERE gable_fold(text) <> fold LIMIT 3`,
		pgdialect.Array(texts), pgdialect.Array(folds)).Scan(t.Context(), &wrong)
	if err != nil || len(wrong) > 0 || len(texts) < 500 {
		t.Errorf("of %d texts: %+q, error %v", len(texts), wrong, err)
	}
}

// What the session has set must not change what an index stores.
func TestAFoldDoesNotDependOnTheSession(t *testing.T) {
	db := open(t, template.Postgres(t))
	conn := connect(t, db)
	const text = `King’s "Łódź" a\b — ﬁ½ Straße` + "\n´’мои\u0306"
	for _, setting := range []string{
		"SET standard_conforming_strings = off", "SET escape_string_warning = off", "SET backslash_quote = off",
		`CREATE SCHEMA other; CREATE FUNCTION other.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
			CREATE FUNCTION other.translate(text, text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
			CREATE FUNCTION other.differ(integer, integer) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
			CREATE OPERATOR other.<> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = other.differ);
			SET search_path = other, public, pg_catalog`,
		"SET search_path = ''", "SET lc_messages = 'C'",
	} {
		if _, err := conn.Exec(t.Context(), setting); err != nil {
			t.Fatal(err)
		}
		var folded string
		err := conn.QueryRow(t.Context(), "SELECT public.gable_fold($1)", text).Scan(&folded)
		if err != nil || folded != property.Fold(text) {
			t.Errorf("after %s the fold is %q, not %q; error %v", setting, folded, property.Fold(text), err)
		}
	}
}

// A role with rights on the table alone writes the indexes, too.
func TestARoleWithRightsOnListingsAloneWritesThem(t *testing.T) {
	db := open(t, template.Postgres(t))
	role := "writer_" + strings.ToLower(rand.Text())
	t.Cleanup(func() {
		if _, err := db.Writer().Exec("DROP OWNED BY " + role + "; DROP ROLE " + role); err != nil {
			t.Error(err)
		}
	})
	byHand(t, db.Writer(), "CREATE ROLE "+role, "GRANT SELECT, INSERT, UPDATE ON properties TO "+role)
	conn := connect(t, db)
	for _, statement := range []string{
		"SET ROLE " + role, "INSERT INTO properties (title, price, location) VALUES ('Maison à Genève', 1, 'Łódź')",
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(statement, err)
		}
	}
	s := parse(t, "q=geneve&location=lodz")
	if page, _, err := db.Repository().Search(t.Context(), s); err != nil || len(page.Properties) != 1 {
		t.Errorf("found %v, error %v", page, err)
	}
}

// Both databases compute a distance to the last bit as Go does: cursors have it.
func TestDistancesAreTheSameNumbersInEveryDatabase(t *testing.T) {
	edges := []float64{
		-180, -179.99, -90, -89.9, -1e-300, 0, 5e-324, 1e-9, 1.0000000001e-9, 47.6062, 89.99, 90, 122.3321, 180,
	}
	random := rapid.Float64Range(-180, 180)
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		for batch := range 40 {
			var asked, want []string
			for n := range 50 {
				draw := func(i int, limit float64) float64 {
					d := random.Example(batch*200 + 4*n + i)
					if batch%2 == 0 {
						d = edges[(batch*7+n*(i*3+1)+i)%len(edges)]
					}
					return max(-limit, min(limit, d))
				}
				at := property.Coordinates{Latitude: draw(0, 90), Longitude: draw(1, 180)}
				from := property.Coordinates{Latitude: draw(2, 90), Longitude: draw(3, 180)}
				asked = append(asked, "CAST("+bunstore.Distance(from, at)+" AS text)")
				want = append(want, strconv.FormatInt(property.DistanceKey(from, at), 10))
			}
			got := strings.Fields(lines(t, db, "SELECT "+strings.Join(asked, " || ' ' || "))[0])
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%s is %s, not %s", asked[i], got[i], want[i])
				}
			}
		}
	})
}
