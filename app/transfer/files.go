package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/domain/property"
)

// Files imports and exports listings in the formats of files. It serves the API's imports and exports, and the
// commands of the same names.
type Files struct {
	catalog *catalog.Catalog
	imports *Imports // of the API; nil in a command
}

// NewFiles connects the use cases to the formats; m bounds the imports of the API.
func NewFiles(c *catalog.Catalog, m *Imports) *Files { return &Files{c, m} }

// Source reads a listing file for the catalog.
type Source struct {
	*listingfile.Reader
	file   *countedFile
	step   func()   // called before each record; may be nil
	bounds *Imports // nil: none
	rows   int      // so far
}

// countedFile counts how much of a file has been read.
type countedFile struct {
	fs.File
	size, read int64
}

func (f *countedFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.read += int64(n)
	return n, err
}

// NewSource reads an open file from its start, and closes it after the last record or on an error.
func NewSource(f fs.File, o listingfile.Options) (*Source, error) {
	counted := &countedFile{File: f}
	if info, err := f.Stat(); err == nil {
		counted.size = info.Size()
	}
	r, err := listingfile.NewReader(bufio.NewReaderSize(counted, 1<<16), o)
	if err != nil {
		_ = f.Close() // only read from
		return nil, markBroken(err)
	}
	return &Source{Reader: r, file: counted}, nil
}

// OpenSource opens the file at the path as a source.
func OpenSource(path string, o listingfile.Options) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return NewSource(f, o)
}

// Next implements catalog.Source.
func (s *Source) Next() (property.Record, error) {
	if s.step != nil {
		s.step()
	}
	r, err := s.Reader.Next()
	if s.rows++; err == nil && s.bounds != nil && s.rows > s.bounds.MaxRows {
		err = s.bounds.refusal("have up to %d rows", s.bounds.MaxRows)
	}
	if err != nil {
		_ = s.file.Close() // only read from
	}
	return r, markBroken(err)
}

// Close closes the source before its last record.
func (s *Source) Close() error { return s.file.Close() }

// Fraction returns the share of the file that has been read, 0 to 1.
func (s *Source) Fraction() float64 {
	if s.file.size == 0 {
		return 0
	}
	return float64(s.file.read) / float64(s.file.size)
}

// Import implements api.Files. It first stores the body in a temporary file, because an import reads its source twice
// and the network is slower than a database transaction should last.
func (f *Files) Import(ctx context.Context, request api.ImportRequest) (property.ImportReport, error) {
	options := listingfile.Options{
		Format: listingfile.Format(request.Format), MaxText: int64(f.imports.MaxUnpacked),
	}
	if request.Mapping != "" {
		m, err := listingfile.BuiltinMapping(request.Mapping)
		if err != nil {
			names := strings.Join(listingfile.Mappings(), ", ")
			return property.ImportReport{}, property.Invalid("mapping", "must be one of %s", names)
		}
		options.Mapping = m
	}
	ctx, release, err := f.imports.begin(ctx)
	if err != nil {
		return property.ImportReport{}, err
	}
	defer release()
	body, err := spool(ctx, request.Body, int64(f.imports.MaxBytes))
	if err != nil {
		return property.ImportReport{}, f.imports.explain(ctx, err)
	}
	defer body.remove()
	report, err := f.catalog.Import(ctx, catalog.Import{
		Open: func() (catalog.Source, error) {
			s, err := NewSource(body.open(), options)
			if err != nil {
				return nil, err
			}
			s.step, s.bounds = request.Step, f.imports
			return s, nil
		},
		DryRun: request.DryRun, MaxReasons: request.MaxReasons, Step: request.Step,
		Replace: request.Replace, Source: request.Source, Complete: request.Complete, WithdrawUpTo: request.WithdrawUpTo,
	})
	return report, f.imports.explain(ctx, err)
}

// markBroken wraps an error about a file as a whole in *property.BrokenFileError.
func markBroken(err error) error {
	if file, ok := errors.AsType[*listingfile.FileError](err); ok {
		return &property.BrokenFileError{Err: file}
	}
	return err
}

// Export implements api.Files.
func (f *Files) Export(ctx context.Context, w io.Writer, request api.ExportRequest) error {
	_, err := f.Write(ctx, w, request, func(int64) {})
	return err
}

// Write writes the listings that match and returns their number; it calls progress after each.
func (f *Files) Write(
	ctx context.Context, w io.Writer, request api.ExportRequest, progress func(count int64),
) (int64, error) {
	out, err := listingfile.NewWriter(w, listingfile.Format(request.Format))
	if err != nil {
		return 0, err
	}
	out.EscapeFormulas = request.EscapeFormulas
	count := int64(0)
	err = f.catalog.Export(ctx, request.Search, func(p *property.Property) error {
		count++
		progress(count)
		return out.Write(p)
	})
	if err != nil {
		return count, err
	}
	return count, out.Flush()
}

// spoolFile is a body in a temporary file.
type spoolFile struct {
	file *os.File
	size int64
}

// spool copies a body of up to so many bytes to a temporary file. Where the system allows it, the file loses its name
// at once, so that it disappears with the process.
func spool(ctx context.Context, body io.Reader, most int64) (*spoolFile, error) {
	f, err := os.CreateTemp("", spoolPattern)
	if err != nil {
		return nil, fmt.Errorf("store the body: %w", err)
	}
	s := &spoolFile{file: f}
	_ = os.Remove(f.Name()) // Windows refuses, see remove
	received := &receiver{ctx: ctx, body: http.MaxBytesReader(nil, io.NopCloser(body), most)}
	s.size, err = io.Copy(f, received)
	if received.err != nil {
		err = &property.BrokenFileError{Err: received.err}
	}
	if tooLong, ok := errors.AsType[*http.MaxBytesError](received.err); ok {
		err = tooLong
	}
	if err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// open returns the body from its start; several readers may be open.
func (s *spoolFile) open() fs.File { return sectionFile{io.NewSectionReader(s.file, 0, s.size)} }

func (s *spoolFile) remove() {
	_ = s.file.Close()           // only read from
	_ = os.Remove(s.file.Name()) // usually gone already
}

// sectionFile is a file of known size that can be read several times.
type sectionFile struct{ *io.SectionReader }

// Stat is not supported, because the size is known.
func (sectionFile) Stat() (fs.FileInfo, error) { return nil, errors.ErrUnsupported }

// Close leaves the file open for its owner.
func (sectionFile) Close() error { return nil }

// receiver records the error of a body, so that a body which ends early or takes too long is not taken for a full
// disk.
type receiver struct {
	ctx  context.Context //nolint:containedctx // a Reader gets none
	body io.Reader
	err  error
}

func (r *receiver) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		r.err = context.Cause(r.ctx)
		return 0, r.err
	}
	n, err := r.body.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
