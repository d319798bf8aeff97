package listingfile

import (
	"archive/zip"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html/charset"
)

// Bounds of the parts of a workbook, which the library that reads them does not have. A cell of Excel has at most
// 32,767 characters.
const (
	maxRun   = 1 << 20 // bytes of a text, or of a tag
	maxGroup = 8 << 20 // bytes of a row
	maxTexts = 4 << 20 // different texts
)

// checkWorkbook looks at a workbook before the library reads it. The library holds whatever a part has in memory, ends
// a sheet in silence where its XML is broken, and reads a formula that was never computed as an empty cell.
func checkWorkbook(archive *zip.Reader, size int64, o *Options) error {
	if size > maxWorkbook {
		return &FileError{Reason: fmt.Sprintf("is a workbook of more than %d bytes; save its sheet as CSV", maxWorkbook)}
	}
	most := uint64(min(cmp.Or(o.MaxText, maxWorkbookText), maxWorkbookText))
	var total, parts uint64
	for _, f := range archive.File {
		total += f.UncompressedSize64
		if f.UncompressedSize64 > most || total > most {
			return &FileError{Reason: "is a workbook that is too large once it is unpacked", Err: ErrTooMuchText}
		}
		if !hasRows(f.Name) || f.UncompressedSize64 <= partInMemory {
			parts += f.UncompressedSize64
		}
	}
	if parts > maxWorkbookParts {
		return &FileError{Reason: fmt.Sprintf(
			"is a workbook with more than %d bytes of pictures and small parts; save its sheet as CSV", maxWorkbookParts)}
	}
	if o.settled {
		return nil
	}
	for _, f := range archive.File {
		if !hasRows(f.Name) {
			continue
		}
		if err := checkPart(f); err != nil {
			return err
		}
	}
	return nil
}

// hasRows reports whether a part of a workbook is a sheet, or holds the texts of sheets.
func hasRows(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, `\`, "/"))
	return strings.HasPrefix(name, "xl/worksheets/") && strings.HasSuffix(name, ".xml") || name == "xl/sharedstrings.xml"
}

func checkPart(f *zip.File) error {
	content, err := f.Open()
	if err != nil {
		return &FileError{Reason: "is a workbook whose part " + f.Name + " cannot be unpacked", Err: err}
	}
	defer content.Close() // only read from
	check := partCheck{xml: xml.NewDecoder(&boundedRuns{from: content})}
	check.xml.CharsetReader = charset.NewReaderLabel
	for err == nil {
		err = check.next()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	if _, ok := errors.AsType[*FileError](err); ok {
		return err
	}
	return &FileError{Reason: "is a workbook whose part " + f.Name + " is broken", Err: err}
}

// partCheck reads the XML of a part.
type partCheck struct {
	xml            *xml.Decoder
	began          int64 // where the row or text began
	texts          int
	cell           string
	formula, value bool // what the cell has
	text, inValue  bool // the result is a text, which may be empty
}

func (c *partCheck) next() error {
	token, err := c.xml.Token()
	if err != nil {
		return err
	}
	if c.xml.InputOffset()-c.began > maxGroup {
		return errLongRow
	}
	switch element := token.(type) {
	case xml.StartElement:
		return c.start(element)
	case xml.CharData:
		c.value = c.value || c.inValue && len(element) > 0
	case xml.EndElement:
		c.inValue = false
		if name := element.Name.Local; name == "c" && c.formula && !c.value {
			return &FileError{Reason: fmt.Sprintf(
				"has a formula without a result in cell %s; open it in a spreadsheet and save it", c.cell)}
		} else if name == "sheetData" || name == "sst" {
			c.began = 1 << 62 // what follows is not read
		}
	}
	return nil
}

func (c *partCheck) start(element xml.StartElement) error {
	switch element.Name.Local {
	case "row", "si":
		c.began = c.xml.InputOffset()
		if c.texts++; c.texts > maxTexts {
			return errManyTexts
		}
	case "c":
		c.cell, c.formula, c.value, c.text = "", false, false, false
		for _, a := range element.Attr {
			switch {
			case a.Name.Local == "r":
				c.cell = shorten(a.Value, 20)
			case a.Name.Local == "t" && a.Value == "str":
				c.text = true
			}
		}
	case "f":
		c.formula = true
	case "v":
		c.inValue, c.value = true, c.text
	}
	return nil
}

var (
	errLongRow   = fmt.Errorf("it has a row of more than %d bytes", maxGroup)
	errManyTexts = fmt.Errorf("it has more than %d rows or texts", maxTexts)
	errLongRun   = fmt.Errorf("it has a text of more than %d bytes", maxRun)
)

// boundedRuns is a reader that fails at a long run without the beginning of a tag.
type boundedRuns struct {
	from io.Reader
	run  int
}

func (b *boundedRuns) Read(into []byte) (int, error) {
	n, err := b.from.Read(into)
	for _, c := range into[:n] {
		if b.run++; c == '<' {
			b.run = 0
		}
		if b.run > maxRun {
			return 0, errLongRun
		}
	}
	return n, err
}
