package listingfile

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gable-listings/gable/domain/property"
)

// csvRows reads the rows of a CSV file (RFC 4180) with a header line.
type csvRows struct {
	lines     *lines
	separator byte
	header    []string
	headerRaw []byte
	column    map[string]int
	escaped   bool // formulas are escaped
}

// openCSV reads the header. The error is a *FileError.
func openCSV(l *lines) (*csvRows, error) {
	rows := &csvRows{lines: l}
	first, err := l.next()
	for err == nil && first.blank() {
		first, err = l.next()
	}
	if errors.Is(err, io.EOF) {
		return nil, &FileError{Reason: "is empty"}
	}
	if err != nil {
		return nil, err
	}
	rows.separator = separatorOf(first.text)
	l.putBack([]line{first})
	header := rows.next()
	var invalid *property.InvalidError
	if errors.As(header.err, &invalid) {
		return nil, &FileError{Line: header.line, Reason: "has no header: the first line " + invalid.Fields[0].Reason}
	}
	if header.err != nil {
		return nil, header.err
	}
	rows.headerRaw = header.raw
	return rows, rows.setHeader(header)
}

func (c *csvRows) setHeader(header row) error {
	c.column = map[string]int{}
	for i, name := range header.cells {
		name = strings.TrimSpace(name)
		if _, twice := c.column[name]; twice && name != "" {
			return &FileError{Line: header.line, Reason: "has two columns called " + name}
		}
		c.column[name] = i
		c.header = append(c.header, name)
	}
	_, c.escaped = c.column[formulasEscaped]
	return nil
}

// separatorOf is the semicolon when the header has more of them than commas, outside quotes.
func separatorOf(header []byte) byte {
	count := map[byte]int{}
	quoted := false
	for _, c := range header {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			count[c]++
		}
	}
	if count[';'] > count[','] {
		return ';'
	}
	return ','
}

// row is one row of a file, before a mapping has seen it.
type row struct {
	line  int
	raw   []byte   // as in the file, without the last line ending; nil when it is too long
	cells []string // of a CSV file, in the order of the header
	err   error    // why the row cannot be read; a *property.InvalidError, or io.EOF, or a *FileError
}

// next reads a row, which may extend over several lines. After a bad row, reading continues at the line after its
// first.
func (c *csvRows) next() row {
	first, err := c.lines.next()
	for err == nil && first.blank() {
		first, err = c.lines.next()
	}
	if err != nil {
		return row{err: err}
	}
	if first.tooLong {
		return row{line: first.number, err: rowError("is longer than %d bytes", MaxRow)}
	}
	p := cellParser{separator: c.separator}
	r := row{line: first.number, raw: first.text}
	if r.err = p.feed(first); r.err == nil && p.state == quoted {
		c.nextLines(&r, &p, first)
	}
	if r.err == nil {
		r.cells = p.cells
		r.err = c.check(&r)
	}
	return r
}

// nextLines reads to the end of a quoted cell. Where the cell has no end, the lines are put back and the row is its
// first line.
func (c *csvRows) nextLines(r *row, p *cellParser, first line) {
	last, raw := first, first.text
	var more []line
	for r.err == nil && p.state == quoted {
		next, err := c.lines.next()
		switch {
		case errors.Is(err, io.EOF):
			r.err = rowError("has a quoted cell that does not end")
			continue
		case err != nil:
			*r = row{err: err}
			return
		}
		more = append(more, next)
		if next.tooLong || len(raw)+len(next.text) > MaxRow {
			r.err = rowError("has a quoted cell that does not end within %d bytes", MaxRow)
			continue
		}
		raw = append(append(raw, last.ending...), next.text...)
		r.err = p.feed(next)
		last = next
	}
	if r.err != nil {
		c.lines.putBack(more)
		return
	}
	r.raw = raw
}

// check returns an error for a row that is not text or does not fit the header.
func (c *csvRows) check(r *row) error {
	if c.header != nil && len(r.cells) != len(c.header) {
		return rowError("has %s, but the header has %d", count(len(r.cells), "cell"), len(c.header))
	}
	if utf8.Valid(r.raw) && bytes.IndexByte(r.raw, 0) < 0 {
		return nil
	}
	for i, cell := range r.cells {
		switch name := c.name(i); {
		case !utf8.ValidString(cell):
			return rowError("is not valid UTF-8 in column %s", name)
		case strings.IndexByte(cell, 0) >= 0:
			return rowError("has a NUL character in column %s", name)
		}
	}
	return nil
}

// cell returns the text of a row's column, and false when the file has no such column.
func (c *csvRows) cell(r row, name string) (string, bool) {
	i, ok := c.column[name]
	if !ok || i >= len(r.cells) {
		return "", false
	}
	if c.escaped {
		return strings.TrimPrefix(r.cells[i], escapeMark), true
	}
	return r.cells[i], true
}

func (c *csvRows) name(column int) string {
	if column < len(c.header) && c.header[column] != "" {
		return c.header[column]
	}
	return property.Decimal(100 * (column + 1)).Short()
}

// cellParser splits a row into cells as its lines come in.
type cellParser struct {
	separator byte
	state     cellState
	cell      []byte
	cells     []string
}

type cellState int

const (
	atStart    cellState = iota
	unquoted             // inside a cell without quotes
	quoted               // inside quotes
	afterQuote           // after a quote that ends the cell or is the first half of ""
)

// feed adds the next line of the row. The row is then complete unless the state is quoted.
func (p *cellParser) feed(l line) error {
	for _, c := range l.text {
		switch {
		case p.state == quoted:
			p.inQuotes(c)
		case c == p.separator:
			p.endCell()
		case c == '"' && p.state == atStart:
			p.state = quoted
		case c == '"' && p.state == afterQuote:
			p.cell = append(p.cell, c)
			p.state = quoted
		case c == '"':
			return rowError("has a quotation mark inside cell %d, which is not quoted", len(p.cells)+1)
		case p.state == afterQuote:
			return rowError("has text after the closing quotation mark of cell %d", len(p.cells)+1)
		default:
			p.cell = append(p.cell, c)
			p.state = unquoted
		}
	}
	if p.state == quoted {
		p.cell = append(p.cell, l.ending...)
		return nil
	}
	p.endCell()
	return nil
}

func (p *cellParser) inQuotes(c byte) {
	if c == '"' {
		p.state = afterQuote
		return
	}
	p.cell = append(p.cell, c)
}

func (p *cellParser) endCell() {
	p.cells = append(p.cells, string(p.cell))
	p.cell = p.cell[:0]
	p.state = atStart
}
