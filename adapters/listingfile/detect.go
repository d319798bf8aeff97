package listingfile

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"math"
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
)

const lookAhead = 64 << 10

// uncompress returns the text of the file: unzipped if it begins as gzip does, without a byte order mark.
func uncompress(from io.Reader, most int64) (*bufio.Reader, error) {
	text := bufio.NewReaderSize(from, lookAhead)
	if magic, _ := text.Peek(2); string(magic) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(text)
		if err != nil {
			return nil, &FileError{Reason: "is not valid gzip", Err: err}
		}
		text = bufio.NewReaderSize(&boundedText{unzipped, cmp.Or(most, math.MaxInt64)}, lookAhead)
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

// boundedText is a reader that fails after left bytes.
type boundedText struct {
	io.Reader
	left int64
}

func (b *boundedText) Read(into []byte) (int, error) {
	n, err := b.Reader.Read(into)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooMuchText
	}
	return n, err
}

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
