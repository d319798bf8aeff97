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

func (u *Uploads) input(file site.ImportFile) (*Input, error) {
	mapping, err := listingfile.BuiltinMapping(file.Mapping)
	if err != nil {
		return nil, &property.BrokenFileError{Err: fmt.Errorf("unknown mapping %q", file.Mapping)}
	}
	in := NewInput(func() (File, int64, error) { return openForOwner{file.Content}, file.Size, nil },
		listingfile.Options{
			Mapping: mapping, MaxText: int64(u.imports.MaxUnpacked),
			Encoding: listingfile.Encoding(file.Encoding), Sheet: file.Sheet,
		})
	in.step, in.bounds = file.Step, u.imports
	return in, nil
}

// Preview implements site.Importer.
func (u *Uploads) Preview(ctx context.Context, file site.ImportFile, rows int) (site.Preview, error) {
	preview, err := u.preview(file, rows)
	return preview, u.imports.explain(ctx, err)
}

func (u *Uploads) preview(file site.ImportFile, rows int) (site.Preview, error) {
	in, err := u.input(file)
	if err != nil {
		return site.Preview{}, err
	}
	defer in.Close()
	s, err := in.Open()
	if err != nil {
		return site.Preview{}, err
	}
	preview := site.Preview{File: in.Info()}
	for len(preview.Rows) < rows {
		r, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return site.Preview{}, err
		}
		row := site.PreviewRow{Line: r.Line, Notes: r.Notes}
		row.Details, row.Wrong = u.catalog.Checked(r)
		preview.Rows = append(preview.Rows, row)
	}
	return preview, nil
}

// Import implements site.Importer.
func (u *Uploads) Import(
	ctx context.Context, file site.ImportFile, to io.Writer, progress func(property.ImportReport, float64),
) (site.ImportResult, error) {
	result, err := u.run(ctx, file, to, progress)
	return result, u.imports.explain(ctx, err)
}

func (u *Uploads) run(
	ctx context.Context, file site.ImportFile, to io.Writer, progress func(property.ImportReport, float64),
) (result site.ImportResult, err error) {
	in, err := u.input(file)
	if err != nil {
		return result, err
	}
	defer in.Close()
	reading, err := in.Open() // for its format and header
	if err != nil {
		return result, err
	}
	result.RejectsName = rejectsName(reading.Format())
	rejects := listingfile.NewRejects(to, reading.Reader)
	result.ImportReport, err = u.catalog.Import(ctx, catalog.Import{
		Open:   in.Source,
		DryRun: file.DryRun, Replace: file.Replace, Source: file.Source, Complete: file.Complete,
		WithdrawUpTo: file.WithdrawUpTo, MaxReasons: MaxShown, Step: file.Step,
		Rejected: func(r property.Record, wrong []property.FieldError) error {
			return rejects.Add(r, ReasonOf(wrong))
		},
		Progress: func(r property.ImportReport) { progress(r, in.Fraction()) },
	})
	result.File, result.NextPage = in.Info(), in.NextPage()
	if closeErr := rejects.Close(); err == nil {
		err = closeErr
	}
	return result, err
}

// MaxShown is how many reasons are shown; the file of rejects has all.
const MaxShown = 10

// rejectsName returns the name of the file of rejected records.
func rejectsName(format listingfile.Format) string {
	return "listings.rejects" + RejectsExtension(format)
}

// RejectsExtension returns the end of the name of a file with the rejected records of a file in the format.
func RejectsExtension(format listingfile.Format) string {
	switch format {
	case listingfile.CSV, listingfile.XLSX:
		return ".csv"
	case listingfile.NDJSON:
		return ".ndjson"
	default:
		return ".json"
	}
}

// ReasonOf returns why a row was rejected, in one line.
func ReasonOf(fields []property.FieldError) string {
	reasons := make([]string, len(fields))
	for i, field := range fields {
		reasons[i] = strings.TrimSpace(field.Field + " " + field.Reason)
	}
	return strings.Join(reasons, "; ")
}
