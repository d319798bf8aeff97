package listingfile

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strings"
)

// maxDirectory is the most bytes that are read to list the files of a zip.
const maxDirectory = 16 << 20

// lookAhead is how much of a file is looked at before it is read.
const lookAhead = 64 << 10

// randomFile is a file that can be read at any place, and more than once.
type randomFile interface {
	io.Reader
	io.ReaderAt
	Size() int64
}

// fromStart returns the whole file as a new reader, or nil when it can be read only once.
func fromStart(from io.Reader) *io.SectionReader {
	if file, ok := from.(randomFile); ok {
		return io.NewSectionReader(file, 0, file.Size())
	}
	return nil
}

// unpack returns the content of a file without its compression: a text, or the archive of a workbook.
func unpack(from io.Reader, most int64) (text *bufio.Reader, book *zip.Reader, err error) {
	text = bufio.NewReaderSize(from, lookAhead)
	start, err := text.Peek(lookAhead)
	if err != nil && !errors.Is(err, io.EOF) && len(start) == 0 {
		return nil, nil, &FileError{Line: 1, Reason: "cannot be read any further", Err: err}
	}
	if err := nameMagic(start); err != nil {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		text, err = gunzip(text, most)
	case bytes.HasPrefix(start, []byte("PK\x03\x04")), bytes.HasPrefix(start, []byte("PK\x05\x06")):
		text, book, err = unzip(from, most)
	default:
		return text, nil, nil
	}
	if err != nil || book != nil {
		return nil, book, err
	}
	return text, nil, nameNested(text)
}

func gunzip(text io.Reader, most int64) (*bufio.Reader, error) {
	unzipped, err := gzip.NewReader(text)
	if err != nil {
		return nil, &FileError{Reason: "is not valid gzip", Err: err}
	}
	return boundedReader(unzipped, most), nil
}

func boundedReader(from io.Reader, most int64) *bufio.Reader {
	return bufio.NewReaderSize(&boundedText{from, cmp.Or(most, math.MaxInt64)}, lookAhead)
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

// unzip opens a zip: a workbook, or an archive of exactly one file.
func unzip(from io.Reader, most int64) (*bufio.Reader, *zip.Reader, error) {
	file := fromStart(from)
	if file == nil {
		return nil, nil, &FileError{Reason: "is a zip, which cannot be read from a stream"}
	}
	directory := &boundedDirectory{file, maxDirectory}
	archive, err := zip.NewReader(directory, file.Size())
	if err != nil {
		return nil, nil, &FileError{Reason: "is not a valid zip", Err: err}
	}
	directory.left = math.MaxInt64
	book, err := isWorkbook(archive)
	if err != nil || book {
		return nil, archive, err
	}
	only, err := onlyFile(archive)
	if err != nil {
		return nil, nil, err
	}
	content, err := only.Open()
	if err != nil {
		return nil, nil, &FileError{Reason: fmt.Sprintf("is a zip whose file %q cannot be unpacked", only.Name), Err: err}
	}
	return boundedReader(content, most), nil, nil
}

// boundedDirectory fails after left bytes, so that a zip with millions of names costs little.
type boundedDirectory struct {
	io.ReaderAt
	left int64
}

var errDirectory = errors.New("it has too many files")

func (b *boundedDirectory) ReadAt(into []byte, at int64) (int, error) {
	if b.left -= int64(len(into)); b.left < 0 {
		return 0, errDirectory
	}
	return b.ReaderAt.ReadAt(into, at)
}

// isWorkbook tells workbooks in .xlsx from other archives. The error names a document of another kind.
func isWorkbook(archive *zip.Reader) (bool, error) {
	office := false
	for _, f := range archive.File {
		switch name := strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/")); {
		case name == "xl/workbook.bin":
			return false, &FileError{Reason: "is a binary workbook (.xlsb); " + saveSheet}
		case name == "xl/workbook.xml":
			return true, nil
		case name == "mimetype":
			return false, &FileError{Reason: "is an OpenDocument file (.ods); " + saveSheet}
		case strings.HasSuffix(name, ".iwa"):
			return false, &FileError{Reason: "is a document of Apple iWork (.numbers); " + saveSheet}
		case name == "[content_types].xml":
			office = true
		}
	}
	if office {
		return false, &FileError{Reason: "is an Office document without sheets; " + saveSheet}
	}
	return false, nil
}

// onlyFile returns the file of an archive of one. Folders, and what macOS adds, do not count.
func onlyFile(archive *zip.Reader) (*zip.File, error) {
	var files []*zip.File
	for _, f := range archive.File {
		added := strings.HasPrefix(f.Name, "__MACOSX/") || path.Base(f.Name) == ".DS_Store"
		if !added && !strings.HasSuffix(f.Name, "/") {
			files = append(files, f)
		}
	}
	switch {
	case len(files) == 0:
		return nil, &FileError{Reason: "is a zip without a file"}
	case len(files) > 1:
		names := make([]string, len(files))
		for i, f := range files {
			names[i] = f.Name
		}
		return nil, &FileError{Reason: fmt.Sprintf("is a zip with %d files (%s); a zip may hold one file",
			len(files), someOf(names))}
	case files[0].Flags&1 != 0:
		return nil, &FileError{Reason: "is a zip with a password; unpack it first"}
	}
	return files[0], nil
}

// someOf lists the first names, and how many more there are.
func someOf(names []string) string {
	const most = 5
	shown := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, shorten(name, 60))
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
