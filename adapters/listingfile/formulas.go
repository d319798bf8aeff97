package listingfile

import "strings"

// Spreadsheets compute a cell that begins like a formula, wherever it comes from. A CSV file with escaped formulas
// has an apostrophe in front of each such text, and a column that says so; reading restores the text.

// formulasEscaped is the column that marks a CSV file with escaped formulas.
const formulasEscaped = "formulas_escaped"

// escapeMark stands in front of an escaped text.
const escapeMark = "'"

// formulaStarts are the characters with which spreadsheets begin a formula, including full-width ones, as OWASP lists
// them ("CSV Injection"). The mark itself is one of them, so that an escaped text differs from one that begins with a
// mark.
const formulaStarts = "=+-@\t\r\n＝＋－＠" + escapeMark

// escapeFormula returns a text that no spreadsheet computes.
func escapeFormula(text string) string {
	if strings.IndexFunc(text, func(c rune) bool { return strings.ContainsRune(formulaStarts, c) }) == 0 {
		return escapeMark + text
	}
	return text
}
