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

// Options describe a file. The zero value detects the format and the encoding, and reads Gable's own columns, or RESO
// names in RESO JSON.
type Options struct {
	Format   Format
	Encoding Encoding // of a text
	Sheet    string   // of a workbook; "" is the first one that is visible and has rows
	Mapping  *Mapping // nil: OwnMapping, or RESOMapping for RESO JSON
	MaxText  int64    // most bytes once it is uncompressed; 0 is any number
	Restore  bool     // also read the fields that the service sets; for exports only

	settled bool // the content has been looked at, see Reader.Settled
}

// ErrTooMuchText says that a file has more text than the options allow.
var ErrTooMuchText = errors.New("it has too much text")

// Reader reads the listings of one file. It is used by one goroutine at a time.
type Reader struct {
	options Options
	format  Format
	mapping *Mapping
	ignored []string
	rows    interface{ next() row }
	grid    *grid     // of a CSV file or a sheet; nil for JSON
	book    *workbook // nil for a text
	marked  bool      // the text begins with a byte order mark
	sample  string    // of text that shows the encoding
	skipped int
	err     error
}

// NewReader reads the beginning of the file: compression, encoding, format, header. The error is a *FileError when the
// file does not fit the options, or the reader's own. Close the reader at the end.
//
// A file with the methods ReadAt and Size is read from its start as often as needed: the whole text decides its
// encoding. Of any other reader the first 64 KiB decide, and a zip or a workbook is refused.
func NewReader(from io.Reader, o Options) (*Reader, error) {
	r := &Reader{options: o, format: o.Format, mapping: o.Mapping}
	err := r.open(from)
	if err == nil {
		err = r.checkState()
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Reader) open(from io.Reader) error {
	if file := fromStart(from); file != nil {
		from = file
	}
	text, archive, err := unpack(from, r.options.MaxText)
	if err != nil {
		return err
	}
	if archive != nil {
		return r.openSheet(from, archive)
	}
	if r.format == XLSX {
		return &FileError{Reason: "is not a workbook in .xlsx"}
	}
	if r.options.Sheet != "" {
		return &FileError{Reason: fmt.Sprintf("is not a workbook in .xlsx, so it has no sheet %q", r.options.Sheet)}
	}
	r.options.Encoding, err = r.settle(text, func() io.Reader {
		if again := fromStart(from); again != nil {
			text, _, err := unpack(again, r.options.MaxText)
			if err == nil {
				return text
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.openText(decoded(text, r.options.Encoding))
}

func (r *Reader) openText(text *bufio.Reader) (err error) {
	if err := nameMarkup(text); err != nil {
		return err
	}
	if r.format == Auto {
		if r.format, err = detect(text); err != nil {
			return err
		}
	}
	if err := r.defaultMapping(); err != nil {
		return err
	}
	switch r.format {
	case NDJSON:
		start, _ := text.Peek(lookAhead) // reading reports its errors
		r.rows = &jsonLines{lines{from: text, end: lineEnd(start)}}
		return nil
	case RESO:
		r.rows = openDocument(text)
		return nil
	case CSV:
		rows, err := openCSV(text)
		if err != nil {
			return err
		}
		rows.utf16 = r.Encoding() == UTF16
		r.rows, r.grid = rows, &rows.grid
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
		if _, ok := r.grid.column[name]; !ok {
			missing = append(missing, name)
		}
	}
	r.grid.strict = r.mapping.Columns != nil
	for _, name := range r.grid.header {
		if r.grid.strict && name != "" && name != rejectedBecause && name != formulasEscaped &&
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

// Encoding is the encoding of the text, or "" for a workbook.
func (r *Reader) Encoding() Encoding { return r.options.Encoding.name() }

// Sheet is the name of the sheet that is read, or "" for a text.
func (r *Reader) Sheet() string { return r.options.Sheet }

// Notes says in sentences what a person may want to know about how the file is read. That is an encoding that was
// detected, and sheets that are not read.
func (r *Reader) Notes() []string {
	var notes []string
	if r.sample != "" && r.Encoding() != UTF8 {
		notes = append(notes, fmt.Sprintf("The file is not in UTF-8 and is read as %s: %s. "+
			"If that looks wrong, name its encoding.", r.Encoding(), r.sample))
	} else if r.Encoding() == UTF16 {
		notes = append(notes, "The file is read as utf-16.")
	}
	if r.book != nil && len(r.book.others) > 0 {
		notes = append(notes, fmt.Sprintf("The sheet %q is read. The other sheets are not: %s.",
			r.options.Sheet, someOf(r.book.others)))
	}
	return notes
}

// Settled returns options that read the same file again in the same way, without looking at all of it first.
func (r *Reader) Settled() Options {
	o := r.options
	o.Format, o.settled = r.format, true
	return o
}

// Close removes temporary files. The file itself stays open.
func (r *Reader) Close() error {
	if r.book == nil {
		return nil
	}
	return r.book.close()
}

// Skipped is how many rows the mapping has left out so far.
func (r *Reader) Skipped() int { return r.skipped }

// NextPage returns the address of the next page of an OData answer, as the file names it, or "". It is known at the end
// of the file.
func (r *Reader) NextPage() string {
	if document, ok := r.rows.(*documentRows); ok {
		return document.nextPage
	}
	return ""
}

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
		if raw.err != nil && r.grid != nil && len(raw.cells) == len(r.grid.header) {
			r.mapping.fill(&record, row) // what can be read, for the report
			record.Err, record.Notes = raw.err, nil
			return record, nil
		}
		if raw.err == nil && r.ownJSON() {
			record.Details, record.Absent, record.Err = decodeOwn(raw.raw)
			r.readState(&record, row)
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
			r.mapping.fill(&record, row)
			r.readState(&record, row)
		}
		return record, nil
	}
	return property.Record{}, r.err
}

// next reads the next row and its columns.
func (r *Reader) next() (row, columns) {
	raw := r.rows.next()
	switch {
	case r.grid != nil:
		return raw, func(name string) (string, bool) { return r.grid.cell(raw, name) }
	case raw.err == nil && r.Encoding() == UTF16 && bytes.ContainsRune(raw.raw, utf8.RuneError):
		raw.err = rowError("is not valid UTF-16")
		return raw, nil
	case r.ownJSON():
		return raw, r.stateOf(raw)
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

// jsonLines reads the rows of an NDJSON file.
type jsonLines struct{ lines lines }

func (j *jsonLines) next() row {
	l, err := j.lines.nextText()
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
