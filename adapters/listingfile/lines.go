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
	ending  string // "\n", "\r\n", or "" at the end of the file; "\n" for a line that CR ends
	number  int    // from 1
	tooLong bool   // longer than MaxRow; text is empty
}

// lines reads a file line by line. Lines can be put back, to be read again.
type lines struct {
	from   *bufio.Reader
	end    byte // the last byte of a line: LF, or CR in files of an old Mac
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
		part, err := l.from.ReadSlice(l.end)
		if tooLong = tooLong || len(text)+len(part) > MaxRow+len("\r\n"); tooLong {
			text = nil
		} else {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil, errors.Is(err, io.EOF) && (tooLong || len(text) > 0):
			l.number++
			return newLine(text, l.end, l.number, tooLong), nil
		case errors.Is(err, io.EOF):
			return line{}, io.EOF
		default:
			return line{}, &FileError{Line: l.number + 1, Reason: "cannot be read any further", Err: err}
		}
	}
}

func newLine(text []byte, end byte, number int, tooLong bool) line {
	l := line{text: text, number: number, tooLong: tooLong}
	switch {
	case end == '\r':
		l.text = bytes.TrimSuffix(text, []byte("\r"))
		l.ending = "\n"[:len(text)-len(l.text)]
	case bytes.HasSuffix(text, []byte("\r\n")):
		l.ending = "\r\n"
	case bytes.HasSuffix(text, []byte("\n")):
		l.ending = "\n"
	}
	l.text = text[:len(text)-len(l.ending)]
	l.tooLong = tooLong || len(l.text) > MaxRow
	return l
}

// nextText returns the next line that is not blank.
func (l *lines) nextText() (line, error) {
	next, err := l.next()
	for err == nil && next.blank() {
		next, err = l.next()
	}
	return next, err
}

// putBack makes these lines the next ones.
func (l *lines) putBack(again []line) {
	if len(again) > 0 {
		l.ahead = append(append([]line{}, again...), l.ahead...)
	}
}

func (l *line) blank() bool { return !l.tooLong && len(bytes.TrimSpace(l.text)) == 0 }

// lineEnd returns the last byte of the lines of a text. It is CR when the text begins with lines that end so, outside
// quotes, and LF otherwise.
func lineEnd(start []byte) byte {
	quoted, end := false, byte('\n')
	for _, c := range start {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' && !quoted:
			return '\n'
		case c == '\r' && !quoted:
			end = '\r'
		}
	}
	return end
}
