package listingfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

// rejectedBecause is the column or member that holds the reason for a rejection. Reading ignores it.
const rejectedBecause = "rejected_because"

// Rejects writes the rejected rows of a file to a file of the same format, each with its reason. They can be mended
// there and imported again with the same mapping. A CSV row gets the reason in a column at its end, a JSON object in
// its last member. Rows of a workbook become CSV. Rows longer than MaxRow are left out.
//
// The file is in UTF-8. A CSV file begins with a byte order mark if its source has one or is in another encoding, so
// that the spreadsheet which wrote the source reads it.
type Rejects struct {
	to     *bufio.Writer
	source *Reader
	any    bool
}

// NewRejects returns a writer of the source's rejected rows. It writes nothing before the first of them.
func NewRejects(to io.Writer, source *Reader) *Rejects {
	return &Rejects{to: bufio.NewWriter(to), source: source}
}

// Add writes a record of the source and the reason why it was rejected.
func (w *Rejects) Add(r property.Record, reason string) error {
	if r.Raw == nil {
		return nil
	}
	switch w.source.format {
	case CSV, XLSX:
		w.addCSV(r.Raw, reason)
	case RESO:
		w.separate("[\n", ",\n")
		_, _ = w.to.Write(withReason(r.Raw, reason))
	default:
		_, _ = w.to.Write(append(withReason(r.Raw, reason), '\n'))
	}
	w.any = true
	_, err := w.to.Write(nil)
	return err
}

// separate writes the text before the first row, or between two rows.
func (w *Rejects) separate(before, between string) {
	if w.any {
		before = between
	}
	_, _ = w.to.WriteString(before)
}

func (w *Rejects) addCSV(raw []byte, reason string) {
	rows := w.source.grid
	column, again := rows.column[rejectedBecause]
	if !w.any {
		if w.source.marked || w.source.Encoding() != UTF8 {
			_, _ = w.to.WriteString("\xef\xbb\xbf")
		}
		_, _ = w.to.Write(rows.before)
		_, _ = w.to.Write(rows.headerRaw)
		if !again {
			_, _ = w.to.WriteString(string(rows.separator) + rejectedBecause)
		}
		_ = w.to.WriteByte('\n')
	}
	cells := parseCells(raw, rows.separator)
	if again && column < len(cells) {
		cells[column] = reason
		for i := range cells {
			cells[i] = quoteCell(cells[i], rows.separator)
		}
		_, _ = w.to.WriteString(strings.Join(cells, string(rows.separator)) + "\n")
		return
	}
	_, _ = w.to.Write(raw)
	_, _ = w.to.WriteString(string(rows.separator) + quoteCell(reason, rows.separator) + "\n")
}

// parseCells returns the cells of a whole row, or nil if the row is broken.
func parseCells(raw []byte, separator byte) []string {
	p := cellParser{separator: separator}
	for text := range bytes.SplitAfterSeq(raw, []byte("\n")) {
		if p.feed(newLine(text, '\n', 0, false)) != nil {
			return nil
		}
	}
	return p.cells
}

// Close ends the file and writes the rest of the buffer; the underlying file stays open.
func (w *Rejects) Close() error {
	if w.any && w.source.format == RESO {
		_, _ = w.to.WriteString("\n]\n")
	}
	return w.to.Flush()
}

// withReason adds the reason as the last member of a JSON object. Any other text is left as it is.
func withReason(raw []byte, reason string) []byte {
	raw = bytes.TrimSpace(withoutRejection(raw))
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || len(members) == 0 {
		return bytes.Clone(raw)
	}
	out := append(bytes.Clone(raw[:len(raw)-1]), `,"`+rejectedBecause+`":`...)
	return append(propertyjson.AppendString(out, reason), '}')
}

// quoteCell quotes a cell if it needs quotes.
func quoteCell(text string, separator byte) string {
	if !strings.ContainsAny(text, "\"\r\n"+string(separator)) {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}
