package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/domain/property"
)

// files joins the use cases that move listings in bulk to the formats they come in. It is what the API's imports and
// exports call, and the commands of the same names.
type files struct{ catalog *catalog.Catalog }

func newFiles(c *catalog.Catalog) *files { return &files{c} }

// source reads a listing file for the catalog.
type source struct {
	*listingfile.Reader
	file *countedFile
	step func() // called before each record; may be nil
}

// countedFile knows how much of a file has been read.
type countedFile struct {
	fs.File
	size, read int64
}

func (f *countedFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.read += int64(n)
	return n, err
}

// newSource begins a reading of an open file, and closes it with the last record or on an error.
func newSource(f fs.File, o listingfile.Options) (*source, error) {
	counted := &countedFile{File: f}
	if info, err := f.Stat(); err == nil {
		counted.size = info.Size()
	}
	r, err := listingfile.NewReader(bufio.NewReaderSize(counted, 1<<16), o)
	if err != nil {
		_ = f.Close() // only read from
		return nil, err
	}
	return &source{Reader: r, file: counted}, nil
}

// openSource begins a reading of the file at the path.
func openSource(path string, o listingfile.Options) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return newSource(f, o)
}

// Next implements catalog.Source.
func (s *source) Next() (catalog.Record, error) {
	if s.step != nil {
		s.step()
	}
	r, err := s.Reader.Next()
	if err != nil {
		_ = s.file.Close() // only read from
	}
	return catalog.Record{Line: r.Line, Details: r.Details, Absent: r.Absent, Err: r.Err, Raw: r.Raw}, err
}

// fraction is how much of the file has been read, 0 to 1.
func (s *source) fraction() float64 {
	if s.file.size == 0 {
		return 0
	}
	return float64(s.file.read) / float64(s.file.size)
}

// maxReported is how many reasons an import's answer lists.
const maxReported = 1_000

// Import implements api.Files. The body goes to a temporary file first, since an import reads its source twice and the
// network is slower than the database likes to wait.
func (f *files) Import(ctx context.Context, request api.ImportRequest) (api.ImportReport, error) {
	options := listingfile.Options{Format: listingfile.Format(request.Format)}
	if request.Mapping != "" {
		m, err := listingfile.BuiltinMapping(request.Mapping)
		if err != nil {
			return api.ImportReport{}, property.Invalid("mapping", "must be one of %s", strings.Join(listingfile.Mappings(), ", "))
		}
		options.Mapping = m
	}
	path, err := spooled(request.Body)
	defer os.Remove(path)
	if err != nil {
		return api.ImportReport{}, err
	}
	var answer importAnswer
	report, err := f.catalog.Import(ctx, catalog.Import{
		Open: func() (catalog.Source, error) {
			s, err := openSource(path, options)
			if err != nil {
				return nil, err
			}
			s.step = request.Step
			return s, nil
		},
		DryRun: request.DryRun,
		Rejected: func(_ int, r catalog.Record, fields []property.FieldError) error {
			answer.reject(r, fields)
			return nil
		},
	})
	if broken, ok := errors.AsType[*listingfile.FileError](err); ok {
		err = &api.ImportBrokenError{Err: broken}
	}
	answer.count(report)
	return answer.ImportReport, err
}

// importAnswer is what the API says of an import.
type importAnswer struct{ api.ImportReport }

func (a *importAnswer) reject(r catalog.Record, fields []property.FieldError) {
	for _, f := range fields {
		if len(a.Errors) == maxReported {
			a.Truncated = true
			return
		}
		a.Errors = append(a.Errors, api.RejectedField{
			Line: r.Line, Reference: nilIfEmpty(r.Details.Reference), Field: nilIfEmpty(f.Field), Reason: f.Reason,
		})
	}
}

func nilIfEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (a *importAnswer) count(r catalog.Report) {
	a.Read, a.Created, a.Updated = r.Read, r.Created, r.Updated
	a.Unchanged, a.Superseded, a.Rejected = r.Unchanged, r.Superseded, r.Rejected
}

// Export implements api.Files.
func (f *files) Export(ctx context.Context, w io.Writer, request api.ExportRequest) error {
	_, err := f.export(ctx, w, request, func(int64) {})
	return err
}

// export writes what matches and returns how many there were; progress is told after each.
func (f *files) export(
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

// spooled copies a body to a temporary file and returns its path, which is there even with most errors.
func spooled(body io.Reader) (path string, err error) {
	f, err := os.CreateTemp("", "gable-import-*")
	if err != nil {
		return "", fmt.Errorf("keep the body: %w", err)
	}
	received := &receiver{body: body}
	_, err = io.Copy(f, received)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if received.err != nil {
		err = &api.ImportBrokenError{Err: received.err}
	}
	return f.Name(), err
}

// receiver tells a body that breaks off from a disk that is full.
type receiver struct {
	body io.Reader
	err  error
}

func (r *receiver) Read(b []byte) (int, error) {
	n, err := r.body.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
