package listingfile

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/gable-listings/gable/domain/property"
)

// separators are what may stand between the cells of a CSV file, in the order in which they are preferred.
const separators = ",;\t|"

// grid is what the rows of a CSV file, or of a sheet, have in common: the header.
type grid struct {
	separator byte // of the file, and of its rejects
	header    []string
	headerRaw []byte // as in the file, without columns that have no name at its end
	before    []byte // a line before the header that names the separator
	column    map[string]int
	escaped   bool // formulas are escaped
	strict    bool // text in a column without a name rejects its row
	utf16     bool // of the file, where U+FFFD stands for what could not be decoded
}

// setHeader takes the names of the columns. Empty ones at the end, which spreadsheets add, are left out.
func (g *grid) setHeader(header row) error {
	cells := header.cells
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	g.headerRaw = header.raw
	if len(cells) < len(header.cells) {
		g.headerRaw = joinCells(cells, g.separator)
	}
	g.column = map[string]int{}
	for i, name := range cells {
		name = strings.TrimSpace(name)
		if _, twice := g.column[name]; twice && name != "" {
			return &FileError{Line: header.line, Reason: "has two columns called " + name}
		}
		g.column[name] = i
		g.header = append(g.header, name)
	}
	_, g.escaped = g.column[formulasEscaped]
	return nil
}

// separatorOf is the separator that the header has most often, outside quotes.
func separatorOf(header []byte) byte {
	var count [256]int
	quoted := false
	for _, c := range header {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			count[c]++
		}
	}
	most := separators[0]
	for _, c := range []byte(separators) {
		if count[c] > count[most] {
			most = c
		}
	}
	return most
}

// check returns an error for a row that is not text or does not fit the header. Empty cells beyond the header are cut.
func (g *grid) check(r *row) error {
	if g.header != nil && len(r.cells) > len(g.header) && blankCells(r.cells[len(g.header):]) {
		r.cells = r.cells[:len(g.header)]
		r.raw = joinCells(r.cells, g.separator)
	}
	if g.header != nil && len(r.cells) != len(g.header) {
		return rowError("has %s, but the header has %d", count(len(r.cells), "cell"), len(g.header))
	}
	if err := g.checkText(r); err != nil {
		return err
	}
	if _, nameless := g.column[""]; !nameless || !g.strict {
		return nil
	}
	for i, name := range g.header {
		if name == "" && strings.TrimSpace(r.cells[i]) != "" {
			return rowError("has text in cell %d, whose column has no name", i+1)
		}
	}
	return nil
}

func (g *grid) checkText(r *row) error {
	broken := g.utf16 && bytes.ContainsRune(r.raw, utf8.RuneError)
	if utf8.Valid(r.raw) && bytes.IndexByte(r.raw, 0) < 0 && !broken {
		return nil
	}
	for i, cell := range r.cells {
		switch name := g.name(i); {
		case !utf8.ValidString(cell):
			return rowError("is not valid UTF-8 in column %s", name)
		case strings.IndexByte(cell, 0) >= 0:
			return rowError("has a NUL character in column %s", name)
		case broken && strings.ContainsRune(cell, utf8.RuneError):
			return rowError("is not valid UTF-16 in column %s", name)
		}
	}
	return nil
}

// cell returns the text of a row's column, and false when the file has no such column.
func (g *grid) cell(r row, name string) (string, bool) {
	i, ok := g.column[name]
	if !ok || i >= len(r.cells) {
		return "", false
	}
	if g.escaped {
		return strings.TrimPrefix(r.cells[i], escapeMark), true
	}
	return r.cells[i], true
}

func (g *grid) name(column int) string {
	if column < len(g.header) && g.header[column] != "" {
		return g.header[column]
	}
	return property.Decimal(100 * (column + 1)).Short()
}

// blankCells reports whether the cells have no text.
func blankCells(cells []string) bool {
	for _, cell := range cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

// joinCells writes cells as a row of CSV.
func joinCells(cells []string, separator byte) []byte {
	var row []byte
	for i, cell := range cells {
		if i > 0 {
			row = append(row, separator)
		}
		row = append(row, quoteCell(cell, separator)...)
	}
	return row
}
