package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/domain/property"
)

// djangoName names the rejects: they are in django.rejects.ndjson.
const djangoName = "django.ndjson"

// fromDjango imports the table of a Django service.
func (c *importCmd) fromDjango(ctx context.Context, p *Process) (err error) {
	if c.Path != "" || c.Restore || c.Mapping != "" || c.Format != "auto" {
		return errors.New("import: --from-django stands alone, without a file, --restore, --mapping and --format")
	}
	old, err := bunstore.OpenDjango(ctx, c.Django)
	if err != nil {
		return c.failed(err)
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	total, err := old.Count(ctx)
	if err != nil {
		return c.failed(err)
	}
	s, err := openConfigured(ctx, p, &c.Flags)
	if err != nil {
		return err
	}
	defer s.Close()
	rows, err := listingfile.NewReader(strings.NewReader(""), listingfile.Options{Format: listingfile.NDJSON})
	if err != nil {
		return c.failed(err)
	}
	rejects, err := makeRejects(c.Rejects, djangoName, false, rows)
	if err != nil {
		return c.failed(err)
	}
	im := catalog.Import{Open: func() (catalog.Source, error) { return djangoSource(ctx, old) }}
	fraction := func(r property.ImportReport) float64 { return float64(r.Read) / float64(max(total, 1)) }
	report, err := c.report(p, rejects, im, fraction, func(im catalog.Import) (property.ImportReport, error) {
		return s.Catalog.Import(actingAs(ctx, "command import --from-django"), im)
	})
	return c.ended(report, err)
}

func djangoSource(ctx context.Context, old *bunstore.Django) (catalog.Source, error) {
	rows, err := old.Rows(ctx)
	if err != nil {
		return nil, err
	}
	return &transfer.Django{Rows: func() (transfer.DjangoRow, error) {
		row, err := rows.Next()
		return transfer.DjangoRow(row), err
	}}, nil
}
