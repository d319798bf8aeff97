package listingfile

import (
	"bufio"
	"bytes"
	"strings"
)

const (
	saveSheet = "save it as .xlsx or CSV"
	packAgain = "unpack it, or compress it with gzip"
	sendTable = "export the listings as CSV, .xlsx or JSON"
)

// magics are the first bytes of files that do not hold listings: what they are, and what to do.
var magics = []struct{ start, is, advice string }{
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a workbook in the old format (.xls) or with a password", saveSheet},
	{"%PDF-", "is a PDF", sendTable},
	{`{\rtf`, "is a rich text document", sendTable},
	{"SQLite format 3\x00", "is an SQLite database", sendTable},
	{"PAR1\x15", "is a Parquet file", sendTable},
	{"\x89PNG\r\n\x1a\n", "is a picture", sendTable},
	{"\xff\xd8\xff", "is a picture", sendTable},
	{"GIF89a", "is a picture", sendTable},
	{"BZh91AY&SY", "is compressed with bzip2", packAgain},
	{"\xfd7zXZ\x00", "is compressed with xz", packAgain},
	{"\x28\xb5\x2f\xfd", "is compressed with zstd", packAgain},
	{"7z\xbc\xaf\x27\x1c", "is a 7z archive", packAgain},
	{"Rar!\x1a\x07", "is a RAR archive", packAgain},
}

// nameMagic returns an error that names a file by its first bytes.
func nameMagic(start []byte) error {
	for _, m := range magics {
		if bytes.HasPrefix(start, []byte(m.start)) {
			return &FileError{Reason: m.is + "; " + m.advice}
		}
	}
	const tarAt = 257
	if len(start) > tarAt && bytes.HasPrefix(start[tarAt:], []byte("ustar")) && bytes.IndexByte(start[:tarAt], 0) >= 0 {
		return &FileError{Reason: "is a tar archive; unpack it"}
	}
	return nil
}

// nameNested returns an error when unpacked content is packed again.
func nameNested(content *bufio.Reader) error {
	start, _ := content.Peek(lookAhead) // reading reports its errors
	if bytes.HasPrefix(start, []byte("\x1f\x8b")) || bytes.HasPrefix(start, []byte("PK\x03\x04")) {
		return &FileError{Reason: "is packed twice; unpack it once"}
	}
	return nameMagic(start)
}

// nameMarkup returns an error for a text in HTML or XML, which some programs call .xls or .csv.
func nameMarkup(text *bufio.Reader) error {
	start, _ := text.Peek(lookAhead) // reading reports its errors
	start = bytes.TrimLeft(start, " \t\r\n")
	head := strings.ToLower(string(start[:min(len(start), 64)]))
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body", "<meta", "<table", "<style"} {
		if strings.HasPrefix(head, tag) {
			return &FileError{Reason: "is a web page (HTML); open it in a spreadsheet and " + saveSheet}
		}
	}
	if strings.HasPrefix(head, "<?xml") {
		return &FileError{Reason: "is XML; " + sendTable}
	}
	return nil
}
