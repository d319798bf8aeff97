package listingfile

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Bounds of a workbook. Its sheets may be larger than memory; other parts are in memory while it is read.
const (
	maxWorkbook      = 128 << 20 // bytes of the file
	maxWorkbookText  = 2 << 30   // bytes once it is unpacked, when the options have no bound
	maxWorkbookParts = 64 << 20  // bytes of the parts in memory: pictures, styles, small sheets
	partInMemory     = 4 << 20   // bytes of a sheet, or of the texts of all sheets, above which it is in a temporary file
)

// TemporaryPattern matches the folders for temporary files of workbooks in the system's temporary folder. A process
// that ends suddenly leaves its folder behind.
const TemporaryPattern = "gable-workbook-*"

// workbook is an open .xlsx file.
type workbook struct {
	file   *excelize.File
	rows   *excelize.Rows
	folder string   // of temporary files
	sheet  string   // the name of the one that is read
	others []string // names of the sheets that are not read
}

// openSheet opens a sheet of the workbook and reads its header.
func (r *Reader) openSheet(from io.Reader, archive *zip.Reader) error {
	r.marked = true // a spreadsheet reads the rejects
	switch {
	case r.format != Auto && r.format != XLSX:
		return &FileError{Reason: "is a workbook in .xlsx, but the format is set to " + string(r.format)}
	case r.options.Encoding != AutoEncoding:
		return &FileError{Reason: "is a workbook in .xlsx, which has no encoding to set"}
	}
	r.format = XLSX
	err := r.defaultMapping()
	if err == nil {
		err = checkWorkbook(archive, fromStart(from).Size(), &r.options)
	}
	if err == nil {
		r.book, err = openWorkbook(from)
	}
	if err != nil {
		return err
	}
	rows := &sheetRows{book: r.book, grid: grid{separator: ','}}
	header, err := r.book.open(rows, r.options.Sheet)
	if err != nil {
		return err
	}
	r.options.Sheet, r.rows, r.grid = r.book.sheet, rows, &rows.grid
	if err = rows.setHeader(header); err == nil {
		err = r.checkHeader()
	}
	if broken, ok := errors.AsType[*FileError](err); ok && len(r.book.others) > 0 {
		broken.Reason = fmt.Sprintf("has the sheet %q, which %s; other sheets are %s",
			r.book.sheet, broken.Reason, someOf(r.book.others))
	}
	return err
}

func openWorkbook(from io.Reader) (*workbook, error) {
	folder, err := os.MkdirTemp("", TemporaryPattern)
	if err != nil {
		return nil, fmt.Errorf("make a folder for the parts of the workbook: %w", err)
	}
	b := &workbook{folder: folder}
	b.file, err = excelize.OpenReader(fromStart(from), excelize.Options{
		RawCellValue: true, TmpDir: folder, UnzipXMLSizeLimit: partInMemory, UnzipSizeLimit: maxWorkbookText,
	})
	if err != nil {
		return nil, errors.Join(&FileError{Reason: "is not a valid workbook", Err: err}, b.close())
	}
	return b, nil
}

// open opens the sheet with the name, or the first one that is visible and has rows, and returns its first row. A
// sheet may be a chart, which has none.
func (b *workbook) open(rows *sheetRows, name string) (header row, err error) {
	sheets := b.file.GetSheetList()
	for at, sheet := range sheets {
		visible, _ := b.file.GetSheetVisible(sheet) // which only an invalid name makes fail
		if name == "" && !visible || name != "" && !strings.EqualFold(sheet, name) {
			continue
		}
		if b.rows, err = b.file.Rows(sheet); err != nil {
			return row{}, &FileError{Reason: fmt.Sprintf("has a sheet %q that cannot be read", sheet), Err: err}
		}
		rows.number = 0
		header = rows.next()
		switch {
		case header.err == nil:
			b.sheet, b.others = sheet, slices.Delete(sheets, at, at+1)
			return header, nil
		case !errors.Is(header.err, io.EOF):
			return row{}, withoutHeader(header)
		case name != "":
			return row{}, &FileError{Reason: fmt.Sprintf("has nothing in its sheet %q; its sheets are %s",
				sheet, someOf(sheets))}
		}
		_ = b.rows.Close() // only read from
	}
	if name != "" {
		return row{}, &FileError{Reason: fmt.Sprintf("lacks the sheet %q; its sheets are %s", name, someOf(sheets))}
	}
	return row{}, &FileError{Reason: "has no rows in its sheets: " + someOf(sheets)}
}

// close removes the temporary files.
func (b *workbook) close() error {
	var err error
	if b.rows != nil {
		err = b.rows.Close()
	}
	if b.file != nil {
		err = cmp.Or(err, b.file.Close())
	}
	return errors.Join(err, os.RemoveAll(b.folder))
}

// sheetRows reads the rows of a sheet. Their line is their number in the sheet.
type sheetRows struct {
	grid
	book   *workbook
	number int
}

func (s *sheetRows) next() row {
	for s.book.rows.Next() {
		s.number++
		cells, err := s.book.rows.Columns()
		if err != nil {
			return row{err: &FileError{Line: s.number, Reason: "cannot be read any further", Err: err}}
		}
		if !blankCells(cells) {
			return s.row(cells)
		}
	}
	if err := s.book.rows.Error(); err != nil {
		return row{err: &FileError{Line: s.number, Reason: "cannot be read any further", Err: err}}
	}
	return row{err: io.EOF}
}

func (s *sheetRows) row(cells []string) row {
	for len(cells) < len(s.header) {
		cells = append(cells, "") // a sheet does not store empty cells at the end
	}
	r := row{line: s.number, cells: cells}
	for i, cell := range cells {
		cells[i] = shownNumber(cell)
	}
	if r.raw = joinCells(cells, s.separator); len(r.raw) > MaxRow {
		return row{line: s.number, err: rowError("is longer than %d bytes", MaxRow)}
	}
	if r.err = s.check(&r); r.err == nil {
		r.err = s.checkErrors(&r)
	}
	return r
}

// checkErrors returns an error for a row with a formula that has no result.
func (s *sheetRows) checkErrors(r *row) error {
	for i, cell := range r.cells {
		if len(cell) > 2 && cell[0] == '#' && slices.Contains(formulaErrors, cell) {
			return rowError("has the error %s of a formula in column %s", cell, s.name(i))
		}
	}
	return nil
}

// formulaErrors are the results of formulas that failed.
var formulaErrors = []string{
	"#BLOCKED!", "#BUSY!", "#CALC!", "#CONNECT!", "#DIV/0!", "#EXTERNAL!", "#FIELD!", "#GETTING_DATA", "#N/A", "#NAME?",
	"#NULL!", "#NUM!", "#PYTHON!", "#REF!", "#SPILL!", "#TIMEOUT!", "#UNKNOWN!", "#VALUE!",
}

// shownNumber rounds a number to the 15 digits that Excel works with: 1.1 may be stored as 1.1000000000000001. Other
// texts stay as they are.
func shownNumber(cell string) string {
	const exact = 15
	whole, fraction, ok := strings.Cut(strings.TrimPrefix(cell, "-"), ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if !ok || len(digits) <= exact || whole == "" {
		return cell
	}
	mantissa, _, _ := strings.Cut(digits, "E")
	if len(mantissa) <= exact || strings.Trim(mantissa, "0123456789") != "" {
		return cell
	}
	n, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return cell
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(n, 'g', exact, 64), 64)
	if err != nil || rounded >= 1e21 || rounded <= -1e21 {
		return cell
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
