package listingfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// Format is the format of a file.
type Format string

// The formats. Auto detects the format from the content.
const (
	Auto   Format = ""
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
	RESO   Format = "reso"
	XLSX   Format = "xlsx"
)

// detect finds the format from the first characters. JSON is RESO when it begins as an array, or its first member is
// called "value", as in OData, or begins with a capital or @; Gable's own members begin with small letters.
func detect(text *bufio.Reader) (Format, error) {
	start, err := text.Peek(lookAhead)
	if err != nil && !errors.Is(err, io.EOF) && len(start) == 0 {
		return Auto, &FileError{Line: 1, Reason: "cannot be read any further", Err: err}
	}
	start = bytes.TrimLeft(start, " \t\r\n")
	switch {
	case len(start) == 0:
		return Auto, &FileError{Reason: "is empty"}
	case start[0] == '[':
		return RESO, nil
	case start[0] != '{':
		return CSV, nil
	}
	name, _, _ := strings.Cut(strings.TrimLeft(string(start[1:min(len(start), 512)]), " \t\r\n\""), `"`)
	if name == "value" || strings.HasPrefix(name, "@") || name != "" && name[0] >= 'A' && name[0] <= 'Z' {
		return RESO, nil
	}
	return NDJSON, nil
}
