package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/domain/property"
)

// rejectsFile is the file of rejected rows. It is made before the first row is read, so that a place that cannot be
// written is found in time. It is removed when no row is written to it.
type rejectsFile struct {
	path    string
	file    *os.File
	made    bool // by this command
	rows    *listingfile.Rejects
	written int
	tooLong int // rows that are not written
}

// makeRejects makes the file at the path, or one beside the imported file without a path.
// The rows are those of the reader; a pipe has no place of its own.
func makeRejects(path, imported string, pipe bool, rows *listingfile.Reader) (*rejectsFile, error) {
	chosen := path != ""
	if !chosen {
		path = freeRejectsPath(imported, pipe, rows.Format())
	}
	if err := checkOutput(path, imported); err != nil {
		return nil, fmt.Errorf("write rejected rows: %w", err)
	}
	file, made, err := createOutput(path)
	if err != nil && !chosen {
		return nil, fmt.Errorf("make a file for rejected rows: %w; name another one with --rejects", err)
	}
	if err != nil {
		return nil, fmt.Errorf("make a file for rejected rows: %w", err)
	}
	return &rejectsFile{path: path, file: file, made: made, rows: listingfile.NewRejects(file, rows)}, nil
}

func (f *rejectsFile) add(r property.Record, wrong []property.FieldError) error {
	if r.Raw == nil {
		f.tooLong++
		return nil
	}
	f.written++
	return f.rows.Add(r, transfer.ReasonOf(wrong))
}

func (f *rejectsFile) close() error {
	err := errors.Join(f.rows.Close(), f.file.Close())
	if f.made && f.written == 0 {
		err = errors.Join(err, os.Remove(f.path))
	}
	if err != nil {
		return fmt.Errorf("write rejected rows: %w", err)
	}
	return nil
}

// freeRejectsPath returns an unused name beside the source: listings.csv.gz has its rejects in listings.rejects.csv,
// or in listings.rejects.2.csv when that file exists already. The rejects of a pipe are in the current folder.
func freeRejectsPath(source string, pipe bool, format listingfile.Format) string {
	name := strings.TrimSuffix(source, ".gz")
	extension := filepath.Ext(name)
	stem := strings.TrimSuffix(name, extension) + ".rejects"
	switch strings.ToLower(extension) {
	case "", ".zip", ".xlsx", ".xlsm":
		extension = transfer.RejectsExtension(format)
	}
	if pipe {
		stem, extension = "import.rejects", transfer.RejectsExtension(format)
	}
	path := stem + extension
	for n := 2; ; n++ {
		if _, err := os.Lstat(path); err != nil {
			return path
		}
		path = stem + "." + strconv.Itoa(n) + extension
	}
}
