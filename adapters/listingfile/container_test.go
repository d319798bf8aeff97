package listingfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/listingfile"
)

// archive returns a zip of files, in this order: a name and its content, and so on.
func archive(t testing.TB, files ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err == nil {
			_, err = io.WriteString(f, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const oneHouse = "title,price,location\nA,1,L\n"

func TestAZipOfOneFileIsRead(t *testing.T) {
	for name, file := range map[string]string{
		"CSV":              archive(t, "homes.csv", oneHouse),
		"in a folder":      archive(t, "homes/", "", "homes/2026/homes.csv", oneHouse),
		"as macOS zips it": archive(t, "homes.csv", oneHouse, "__MACOSX/._homes.csv", "\x00\x05\x16", ".DS_Store", "x"),
		"NDJSON":           archive(t, "homes.jsonl", `{"title":"A","price":1,"location":"L"}`),
		"UTF-16":           archive(t, "homes.txt", "\xff\xfe"+in(t, little, oneHouse)),
	} {
		records, err := readAll(t, strings.NewReader(file), listingfile.Options{})
		if err != nil || len(records) != 1 || records[0].Details.Title != "A" {
			t.Errorf("%s: %+v, %v", name, records, err)
		}
	}
}

func TestFilesThatHoldNoRowsAreNamedWithAdvice(t *testing.T) {
	many := []string{"b.csv", oneHouse}
	for i := range 6 {
		many = append(many, fmt.Sprintf("%d.csv", i), oneHouse)
	}
	locked := []byte(archive(t, "homes.csv", oneHouse))
	for _, header := range []string{"PK\x03\x04", "PK\x01\x02"} {
		at := bytes.Index(locked, []byte(header)) + map[string]int{"PK\x03\x04": 6, "PK\x01\x02": 8}[header]
		locked[at] |= 1
	}
	tar := append(make([]byte, 257), "ustar\x0000"...)
	for name, c := range map[string]struct{ file, want string }{
		"xls": {
			"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 100),
			"is a workbook in the old format (.xls) or with a password; save it as .xlsx or CSV",
		},
		"ods": {
			archive(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", "<x/>"),
			"is an OpenDocument file (.ods); save it as .xlsx or CSV",
		},
		"xlsb": {
			archive(t, "[Content_Types].xml", "<x/>", "xl/workbook.bin", "x"),
			"is a binary workbook (.xlsb); save it as .xlsx or CSV",
		},
		"docx": {
			archive(t, "[Content_Types].xml", "<x/>", "word/document.xml", "<x/>"),
			"is an Office document without sheets; save it as .xlsx or CSV",
		},
		"numbers": {
			archive(t, "Index/Document.iwa", "x"),
			"is a document of Apple iWork (.numbers); save it as .xlsx or CSV",
		},
		"pdf": {"%PDF-1.7\n", "is a PDF; export the listings as CSV, .xlsx or JSON"},
		"html": {
			"\xef\xbb\xbf <!DOCTYPE html><html>",
			"is a web page (HTML); open it in a spreadsheet and save it as .xlsx or CSV",
		},
		"html as xls": {
			"\r\n<TABLE><tr><td>title</td></tr></TABLE>",
			"is a web page (HTML); open it in a spreadsheet and save it as .xlsx or CSV",
		},
		"html in UTF-16": {
			"\xff\xfe" + in(t, little, "<html>"),
			"is a web page (HTML); open it in a spreadsheet and save it as .xlsx or CSV",
		},
		"xml":             {"<?xml version='1.0'?><homes/>", "is XML; export the listings as CSV, .xlsx or JSON"},
		"picture":         {"\x89PNG\r\n\x1a\n\x00\x00", "is a picture; export the listings as CSV, .xlsx or JSON"},
		"bzip2":           {"BZh91AY&SY\x00", "is compressed with bzip2; unpack it, or compress it with gzip"},
		"xz":              {"\xfd7zXZ\x00\x00", "is compressed with xz; unpack it, or compress it with gzip"},
		"tar":             {string(tar), "is a tar archive; unpack it"},
		"tar.gz":          {string(zipped(t, string(tar))), "is a tar archive; unpack it"},
		"pdf.gz":          {string(zipped(t, "%PDF-1.7\n")), "is a PDF; export the listings as CSV, .xlsx or JSON"},
		"gz.gz":           {string(zipped(t, string(zipped(t, oneHouse)))), "is packed twice; unpack it once"},
		"zip.gz":          {string(zipped(t, archive(t, "homes.csv", oneHouse))), "is packed twice; unpack it once"},
		"zip of a zip":    {archive(t, "homes.zip", archive(t, "homes.csv", oneHouse)), "is packed twice; unpack it once"},
		"zip of a gz":     {archive(t, "homes.csv.gz", string(zipped(t, oneHouse))), "is packed twice; unpack it once"},
		"empty zip":       {archive(t), "is a zip without a file"},
		"zip of a folder": {archive(t, "homes/", ""), "is a zip without a file"},
		"zip of two": {
			archive(t, "b.csv", oneHouse, "a.csv", oneHouse),
			"is a zip with 2 files (b.csv, a.csv); a zip may hold one file",
		},
		"zip of seven": {
			archive(t, many...),
			"is a zip with 7 files (b.csv, 0.csv, 1.csv, 2.csv, 3.csv and 2 more); a zip may hold one file",
		},
		"zip, cut":    {archive(t, "homes.csv", oneHouse)[:40], "is not a valid zip: zip: not a valid zip file"},
		"zip, locked": {string(locked), "is a zip with a password; unpack it first"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readAll(t, strings.NewReader(c.file), listingfile.Options{})
			if _, broken := errors.AsType[*listingfile.FileError](err); !broken || err.Error() != "the file "+c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAZipFromAStreamSaysWhyItIsNotRead(t *testing.T) {
	stream := io.MultiReader(strings.NewReader(archive(t, "homes.csv", oneHouse)))
	if _, err := readAll(t, stream, listingfile.Options{}); err == nil ||
		err.Error() != "the file is a zip, which cannot be read from a stream" {
		t.Errorf("got %v", err)
	}
}

// A small file that unpacks to a large one ends at the bound, however it is packed.
func TestWhatUnpacksToTooMuchTextIsRefused(t *testing.T) {
	const most = 1 << 20
	large := "title,price,location\n" + strings.Repeat("A,1,L\n", most/6)
	for name, file := range map[string]string{
		"gzip": string(zipped(t, large)), "zip": archive(t, "homes.csv", large),
		"one line": archive(t, "homes.csv", strings.Repeat("x", 2*most)),
	} {
		_, err := readAll(t, strings.NewReader(file), listingfile.Options{MaxText: most})
		if !errors.Is(err, listingfile.ErrTooMuchText) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The list of files of a zip costs memory for each name, before anything is unpacked.
func TestAZipOfVeryManyFilesIsRefusedEarly(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	name := strings.Repeat("n", 1000)
	for i := range 20_000 {
		if _, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%s%d", name, i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := readAll(t, bytes.NewReader(out.Bytes()), listingfile.Options{})
	if err == nil || err.Error() != "the file is not a valid zip: it has too many files" {
		t.Errorf("got %v", err)
	}
}
