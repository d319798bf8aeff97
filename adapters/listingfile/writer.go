package listingfile

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

// Writer writes listings to a file that a Reader reads back: NDJSON with a line for each, exactly as the HTTP API answers
// it, or CSV with a header and the same members as columns, where nothing stands for null.
type Writer struct {
	// EscapeFormulas has the texts of a CSV file escaped that a spreadsheet would compute. Set it before the first Write.
	EscapeFormulas bool

	to     *bufio.Writer
	format Format
	line   []byte
	begun  bool
}

// NewWriter writes NDJSON or CSV; other formats are an error.
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

// Flush writes out what is buffered, and the header of a CSV file without listings. Call it at the end.
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
		if w.EscapeFormulas && !isCoordinate(m) {
			cell = escapeFormula(cell)
		}
		b = append(b, quoteCell(cell, ',')...)
	}
	if w.EscapeFormulas {
		b = append(b, ",yes"...)
	}
	return append(b, '\n')
}

// isCoordinate reports whether a member is a number that may be negative, which a spreadsheet takes for a number.
func isCoordinate(m propertyjson.Member) bool {
	return m == propertyjson.Latitude || m == propertyjson.Longitude
}

func cellOf(p *property.Property, m propertyjson.Member) string {
	switch m {
	case propertyjson.ID:
		return p.ID.String()
	case propertyjson.Reference:
		return p.Reference
	case propertyjson.Title:
		return p.Title
	case propertyjson.Description:
		return p.Description
	case propertyjson.Price:
		return p.Price.String()
	case propertyjson.Currency:
		return string(p.Currency)
	case propertyjson.Location:
		return p.Location
	case propertyjson.Offer:
		return string(p.Offer)
	case propertyjson.Kind:
		return string(p.Kind)
	case propertyjson.Status:
		return string(p.Status)
	case propertyjson.Photos:
		return photosCell(p.Photos)
	case propertyjson.Version:
		return strconv.FormatInt(p.Version, 10)
	case propertyjson.CreatedAt:
		return timeCell(p.CreatedAt)
	case propertyjson.UpdatedAt:
		return timeCell(p.UpdatedAt)
	}
	return numberCell(p, m)
}

func numberCell(p *property.Property, m propertyjson.Member) string {
	switch at, located := p.Coordinates.Get(); {
	case m == propertyjson.Bedrooms && p.Bedrooms.Valid:
		return strconv.Itoa(p.Bedrooms.Value)
	case m == propertyjson.Bathrooms && p.Bathrooms.Valid:
		return p.Bathrooms.Value.Short()
	case m == propertyjson.AreaM2 && p.AreaM2.Valid:
		return p.AreaM2.Value.Short()
	case m == propertyjson.Latitude && located:
		return strconv.FormatFloat(at.Latitude, 'g', -1, 64)
	case m == propertyjson.Longitude && located:
		return strconv.FormatFloat(at.Longitude, 'g', -1, 64)
	}
	return ""
}

func timeCell(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

// photosCell separates the addresses by spaces; if one of them contains white space it is a JSON array.
func photosCell(photos []string) string {
	joined := strings.Join(photos, " ")
	if len(strings.FieldsFunc(joined, unicode.IsSpace)) == len(photos) {
		return joined
	}
	list, err := json.Marshal(photos)
	if err != nil {
		return ""
	}
	return string(list)
}
