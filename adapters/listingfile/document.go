package listingfile

import (
	"bufio"
	"errors"
	"io"
)

// documentRows finds the records in JSON: a single object, an array of objects, an OData answer with the array in its
// member "value", or several of these one behind the other. A record is cut out by its brackets alone, so a record with
// a mistake inside does not spoil the next.
type documentRows struct {
	from    *bufio.Reader
	line    int
	inArray bool // between the brackets of the array of records
	inOData bool // between the braces around it
	record  []byte
	tooLong bool
}

func openDocument(from *bufio.Reader) *documentRows { return &documentRows{from: from, line: 1} }

var errStray = errors.New("not the beginning of a record")

// next reads the next record; at the end of the file the row's error is io.EOF.
func (d *documentRows) next() row {
	for {
		c, err := d.token()
		switch {
		case errors.Is(err, io.EOF) && (d.inArray || d.inOData):
			return row{err: &FileError{Line: d.line, Reason: "breaks off inside a list of records"}}
		case err != nil:
			return row{err: d.broken(err)}
		case c == '{' && !d.inOData || c == '{' && d.inArray:
			r, isRecord := d.object()
			if isRecord {
				return r
			}
		case c == '[' && !d.inArray && !d.inOData:
			d.inArray = true
		case c == ']' && d.inArray:
			d.inArray = false
		case d.inOData && !d.inArray:
			if err := d.skipEnvelope(c); err != nil {
				return row{err: err}
			}
		case c != ',' || !d.inArray:
			return row{err: &FileError{Line: d.line, Reason: "has something that is not a record", Err: errStray}}
		}
	}
}

// skipEnvelope passes over what follows the array in an OData answer; c is the first of it.
func (d *documentRows) skipEnvelope(c byte) error {
	for c != '}' {
		var err error
		switch c {
		case '"':
			err = d.stringRest()
		case '{', '[':
			err = d.nested()
		}
		d.record, d.tooLong = d.record[:0], false
		if err == nil {
			c, err = d.token()
		}
		if errors.Is(err, io.EOF) {
			return &FileError{Line: d.line, Reason: "breaks off behind its records"}
		}
		if err != nil {
			return d.broken(err)
		}
	}
	d.inOData = false
	return nil
}

func (d *documentRows) broken(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return &FileError{Line: d.line, Reason: "cannot be read any further", Err: err}
}

// object reads an object whose brace has been read. It is no record when its member "value" is an array.
func (d *documentRows) object() (r row, isRecord bool) {
	d.record, d.tooLong = append(d.record[:0], '{'), false
	r.line = d.line
	name, isName := "", true
	for {
		c, err := d.byte()
		if err != nil {
			return d.unfinished(r.line, err), true
		}
		switch c {
		case '"':
			start := len(d.record)
			if err := d.stringRest(); err != nil {
				return d.unfinished(r.line, err), true
			}
			if isName && !d.tooLong {
				name = string(d.record[start : len(d.record)-1])
			}
			isName = false
		case ',':
			isName = true
		case '{', '[':
			if c == '[' && name == "value" && !d.inArray {
				d.inOData, d.inArray = true, true
				return row{}, false
			}
			if err := d.nested(); err != nil {
				return d.unfinished(r.line, err), true
			}
		case '}':
			return d.finished(r), true
		}
	}
}

func (d *documentRows) finished(r row) row {
	if d.tooLong {
		r.err = rowError("is longer than %d bytes", MaxRow)
		return r
	}
	r.raw = append([]byte(nil), d.record...)
	return r
}

func (d *documentRows) unfinished(line int, err error) row {
	if errors.Is(err, io.EOF) {
		return row{err: &FileError{Line: line, Reason: "breaks off inside the record that begins here"}}
	}
	return row{err: &FileError{Line: d.line, Reason: "cannot be read any further", Err: err}}
}

// nested reads to the bracket that closes one just read.
func (d *documentRows) nested() error {
	for depth := 1; depth > 0; {
		c, err := d.byte()
		if err != nil {
			return err
		}
		switch c {
		case '"':
			if err := d.stringRest(); err != nil {
				return err
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
	}
	return nil
}

// stringRest reads to the quotation mark that ends a string.
func (d *documentRows) stringRest() error {
	for {
		c, err := d.byte()
		if err != nil {
			return err
		}
		switch c {
		case '"':
			return nil
		case '\\':
			if _, err := d.byte(); err != nil {
				return err
			}
		}
	}
}

// token is the next byte that is not white space, not kept.
func (d *documentRows) token() (byte, error) {
	for {
		c, err := d.from.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			d.line++
		case ' ', '\t', '\r':
		default:
			return c, nil
		}
	}
}

// byte is the next byte, kept as part of the record while that is not too long.
func (d *documentRows) byte() (byte, error) {
	c, err := d.from.ReadByte()
	if err != nil {
		return 0, err
	}
	if c == '\n' {
		d.line++
	}
	if d.tooLong = d.tooLong || len(d.record) >= MaxRow; !d.tooLong {
		d.record = append(d.record, c)
	}
	return c, nil
}
