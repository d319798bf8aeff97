package transfer

import (
	"context"
	"io"
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

// Import implements api.Files. It first stores the body in a temporary file, because an import reads its source twice
// and the network is slower than a database transaction should last.
func (f *Files) Import(ctx context.Context, request api.ImportRequest) (property.ImportReport, error) {
	options := listingfile.Options{
		Format: listingfile.Format(request.Format), Encoding: listingfile.Encoding(request.Encoding),
		Sheet: request.Sheet, MaxText: int64(f.imports.MaxUnpacked),
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
	in := &Input{open: body.open, options: options, step: request.Step, bounds: f.imports, release: body.remove}
	defer in.Close()
	report, err := f.catalog.Import(ctx, catalog.Import{
		Open: in.Source, DryRun: request.DryRun, MaxReasons: request.MaxReasons, Step: request.Step,
		Replace: request.Replace, Source: request.Source, Complete: request.Complete, WithdrawUpTo: request.WithdrawUpTo,
	})
	report.File, report.NextPage = in.info, in.NextPage()
	return report, f.imports.explain(ctx, err)
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
