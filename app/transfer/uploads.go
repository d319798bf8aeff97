package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/domain/property"
)

// Uploads import the files that people upload on a page.
type Uploads struct {
	catalog *catalog.Catalog
	imports *Imports
}

// NewUploads makes uploads within the bounds of all imports.
func NewUploads(c *catalog.Catalog, m *Imports) *Uploads { return &Uploads{c, m} }

// Begin implements site.Importer.
func (u *Uploads) Begin(ctx context.Context) (context.Context, func(), error) {
	return u.imports.begin(ctx)
}

// MaxBytes implements site.Importer.
func (u *Uploads) MaxBytes() int64 { return int64(u.imports.MaxBytes) }

// Mappings implements site.Importer.
func (*Uploads) Mappings() []site.Mapping {
	list := []site.Mapping{{Name: listingfile.OwnMapping}}
	for _, name := range listingfile.Mappings() {
		if name != listingfile.OwnMapping {
			list = append(list, site.Mapping{Name: name})
		}
	}
	for i := range list {
		if m, err := listingfile.BuiltinMapping(list[i].Name); err == nil { // a test reads them all
			list[i].About = m.About
		}
	}
	return list
}

func (u *Uploads) open(file site.ImportFile) (*Source, error) {
	mapping, err := listingfile.BuiltinMapping(file.Mapping)
	if err != nil {
		return nil, &property.BrokenFileError{Err: fmt.Errorf("unknown mapping %q", file.Mapping)}
	}
	s, err := NewSource(sectionFile{io.NewSectionReader(file.Content, 0, file.Size)}, listingfile.Options{
		Mapping: mapping, MaxText: int64(u.imports.MaxUnpacked),
	})
	if err != nil {
		return nil, err
	}
	s.file.size, s.step, s.bounds = file.Size, file.Step, u.imports
	return s, nil
}

// Preview implements site.Importer.
func (u *Uploads) Preview(ctx context.Context, file site.ImportFile, rows int) ([]site.PreviewRow, error) {
	s, err := u.open(file)
	if err != nil {
		return nil, u.imports.explain(ctx, err)
	}
	var list []site.PreviewRow
	for len(list) < rows {
		r, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, u.imports.explain(ctx, err)
		}
		row := site.PreviewRow{Line: r.Line}
		row.Details, row.Wrong = u.catalog.Checked(r)
		list = append(list, row)
	}
	return list, nil
}

// Import implements site.Importer.
func (u *Uploads) Import(
	ctx context.Context, file site.ImportFile, to io.Writer, progress func(property.ImportReport, float64),
) (site.ImportResult, error) {
	reading, err := u.open(file) // for its format and header
	if err != nil {
		return site.ImportResult{}, u.imports.explain(ctx, err)
	}
	result := site.ImportResult{RejectsName: rejectsName(reading.Format())}
	rejects := listingfile.NewRejects(to, reading.Reader)
	result.ImportReport, err = u.catalog.Import(ctx, catalog.Import{
		Open: func() (_ catalog.Source, err error) {
			reading, err = u.open(file)
			return reading, err
		},
		DryRun: file.DryRun, Replace: file.Replace, Source: file.Source, Complete: file.Complete,
		WithdrawUpTo: file.WithdrawUpTo, MaxReasons: MaxShown, Step: file.Step,
		Rejected: func(r property.Record, wrong []property.FieldError) error {
			return rejects.Add(r, ReasonOf(wrong))
		},
		Progress: func(r property.ImportReport) { progress(r, reading.Fraction()) },
	})
	if closeErr := rejects.Close(); err == nil {
		err = closeErr
	}
	return result, u.imports.explain(ctx, err)
}

// MaxShown is how many reasons are shown; the file of rejects has all.
const MaxShown = 10

// rejectsName returns the name of the file of rejected records.
func rejectsName(format listingfile.Format) string {
	extension := map[listingfile.Format]string{listingfile.CSV: ".csv", listingfile.NDJSON: ".ndjson"}[format]
	if extension == "" {
		extension = ".json"
	}
	return "listings.rejects" + extension
}

// ReasonOf returns why a row was rejected, in one line.
func ReasonOf(fields []property.FieldError) string {
	reasons := make([]string, len(fields))
	for i, field := range fields {
		reasons[i] = strings.TrimSpace(field.Field + " " + field.Reason)
	}
	return strings.Join(reasons, "; ")
}
