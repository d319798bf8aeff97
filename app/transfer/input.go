package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/domain/property"
)

// Input is a file of listings that is opened several times, as an import does. Later readings use what the first one
// has found out about the file. It is used by one goroutine at a time.
type Input struct {
	open    func() (file File, size int64, err error)
	options listingfile.Options
	step    func()   // called before each record, and while the file is looked at; may be nil
	bounds  *Imports // nil: none
	release func()   // may be nil
	info    property.FileInfo
	reading *Source // the last one that was opened
}

// NewInput returns an input that calls open for each reading.
func NewInput(open func() (File, int64, error), o listingfile.Options) *Input {
	return &Input{open: open, options: o}
}

// NewContentInput returns an input with this content.
func NewContentInput(content []byte, o listingfile.Options) *Input {
	return NewInput(func() (File, int64, error) {
		return openForOwner{bytes.NewReader(content)}, int64(len(content)), nil
	}, o)
}

// StandardInput is the path that stands for the standard input.
const StandardInput = "-"

// OpenInput returns the file at the path, or what comes from stdin for StandardInput. A pipe, which can be read only
// once, is first copied to a temporary file. Close the input at the end.
func OpenInput(ctx context.Context, path string, stdin io.Reader, o listingfile.Options) (*Input, error) {
	if path == StandardInput {
		return copyInput(ctx, stdin, o)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder", path)
	case !info.Mode().IsRegular():
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close() // only read from
		return copyInput(ctx, f, o)
	}
	return NewInput(func() (File, int64, error) { return openFile(path) }, o), nil
}

func openFile(path string) (File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

func copyInput(ctx context.Context, from io.Reader, o listingfile.Options) (*Input, error) {
	copied, err := spool(ctx, from, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return &Input{open: copied.open, options: o, release: copied.remove}, nil
}

// Open reads the file from its start, and closes the reading before.
func (in *Input) Open() (*Source, error) {
	in.closeReading()
	f, size, err := in.open()
	if err != nil {
		return nil, err
	}
	s, err := newSource(f, size, in.options, in.step)
	if err != nil {
		return nil, err
	}
	if in.info.Format == "" {
		in.info, in.options = s.info(), s.Settled()
	}
	s.bounds, in.reading = in.bounds, s
	return s, nil
}

// Source opens the file for the catalog, see catalog.Import.
func (in *Input) Source() (catalog.Source, error) {
	s, err := in.Open()
	if err != nil {
		return nil, err
	}
	return s, nil
}

// IsCopy reports whether the input was a pipe, and is read from a copy.
func (in *Input) IsCopy() bool { return in.release != nil }

// Info says how the file is read. It is known after the first Open.
func (in *Input) Info() property.FileInfo { return in.info }

// NextPage returns the address at which the source of the file continues, or "". It is known at the end of the file.
func (in *Input) NextPage() string {
	if in.reading == nil {
		return ""
	}
	return in.reading.NextPage()
}

// Ignored returns the columns that the file has and that are not read, see listingfile.Reader.Ignored.
func (in *Input) Ignored() []string {
	if in.reading == nil {
		return nil
	}
	return in.reading.Ignored()
}

// Fraction returns the share of the file that has been read, 0 to 1, or 0 when that is unknown.
func (in *Input) Fraction() float64 {
	if in.reading == nil {
		return 0
	}
	return in.reading.fraction()
}

// Close closes the last reading, and removes temporary files.
func (in *Input) Close() {
	in.closeReading()
	if in.release != nil {
		in.release()
	}
}

func (in *Input) closeReading() {
	if in.reading != nil {
		in.reading.close()
		in.reading = nil
	}
}

// Source reads a listing file for the catalog.
type Source struct {
	*listingfile.Reader
	file   *countedFile
	bounds *Imports
	rows   int // so far
}

// countedFile counts how far a file has been read.
type countedFile struct {
	File
	size, read int64
	step       func()
}

func (f *countedFile) ReadAt(b []byte, at int64) (int, error) {
	f.step()
	n, err := f.File.ReadAt(b, at)
	f.read = at + int64(n)
	return n, err
}

// newSource reads a file from its start, and closes it on an error.
func newSource(f File, size int64, o listingfile.Options, step func()) (*Source, error) {
	if step == nil {
		step = func() {}
	}
	counted := &countedFile{File: f, size: size, step: step}
	r, err := listingfile.NewReader(io.NewSectionReader(counted, 0, size), o)
	if err != nil {
		_ = f.Close() // only read from
		return nil, markBroken(err)
	}
	return &Source{Reader: r, file: counted}, nil
}

// Next implements catalog.Source.
func (s *Source) Next() (property.Record, error) {
	s.file.step()
	r, err := s.Reader.Next()
	if s.rows++; err == nil && s.bounds != nil && s.rows > s.bounds.MaxRows {
		err = s.bounds.refusal("have up to %d rows", s.bounds.MaxRows)
	}
	return r, markBroken(err)
}

// close closes the file, and removes the reader's temporary files. The file is only read from, and SweepSpools removes
// what could not be removed.
func (s *Source) close() { _, _ = s.Reader.Close(), s.file.Close() }

func (s *Source) info() property.FileInfo {
	return property.FileInfo{
		Format: string(s.Format()), Encoding: string(s.Encoding()), Sheet: s.Sheet(), Notes: s.Notes(),
	}
}

func (s *Source) fraction() float64 {
	if s.file.size == 0 || s.Format() == listingfile.XLSX { // which is unpacked at once
		return 0
	}
	return float64(s.file.read) / float64(s.file.size)
}

// markBroken wraps an error about a file as a whole in *property.BrokenFileError.
func markBroken(err error) error {
	if file, ok := errors.AsType[*listingfile.FileError](err); ok {
		return &property.BrokenFileError{Err: file}
	}
	return err
}
