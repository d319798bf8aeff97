package listingfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

// Options describe a file. The zero value detects the format, and reads Gable's own columns, or RESO names in RESO
// JSON.
type Options struct {
	Format  Format
	Mapping *Mapping // nil: OwnMapping, or RESOMapping for RESO JSON
	MaxText int64    // most bytes once it is uncompressed; 0 is any number
}

// ErrTooMuchText says that a file has more text than the options allow.
var ErrTooMuchText = errors.New("it has too much text")

// Reader reads the listings of one file. It is used by one goroutine at a time.
type Reader struct {
	format  Format
	mapping *Mapping
	lines   *lines        // of an NDJSON file
	csv     *csvRows      // of a CSV file
	json    *documentRows // of a RESO file
	skipped int
	err     error
}

// NewReader reads the beginning of the file: compression, format, header. The error is a *FileError when the file
// does not fit the options, or the reader's own.
func NewReader(from io.Reader, o Options) (*Reader, error) {
	text, err := uncompress(from, o.MaxText)
	if err != nil {
		return nil, err
	}
	r := &Reader{format: o.Format, mapping: o.Mapping}
	if r.format == Auto {
		if r.format, err = detect(text); err != nil {
			return nil, err
		}
	}
	return r, r.open(text)
}

func (r *Reader) open(text *bufio.Reader) error {
	if err := r.defaultMapping(); err != nil {
		return err
	}
	switch r.format {
	case NDJSON:
		r.lines = &lines{from: text}
		return nil
	case RESO:
		r.json = openDocument(text)
		return nil
	case CSV:
		var err error
		if r.csv, err = openCSV(&lines{from: text}); err != nil {
			return err
		}
		return r.checkHeader()
	}
	return fmt.Errorf("unknown file format %q", r.format)
}

func (r *Reader) defaultMapping() (err error) {
	switch {
	case r.mapping != nil:
	case r.format == RESO:
		r.mapping, err = BuiltinMapping(RESOMapping)
	default:
		r.mapping, err = BuiltinMapping(OwnMapping)
	}
	return err
}

// checkHeader compares the header with the columns that the mapping needs and allows.
func (r *Reader) checkHeader() error {
	var missing, unknown []string
	for _, name := range r.mapping.Required {
		if _, ok := r.csv.column[name]; !ok {
			missing = append(missing, name)
		}
	}
	for _, name := range r.csv.header {
		if r.mapping.Columns != nil && name != rejectedBecause && name != formulasEscaped &&
			!slices.Contains(r.mapping.Columns, name) {
			unknown = append(unknown, name)
		}
	}
	switch {
	case missing != nil:
		return &FileError{Line: 1, Reason: fmt.Sprintf("lacks %s, which the mapping %s needs: %s",
			count(len(missing), "column"), r.mapping.Name, strings.Join(missing, ", "))}
	case unknown != nil:
		return &FileError{Line: 1, Reason: fmt.Sprintf("has %s that the mapping %s does not know: %s",
			count(len(unknown), "column"), r.mapping.Name, strings.Join(unknown, ", "))}
	}
	return nil
}

// Format is the format of the file.
func (r *Reader) Format() Format { return r.format }

// Skipped is how many rows the mapping has left out so far.
func (r *Reader) Skipped() int { return r.skipped }

// Next reads the next record. The error is io.EOF at the end, or a *FileError when the rest of the file cannot be
// read; later calls return the same error.
func (r *Reader) Next() (property.Record, error) {
	for r.err == nil {
		raw, row := r.next()
		if raw.line == 0 {
			r.err = raw.err
			break
		}
		record := property.Record{Line: raw.line, Raw: raw.raw, Err: raw.err}
		if raw.err == nil && r.ownJSON() {
			record.Details, record.Absent, record.Err = decodeOwn(raw.raw)
			return record, nil
		}
		if raw.err != nil && row != nil {
			record.Details = r.mapping.identity(row)
		}
		if raw.err == nil {
			if r.mapping.skips(row) {
				r.skipped++
				continue
			}
			record.Details, record.Absent, record.Err = r.mapping.details(row)
		}
		return record, nil
	}
	return property.Record{}, r.err
}

// next reads the next row and its columns.
func (r *Reader) next() (row, columns) {
	switch {
	case r.csv != nil:
		raw := r.csv.next()
		return raw, func(name string) (string, bool) { return r.csv.cell(raw, name) }
	case r.json != nil:
		return withColumns(r.json.next())
	}
	raw := r.nextLine()
	if r.ownJSON() {
		return raw, nil
	}
	return withColumns(raw)
}

func withColumns(raw row) (row, columns) {
	if raw.err != nil {
		return raw, nil
	}
	if !utf8.Valid(raw.raw) {
		raw.err = rowError("is not valid UTF-8")
		return raw, nil
	}
	cells, err := jsonColumns(raw.raw)
	raw.err = err
	return raw, cells
}

func (r *Reader) ownJSON() bool { return r.format == NDJSON && r.mapping.Name == OwnMapping }

func (r *Reader) nextLine() row {
	l, err := r.lines.next()
	for err == nil && l.blank() {
		l, err = r.lines.next()
	}
	switch {
	case err != nil:
		return row{err: err}
	case l.tooLong:
		return row{line: l.number, err: rowError("is longer than %d bytes", MaxRow)}
	}
	return row{line: l.number, raw: l.text}
}

// decodeOwn reads a line of Gable's own JSON. The line may come from an export, or from a rejects file.
func decodeOwn(raw []byte) (property.Details, property.Fields, error) {
	d, absent, err := propertyjson.DecodeImport(withoutRejection(raw))
	var wrong *propertyjson.MemberError
	var syntax *propertyjson.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return d, absent, &property.InvalidError{Fields: wrong.Fields}
	case errors.As(err, &syntax):
		return d, absent, rowError("%s (byte %d of the line)", syntax.Reason, syntax.Offset)
	}
	return d, absent, err
}

// withoutRejection removes the member that a Rejects writer has put at the end.
func withoutRejection(raw []byte) []byte {
	at := bytes.LastIndex(raw, []byte(`,"`+rejectedBecause+`":"`))
	if at < 0 {
		return raw
	}
	return append(bytes.Clone(raw[:at]), '}')
}
