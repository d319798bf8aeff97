package bunstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/gable-listings/gable/domain/property"
)

// ErrUnfitDatabase says that a database folds letters or stores text in a way that would make searches unreliable.
var ErrUnfitDatabase = errors.New("this database cannot hold listings")

// asciiProbe has the capitals of ASCII, and those among them to which some languages add or remove a dot before a
// mark.
const asciiProbe = "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z I\u0300 I\u0301 I\u0303 I\u0307 J\u0301"

// letterProbe is the text that the database folds as a test. It has all characters outside ASCII that
// property.ContainsText may be certain about, except the many of Han, Hangul and private use, which have no case in
// any version of Unicode.
type letterProbe struct {
	cased                       []rune
	casedText                   string  // cased, with a space between any two: letters must not fold by their neighbours
	caselessFirst, caselessLast []int32 // runs of caseless characters
}

var letters = sync.OnceValue(func() *letterProbe {
	p := new(letterProbe)
	for r := rune(unicode.MaxASCII + 1); r <= unicode.MaxRune; r++ {
		switch of := property.CaseOf(r); {
		case hasCase(r):
			p.cased = append(p.cased, r)
		case of == property.Caseless && !unicode.In(r, unicode.Han, unicode.Hangul, unicode.Co, unicode.Cs):
			p.addCaseless(r)
		}
	}
	p.casedText = strings.Join(strings.Split(string(p.cased), ""), " ")
	return p
})

func (p *letterProbe) addCaseless(r rune) {
	if n := len(p.caselessLast); n > 0 && p.caselessLast[n-1] == r-1 {
		p.caselessLast[n-1] = r
		return
	}
	p.caselessFirst, p.caselessLast = append(p.caselessFirst, r), append(p.caselessLast, r)
}

// letterSQL folds the probe in the database's own collation. It does so by lower, which gable_fold calls, and by ILIKE,
// with which the programs before gable_fold search the same database.
const letterSQL = `SELECT lower(?0) AS ascii, lower(?1) AS cased, lower(caseless) = caseless AS caseless,
	?0 ILIKE lower(?0) AND ?1 ILIKE lower(?1) AND ?1 ILIKE ?2 AND caseless ILIKE repeat('_', length(caseless)) AND
		NOT ?1 ILIKE ANY (SELECT '%' || chr(letter) || '%' FROM generate_series(ascii('a'), ascii('z')) AS letter) AS alike,
	(SELECT coalesce(d->>'datlocale', d->>'daticulocale', d->>'datctype') FROM to_jsonb(pg_database) AS d) AS locale,
	coalesce((SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = to_regclass('properties')
		AND attname IN ('title', 'description', 'location')
		AND attcollation <> 'pg_catalog."default"'::regcollation), '') AS collated
FROM (SELECT string_agg(chr(letter), '') AS caseless
	FROM unnest(?3::int[], ?4::int[]) AS run(first, last), generate_series(first, last) AS letter) AS probe, pg_database
WHERE datname = current_database()`

// foldedLetters is a database's answer to letterSQL.
type foldedLetters struct {
	ASCII, Cased, Locale, Collated string
	Caseless, Alike                bool
}

// checkPostgres verifies that text is stored as Unicode, and that the database folds letters as property.ContainsText
// and the contract say. That takes longer than an ordinary call, so it has at least the usual time.
func (db *DB) checkPostgres(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(db.options.QueryTimeout, defaultQueryTimeout))
	defer cancel()
	var encoding string
	if err := db.read.NewRaw("SHOW server_encoding").Scan(ctx, &encoding); err != nil {
		return db.explain(ctx, "connect to the database", err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("%w: its encoding is %s, not UTF8", ErrUnfitDatabase, encoding)
	}
	p, folded := letters(), foldedLetters{}
	single := strings.TrimSuffix(strings.Repeat("_ ", len(p.cased)), " ")
	err := db.read.NewRaw(letterSQL, asciiProbe, p.casedText, single,
		pgdialect.Array(p.caselessFirst), pgdialect.Array(p.caselessLast)).Scan(ctx, &folded)
	if err != nil {
		return db.explain(ctx, "check how the database folds letters", err)
	}
	if wrong := p.difference(&folded); wrong != "" {
		return fmt.Errorf("%w: in its locale %s %s; create one with: createdb --template template0 --encoding UTF8 "+
			"--locale C.UTF-8 NAME (with ICU: --locale-provider icu --icu-locale und), and move the listings with pg_dump",
			ErrUnfitDatabase, folded.Locale, wrong)
	}
	if folded.Collated != "" {
		return fmt.Errorf("%w: columns of properties have a collation of their own, not the database's: %s",
			ErrUnfitDatabase, folded.Collated)
	}
	return nil
}

// difference describes a difference between how the database and Go fold letters; "" if there is none.
func (p *letterProbe) difference(folded *foldedLetters) string {
	lower := strings.Split(folded.Cased, " ")
	if len(lower) != len(p.cased) {
		return "a letter is folded to a space"
	}
	for i, r := range p.cased {
		if !foldsWell(r, lower[i]) {
			return fmt.Sprintf("the lower case of %c is %s, not %c", r, lower[i], unicode.ToLower(r))
		}
	}
	switch ascii := strings.ToLower(asciiProbe); {
	case folded.ASCII != ascii:
		return fmt.Sprintf("the lower case of %s is %s, not %s", asciiProbe, folded.ASCII, ascii)
	case !folded.Caseless:
		return "a character without case has a lower case"
	case !folded.Alike:
		return "ILIKE does not compare lower cases"
	}
	return ""
}

// foldsWell reports whether a cased letter becomes a cased letter, and the expected one where the domain relies on it.
func foldsWell(r rune, lower string) bool {
	if property.CaseOf(r) == property.Settled {
		return lower == string(unicode.ToLower(r))
	}
	to, size := utf8.DecodeRuneInString(lower)
	return size == len(lower) && to > unicode.MaxASCII && hasCase(to)
}

func hasCase(r rune) bool {
	of := property.CaseOf(r)
	return of == property.Settled || of == property.Cased
}
