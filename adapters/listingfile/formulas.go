package listingfile

import "strings"

// Spreadsheets compute a cell that begins like a formula, whoever wrote it. A CSV file with escaped formulas has an
// apostrophe in front of each text that begins so, and a column that says it, so that reading restores the text.

// formulasEscaped is the column of a CSV file with escaped formulas.
const formulasEscaped = "formulas_escaped"

// escapeMark is what stands in front of an escaped text.
const escapeMark = "'"

// formulaStarts are the characters with which spreadsheets begin a formula, full-width ones as well, as OWASP lists
// them ("CSV Injection"), and the mark itself, so that an escaped text can be told from one that begins with a mark.
const formulaStarts = "=+-@\t\r\n＝＋－＠" + escapeMark

// escapeFormula returns a text that no spreadsheet computes.
func escapeFormula(text string) string {
	if strings.IndexFunc(text, func(c rune) bool { return strings.ContainsRune(formulaStarts, c) }) == 0 {
		return escapeMark + text
	}
	return text
}
