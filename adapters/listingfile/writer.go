package listingfile

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

// Writer writes listings to a file that a Reader reads back. NDJSON has a line for each, exactly as the HTTP API
// returns it; CSV has a header and the same members as columns, with empty cells for null.
type Writer struct {
	// EscapeFormulas escapes the texts of a CSV file that a spreadsheet would compute. Set it before the first Write.
	EscapeFormulas bool

	to     *bufio.Writer
	format Format
	line   []byte
	begun  bool
}

// NewWriter returns a writer of NDJSON or CSV; other formats are an error.
func NewWriter(to io.Writer, format Format) (*Writer, error) {
	if format != CSV && format != NDJSON {
		return nil, fmt.Errorf("listings cannot be written as %q", format)
	}
	return &Writer{to: bufio.NewWriter(to), format: format}, nil
}

// Write adds a listing. Errors are those of the underlying writer.
func (w *Writer) Write(p *property.Property) error {
	w.begin()
	if w.format == NDJSON {
		w.line = append(propertyjson.Append(w.line[:0], p), '\n')
	} else {
		w.line = w.appendCSV(w.line[:0], p)
	}
	_, err := w.to.Write(w.line)
	return err
}

// Flush writes the buffer, and the header of a CSV file without listings. Call it at the end.
func (w *Writer) Flush() error {
	w.begin()
	return w.to.Flush()
}

func (w *Writer) begin() {
	if w.begun || w.format != CSV {
		return
	}
	w.begun = true
	for i, m := range propertyjson.Members() {
		if i > 0 {
			_ = w.to.WriteByte(',')
		}
		_, _ = w.to.WriteString(m.String())
	}
	if w.EscapeFormulas {
		_, _ = w.to.WriteString("," + formulasEscaped)
	}
	_ = w.to.WriteByte('\n')
}

func (w *Writer) appendCSV(b []byte, p *property.Property) []byte {
	for _, m := range propertyjson.Members() {
		if m > 0 {
			b = append(b, ',')
		}
		cell := cellOf(p, m)
		// A number is safe: spreadsheets read it as one, even when it is negative.
		if f := m.Field(); w.EscapeFormulas && (f == nil || !f.Numeric()) {
			cell = escapeFormula(cell)
		}
		b = append(b, quoteCell(cell, ',')...)
	}
	if w.EscapeFormulas {
		b = append(b, ",yes"...)
	}
	return append(b, '\n')
}

func cellOf(p *property.Property, m propertyjson.Member) string {
	switch m {
	case propertyjson.ID:
		return p.ID.String()
	case propertyjson.Version:
		return strconv.FormatInt(p.Version, 10)
	case propertyjson.CreatedAt:
		return timeCell(p.CreatedAt)
	case propertyjson.UpdatedAt:
		return timeCell(p.UpdatedAt)
	}
	return fieldCell(&p.Details, m.Field())
}

func fieldCell(d *property.Details, f *property.Field) string {
	switch f.Type {
	case property.DegreesField:
		at := d.Position()
		if n, ok := f.Degrees(&at).Get(); ok {
			return strconv.FormatFloat(n, 'g', -1, 64)
		}
		return ""
	case property.ListField:
		return listCell(*f.List(d))
	default:
		return f.Written(d)
	}
}

func timeCell(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

// listCell separates the addresses by spaces; if one of them contains white space it is a JSON array.
func listCell(addresses []string) string {
	spaced := func(address string) bool { return strings.ContainsFunc(address, unicode.IsSpace) }
	if !slices.ContainsFunc(addresses, spaced) {
		return strings.Join(addresses, " ")
	}
	list, err := json.Marshal(addresses)
	if err != nil {
		return ""
	}
	return string(list)
}
