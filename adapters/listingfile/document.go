package listingfile

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
)

// documentRows finds the records in JSON. The text is a single object, an array of objects, an OData response with
// the array in its member "value", or several of these in a row. A record is cut out by its brackets alone, so a
// mistake inside one does not spoil the next.
type documentRows struct {
	from    *bufio.Reader
	line    int
	inArray bool // between the brackets of the array of records
	inOData bool // between the braces around it
	record  []byte
	tooLong bool

	nextPage string // of the last OData response
}

func openDocument(from *bufio.Reader) *documentRows { return &documentRows{from: from, line: 1} }

var errStray = errors.New("not the beginning of a record")

// next reads the next record; at the end of the file the row's error is io.EOF.
func (d *documentRows) next() row {
	for {
		c, err := d.token()
		switch {
		case errors.Is(err, io.EOF) && (d.inArray || d.inOData):
			return row{err: &FileError{Line: d.line, Reason: "ends inside a list of records"}}
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

// nextLink is the member of an OData response with the address of the next page.
const nextLink = "@odata.nextLink"

// skipEnvelope skips what follows the array in an OData response, but for the address of the next page; c is its first
// byte.
func (d *documentRows) skipEnvelope(c byte) error {
	text, name := "", ""
	for c != '}' {
		var err error
		d.record, d.tooLong = d.record[:0], false
		switch c {
		case '"':
			err = d.stringRest()
			if text = d.lastString(0); name == nextLink {
				d.nextPage = text
			}
		case ':':
			name = text
		case ',':
			name = ""
		case '{', '[':
			err = d.skipNested()
		}
		if err == nil {
			c, err = d.token()
		}
		if errors.Is(err, io.EOF) {
			return &FileError{Line: d.line, Reason: "ends inside the object around its records"}
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

// object reads an object after its opening brace. The object is the envelope of an OData response, not a record, when
// its member "value" is an array.
func (d *documentRows) object() (r row, isRecord bool) {
	d.record, d.tooLong = append(d.record[:0], '{'), false
	r.line = d.line
	name, isName, next := "", true, ""
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
			} else if name == nextLink {
				next = d.lastString(start)
			}
			isName = false
		case ',':
			isName = true
		case '{', '[':
			if c == '[' && name == "value" && !d.inArray {
				d.inOData, d.inArray, d.nextPage = true, true, next
				return row{}, false
			}
			if err := d.skipNested(); err != nil {
				return d.unfinished(r.line, err), true
			}
		case '}':
			return d.finish(r), true
		}
	}
}

func (d *documentRows) finish(r row) row {
	if d.tooLong {
		r.err = rowError("is longer than %d bytes", MaxRow)
		return r
	}
	r.raw = append([]byte(nil), d.record...)
	return r
}

func (d *documentRows) unfinished(line int, err error) row {
	if errors.Is(err, io.EOF) {
		return row{err: &FileError{Line: line, Reason: "ends inside the record that begins here"}}
	}
	return row{err: &FileError{Line: d.line, Reason: "cannot be read any further", Err: err}}
}

// skipNested reads to the bracket that closes the one just read.
func (d *documentRows) skipNested() error {
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

// lastString returns the string that stringRest has just read, which begins there in the record; "" if it is too long.
func (d *documentRows) lastString(start int) (text string) {
	if d.tooLong {
		return ""
	}
	_ = json.Unmarshal(append([]byte{'"'}, d.record[start:]...), &text)
	return text
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

// token reads the next byte that is not white space. It does not become part of the record.
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

// byte reads the next byte, and adds it to the record while that is not too long.
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
