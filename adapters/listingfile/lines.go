package listingfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// line is one line of a file.
type line struct {
	text    []byte // without the line ending
	ending  string // "\n", "\r\n", or "" at the end of the file
	number  int    // from 1
	tooLong bool   // longer than MaxRow; text is empty
}

// lines reads a file line by line. Lines can be put back, to be read again.
type lines struct {
	from   *bufio.Reader
	number int
	ahead  []line
}

// next returns the next line, in memory of its own. The error is io.EOF or the reader's.
func (l *lines) next() (line, error) {
	if len(l.ahead) > 0 {
		first := l.ahead[0]
		l.ahead = l.ahead[1:]
		return first, nil
	}
	var text []byte
	tooLong := false
	for {
		part, err := l.from.ReadSlice('\n')
		if tooLong = tooLong || len(text)+len(part) > MaxRow+len("\r\n"); tooLong {
			text = nil
		} else {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil, errors.Is(err, io.EOF) && (tooLong || len(text) > 0):
			l.number++
			return newLine(text, l.number, tooLong), nil
		case errors.Is(err, io.EOF):
			return line{}, io.EOF
		default:
			return line{}, &FileError{Line: l.number + 1, Reason: "cannot be read any further", Err: err}
		}
	}
}

func newLine(text []byte, number int, tooLong bool) line {
	l := line{text: text, number: number, tooLong: tooLong}
	switch {
	case bytes.HasSuffix(text, []byte("\r\n")):
		l.ending = "\r\n"
	case bytes.HasSuffix(text, []byte("\n")):
		l.ending = "\n"
	}
	l.text = text[:len(text)-len(l.ending)]
	l.tooLong = tooLong || len(l.text) > MaxRow
	return l
}

// putBack makes these lines the next ones.
func (l *lines) putBack(again []line) {
	if len(again) > 0 {
		l.ahead = append(append([]line{}, again...), l.ahead...)
	}
}

func (l *line) blank() bool { return !l.tooLong && len(bytes.TrimSpace(l.text)) == 0 }
