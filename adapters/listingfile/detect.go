package listingfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
)

// Format is what a file is.
type Format string

// The formats. Auto finds out from the content.
const (
	Auto   Format = ""
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
	RESO   Format = "reso"
)

const lookAhead = 64 << 10

// uncompressed is the text of the file: unzipped if it begins as gzip does, without a byte order mark.
func uncompressed(from io.Reader) (*bufio.Reader, error) {
	text := bufio.NewReaderSize(from, lookAhead)
	if magic, _ := text.Peek(2); string(magic) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(text)
		if err != nil {
			return nil, &FileError{Reason: "is not valid gzip", Err: err}
		}
		text = bufio.NewReaderSize(unzipped, lookAhead)
	}
	mark, err := text.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, &FileError{Line: 1, Reason: "cannot be read any further", Err: err}
	}
	switch {
	case string(mark) == "\xef\xbb\xbf":
		_, _ = text.Discard(len(mark))
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return nil, &FileError{Line: 1, Reason: "is in UTF-16; save it as UTF-8"}
	}
	return text, nil
}

// detect looks at the first characters. JSON is RESO when it begins as an array, or its first member is called "value",
// as in OData, or begins with a capital or @; Gable's own members begin with small letters.
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
