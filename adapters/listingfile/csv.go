package listingfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gable-listings/gable/domain/property"
)

// csvRows reads the rows of a CSV file (RFC 4180) with a header line.
type csvRows struct {
	grid
	lines *lines
}

// openCSV reads the header. The error is a *FileError.
func openCSV(text *bufio.Reader) (*csvRows, error) {
	start, _ := text.Peek(lookAhead) // reading reports its errors
	rows := &csvRows{lines: &lines{from: text, end: lineEnd(start)}}
	first, err := rows.lines.nextText()
	if err == nil {
		first, err = rows.separatorLine(first)
	}
	if errors.Is(err, io.EOF) {
		return nil, &FileError{Reason: "is empty"}
	}
	if err != nil {
		return nil, err
	}
	if rows.separator == 0 {
		rows.separator = separatorOf(first.text)
	}
	rows.lines.putBack([]line{first})
	header := rows.next()
	switch {
	case errors.Is(header.err, io.EOF):
		return nil, &FileError{Reason: "has no header"}
	case header.err != nil:
		return nil, withoutHeader(header)
	}
	return rows, rows.setHeader(header)
}

// withoutHeader returns the error of a file whose first row cannot be read.
func withoutHeader(first row) error {
	if invalid, ok := errors.AsType[*property.InvalidError](first.err); ok {
		return &FileError{Line: first.line, Reason: "has no header: the first line " + invalid.Fields[0].Reason}
	}
	return first.err
}

// separatorLine reads the line "sep=;" with which Excel names the separator, and returns the line after it.
func (c *csvRows) separatorLine(first line) (line, error) {
	name, text, _ := strings.Cut(strings.Trim(string(first.text), `"`), "=")
	if !strings.EqualFold(name, "sep") || len(text) > 1 {
		return first, nil
	}
	if text == "" || !strings.Contains(separators, text) {
		return line{}, &FileError{Line: first.number, Reason: fmt.Sprintf(
			"names the separator %q; it may be a comma, a semicolon, a tab or a pipe", text)}
	}
	c.separator = text[0]
	c.before = slices.Concat(first.text, []byte{'\n'})
	return c.lines.nextText()
}

// row is one row of a file, before a mapping has seen it.
type row struct {
	line  int
	raw   []byte   // as in the file, without the last line ending; nil when it is too long
	cells []string // of a CSV file, in the order of the header
	err   error    // why the row cannot be read; a *property.InvalidError, or io.EOF, or a *FileError
}

// next reads a row, which may extend over several lines. Rows without any text are skipped. After a bad row, reading
// continues at the line after its first.
func (c *csvRows) next() row {
	for {
		r := c.nextRow()
		if r.err != nil || !blankCells(r.cells) {
			return r
		}
	}
}

func (c *csvRows) nextRow() row {
	first, err := c.lines.nextText()
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
		if !blankCells(r.cells) {
			r.err = c.check(&r)
		}
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
