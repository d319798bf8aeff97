package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/server"
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
	rejects := djangoRejects{path: c.Rejects}
	if rejects.path == "" {
		rejects.path = freeRejectsPath(djangoName)
	} else if err := checkOutput(rejects.path, ""); err != nil {
		return fmt.Errorf("import: write rejected rows: %w", err)
	}
	old, err := bunstore.OpenDjango(ctx, c.Django)
	if err != nil {
		return fmt.Errorf("import --from-django: %w", err)
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	total, err := old.Count(ctx)
	if err != nil {
		return fmt.Errorf("import --from-django: %w", err)
	}
	s, err := openConfigured(ctx, p, &c.Flags)
	if err != nil {
		return err
	}
	defer s.Close()
	shown := newProgress(p.Err, server.IsTerminal(p.Err), "rows", time.Now)
	began := time.Now()
	report, err := s.Catalog.Import(actingAs(ctx, "command import --from-django"), catalog.Import{
		Open:   func() (catalog.Source, error) { return djangoSource(ctx, old) },
		DryRun: c.DryRun, MaxReasons: transfer.MaxShown,
		Rejected: rejects.add,
		Progress: func(r property.ImportReport) { shown.Update(int64(r.Read), float64(r.Read)/float64(max(total, 1))) },
	})
	shown.Done()
	err = errors.Join(err, rejects.close())
	c.print(p.Out, report, &rejectsFile{path: rejects.path}, time.Since(began))
	if err != nil {
		return fmt.Errorf("import --from-django: %w", err)
	}
	return nil
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

// djangoRejects is a file of rejected rows, created at the first of them.
type djangoRejects struct {
	path string
	file io.WriteCloser
	rows *listingfile.Rejects
}

func (f *djangoRejects) add(r property.Record, wrong []property.FieldError) error {
	if f.file == nil {
		file, _, err := createOutput(f.path)
		if err != nil {
			return fmt.Errorf("write rejected rows: %w", err)
		}
		lines, err := listingfile.NewReader(strings.NewReader(""), listingfile.Options{Format: listingfile.NDJSON})
		if err != nil {
			return errors.Join(err, file.Close())
		}
		f.file, f.rows = file, listingfile.NewRejects(file, lines)
	}
	return f.rows.Add(r, transfer.ReasonOf(wrong))
}

func (f *djangoRejects) close() error {
	if f.file == nil {
		return nil
	}
	return errors.Join(f.rows.Close(), f.file.Close())
}
