package listingfile

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Encoding says how the bytes of a file stand for characters.
type Encoding string

// The encodings. AutoEncoding finds the encoding from the content.
const (
	AutoEncoding Encoding = ""
	UTF8         Encoding = "utf-8"
	UTF16        Encoding = "utf-16"
	Windows1252  Encoding = "windows-1252"
	Latin1       Encoding = "iso-8859-1"

	// Texts in UTF-16 have one of two byte orders.
	utf16LE Encoding = "utf-16le"
	utf16BE Encoding = "utf-16be"
)

// name is the encoding as options and reports name it.
func (e Encoding) name() Encoding {
	if e == utf16LE || e == utf16BE {
		return UTF16
	}
	return e
}

// marks are the byte order marks of the encodings. UTF-32 is not read; its mark begins like one of UTF-16.
var marks = []struct {
	mark     string
	encoding Encoding
}{
	{"\xff\xfe\x00\x00", "utf-32"}, {"\x00\x00\xfe\xff", "utf-32"},
	{"\xef\xbb\xbf", UTF8}, {"\xff\xfe", utf16LE}, {"\xfe\xff", utf16BE},
}

// marked removes the byte order mark from the text and returns its encoding, or AutoEncoding without a mark.
func marked(text *bufio.Reader) Encoding {
	start, _ := text.Peek(4) // reading reports its errors
	for _, m := range marks {
		if bytes.HasPrefix(start, []byte(m.mark)) {
			_, _ = text.Discard(len(m.mark))
			return m.encoding
		}
	}
	return AutoEncoding
}

// settle finds the encoding of a text: the mark decides, then the options, then the content. again returns the text
// anew, from its start; it returns nil when the text can be read only once.
func (r *Reader) settle(text *bufio.Reader, again func() io.Reader) (Encoding, error) {
	mark, chosen := marked(text), r.options.Encoding
	r.marked = mark != AutoEncoding
	switch {
	case mark == "utf-32":
		return "", &FileError{Line: 1, Reason: "is in UTF-32; save it as UTF-8"}
	case mark != AutoEncoding && chosen != AutoEncoding && mark.name() != chosen.name():
		return "", &FileError{Line: 1, Reason: fmt.Sprintf("begins with the mark of %s, but the encoding is set to %s",
			mark.name(), chosen)}
	case mark != AutoEncoding:
		return mark, nil
	case chosen == UTF16, chosen == AutoEncoding:
		start, _ := text.Peek(lookAhead)
		if order := byteOrder(start); order != AutoEncoding {
			return order, nil
		}
		if chosen == UTF16 {
			return utf16LE, nil // which Windows writes
		}
		whole := again()
		if whole == nil {
			whole = bytes.NewReader(start)
		}
		j := judge(whole)
		r.sample = j.sample
		return j.encoding()
	case chosen == utf16LE, chosen == utf16BE, chosen == UTF8, chosen == Windows1252, chosen == Latin1:
		return chosen, nil
	}
	return "", &FileError{Reason: fmt.Sprintf("cannot be read in %q, which is not one of the known encodings", chosen)}
}

// byteOrder returns the order of a text in UTF-16 without a mark. Its header is mostly ASCII, so that every other
// byte is NUL.
func byteOrder(start []byte) Encoding {
	start = start[:min(len(start), 256)]
	var zeros [2]int
	for i, c := range start {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch pairs := len(start) / 2; {
	case zeros[1] > pairs/2 && zeros[1] > 8*zeros[0]:
		return utf16LE
	case zeros[0] > pairs/2 && zeros[0] > 8*zeros[1]:
		return utf16BE
	}
	return AutoEncoding
}

// decoded returns the text in UTF-8. Characters that are broken in UTF-16 become U+FFFD; see grid.check.
func decoded(text *bufio.Reader, e Encoding) *bufio.Reader {
	var from encoding.Encoding
	switch e {
	case utf16LE:
		from = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case utf16BE:
		from = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case Windows1252:
		from = charmap.Windows1252
	case Latin1:
		from = charmap.ISO8859_1
	default:
		return text
	}
	return bufio.NewReaderSize(transform.NewReader(text, from.NewDecoder()), lookAhead)
}

// judgement is what the bytes beyond ASCII look like.
type judgement struct {
	valid    int // characters in UTF-8
	invalid  int // bytes that are not part of one
	adjacent int // invalid bytes after another byte beyond ASCII
	unused   int // invalid bytes without a meaning in Windows-1252
	line     int // of the first invalid byte
	sample   string
}

// enough is after how many characters beyond ASCII the encoding is clear.
const enough = 1 << 20

// judge reads a text to its end, or until its encoding is clear. A text that cannot be read to its end is judged by
// what was read; reading it reports the error.
func judge(text io.Reader) judgement {
	var j judgement
	line, before := 1, byte(0)
	buffer := make([]byte, 0, lookAhead)
	for j.valid+j.invalid < enough {
		n, err := io.ReadFull(text, buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		at := 0
		for at < len(buffer) {
			c := buffer[at]
			if c < utf8.RuneSelf {
				if c == '\n' {
					line++
				}
				before = c
				at++
				continue
			}
			if err == nil && !utf8.FullRune(buffer[at:]) {
				break // the rest comes with the next bytes
			}
			r, size := utf8.DecodeRune(buffer[at:])
			if r != utf8.RuneError || size > 1 {
				j.valid++
			} else {
				j.add(buffer, at, before, line)
			}
			at += size
			before = buffer[at-1]
		}
		buffer = append(buffer[:0], buffer[at:]...)
		if err != nil {
			break
		}
	}
	return j
}

func (j *judgement) add(text []byte, at int, before byte, line int) {
	if j.invalid++; j.invalid == 1 {
		j.line = line
		j.sample = fmt.Sprintf("%q on line %d", around(text, at), line)
	}
	if before >= utf8.RuneSelf {
		j.adjacent++
	}
	if bytes.IndexByte([]byte("\x81\x8d\x8f\x90\x9d"), text[at]) >= 0 {
		j.unused++
	}
}

// around returns the words around a byte, read as Windows-1252.
func around(text []byte, at int) string {
	const ends, reach = "\r\n\t\",;|:{}[]", 30
	from, to := max(0, at-reach), min(len(text), at+reach)
	if i := bytes.LastIndexAny(text[from:at], ends); i >= 0 {
		from += i + 1
	}
	if i := bytes.IndexAny(text[at+1:to], ends); i >= 0 {
		to = at + 1 + i
	}
	words, _ := charmap.Windows1252.NewDecoder().Bytes(text[from:to]) // which knows every byte
	return strings.TrimSpace(string(words))
}

// encoding decides. Bytes that are not UTF-8 mean Windows-1252 when they are nearly all that there is, and stand alone
// among ASCII letters as they do in Western languages. A few of them are damage in a text in UTF-8: the rows that have
// them are rejected.
func (j *judgement) encoding() (Encoding, error) {
	western := j.unused == 0 && 2*j.adjacent <= j.invalid
	switch {
	case j.invalid <= j.valid, western && j.invalid <= 10*j.valid:
		return UTF8, nil
	case western:
		return Windows1252, nil
	}
	return "", &FileError{Line: j.line, Reason: "is not in UTF-8, and does not look like Windows-1252; " +
		"save it as UTF-8, or name its encoding (utf-16, windows-1252 or iso-8859-1)"}
}
