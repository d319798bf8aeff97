package site

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"go.uber.org/zap"
)

// Importer brings files of listings in.
type Importer interface {
	// Begin takes one of the few places that imports have, before a file is read; release gives it back. The context ends
	// when the time of an import is over.
	Begin(ctx context.Context) (timed context.Context, release func(), err error)
	// MaxBytes is the size of the largest file.
	MaxBytes() int64
	// Mappings are the ways to read a file, the one for Gable's own columns first.
	Mappings() []Mapping
	// Preview reads the first rows and stores nothing. The error is a *property.BrokenFileError when the file as a whole cannot be
	// read in this way.
	Preview(ctx context.Context, file ImportFile, rows int) ([]PreviewRow, error)
	// Import stores the rows and writes those that cannot be stored, with their reasons, to rejects, in the format of the
	// file. Progress is called now and then, with the share of the file that has been read, 0 to 1. After an error the
	// report says what has been stored before it.
	Import(
		ctx context.Context, file ImportFile, rejects io.Writer, progress func(report property.ImportReport, read float64),
	) (ImportResult, error)
}

// Mapping is a way to read a file, by its name, and a line about it for people.
type Mapping struct{ Name, About string }

// ImportFile is a file that somebody has sent.
type ImportFile struct {
	Content io.ReaderAt
	Size    int64
	Mapping string
	// Step is called before each record, so that the browser is waited for as long as the work goes on. It may be nil.
	Step func()
}

// PreviewRow is a row as it would be stored, or why it would not.
type PreviewRow struct {
	Line    int
	Details property.Details
	Wrong   []property.FieldError
}

// Price is the row's price as pages show it.
func (r PreviewRow) Price() string { return money(r.Details.Price, r.Details.Currency) }

// Rooms is what the row says of its size.
func (r PreviewRow) Rooms() string { return rooms(&property.Property{Details: r.Details}) }

// ImportResult is what an import did, and a name for the file of rejects.
type ImportResult struct {
	property.ImportReport
	RejectsName string
}

// importPage is the body of the page on which a file is sent.
type importPage struct {
	Mappings []Mapping
	Mapping  string
	FileName string
	Wrong    string
	Rows     []PreviewRow
	Shown    bool // Rows are a preview
}

const (
	previewRows  = 10
	fileInMemory = 4 << 20
	formBytes    = 64 << 10 // of a form, beside its file
	// maxRejects is how many bytes of rejected rows the page offers to download.
	maxRejects = 2 << 20
)

func (s *Site) importForm(w http.ResponseWriter, r *http.Request, who access.Account) error {
	return s.importPage(w, r, who, http.StatusOK, &importPage{})
}

func (s *Site) importPage(w http.ResponseWriter, r *http.Request, who access.Account, status int, page *importPage) error {
	page.Mappings = s.Files.Mappings()
	return s.staffPage(w, r, who, status, "import", "import", "Import", page)
}

// importFile answers POST /admin/import: a preview, or the import itself.
func (s *Site) importFile(w http.ResponseWriter, r *http.Request, who access.Account) error {
	ctx, release, err := s.Files.Begin(context.WithoutCancel(r.Context())) // an import goes on without its browser
	if err != nil {
		return err
	}
	defer release()
	r.Body = http.MaxBytesReader(w, io.NopCloser(exchange.NewIdleReader(r.Body, w)), s.Files.MaxBytes()+formBytes)
	if err := r.ParseMultipartForm(fileInMemory); err != nil {
		if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return tooLong
		}
		return badForm(err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // temporary files
	if err := onlyText(r.Form); err != nil {
		return err
	}
	page := &importPage{Mapping: r.FormValue("mapping")}
	file, header, err := r.FormFile("file")
	if err != nil {
		page.Wrong = "Choose a file first."
		return s.importPage(w, r, who, http.StatusUnprocessableEntity, page)
	}
	defer func() { _ = file.Close() }() // only read from
	page.FileName = header.Filename
	sent := ImportFile{Content: file, Size: header.Size, Mapping: page.Mapping, Step: exchange.Steps(w)}
	if r.FormValue("action") != "import" {
		return s.preview(w, r, who, sent, page)
	}
	return s.runImport(ctx, w, who, sent, header)
}

func (s *Site) preview(w http.ResponseWriter, r *http.Request, who access.Account, file ImportFile, page *importPage) error {
	var err error
	page.Rows, err = s.Files.Preview(r.Context(), file, previewRows)
	status := http.StatusOK
	if broken, ok := errors.AsType[*property.BrokenFileError](err); ok {
		page.Wrong, status = broken.Error(), http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	page.Shown = page.Wrong == ""
	return s.importPage(w, r, who, status, page)
}

// importRun is the body of the page that tells how an import goes on. It is sent bit by bit while the import runs.
type importRun struct {
	FileName string
	Cut      string // marks the place in the page where the bits go; no text that a page could hold by chance
}

// importProgress is one such bit.
type importProgress struct {
	property.ImportReport
	Fraction float64 // of the file that has been read, 0 to 1
}

// importEnd is what such a page ends with.
type importEnd struct {
	ImportResult
	Took    time.Duration
	Wrong   string
	Rejects template.URL // the rejected rows as a file to download; "" when there are none, or too many
}

func (s *Site) runImport(
	ctx context.Context, w http.ResponseWriter, who access.Account, file ImportFile, header *multipart.FileHeader,
) error {
	member := &staff{Name: who.Name, Administrator: who.Role == access.RoleAdministrator}
	run := importRun{header.Filename, newToken()}
	page := s.pages.render("import-run", frame{Title: "Importing", Section: "import", Staff: member, Body: run})
	before, after, _ := bytes.Cut(page, []byte(run.Cut))
	h := w.Header()
	exchange.SetPolicy(h, policy)
	h.Set("Content-Type", htmlType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies pass the bits on
	out := exchange.NewIdleWriter(w)
	_, _ = out.Write(before) // if the browser has gone away the import goes on all the same
	_ = out.Flush()
	began, told := time.Now(), time.Time{}
	rejects := &bounded{limit: maxRejects}
	report, err := s.Files.Import(ctx, file, rejects, func(p property.ImportReport, read float64) {
		if time.Since(told) < 200*time.Millisecond {
			return
		}
		told = time.Now()
		_, _ = out.Write(s.pages.fragment("import-run", "progress", importProgress{p, read}))
		_ = out.Flush()
	})
	end := importEnd{ImportResult: report, Took: time.Since(began).Round(10 * time.Millisecond)}
	if broken, ok := errors.AsType[*property.BrokenFileError](err); ok {
		end.Wrong = broken.Error()
	} else if refusal, ok := errors.AsType[*problem.RefusalError](err); ok {
		end.Wrong = refusal.Error()
	} else if err != nil {
		end.Wrong = "Something went wrong inside the server."
		if errors.Is(err, ports.ErrUnavailable) {
			end.Wrong = "The database could not be reached."
		}
		end.Wrong += " Importing the file again will complete it: what is stored already stays as it is."
		s.Log.Error("import failed", zap.String("file", shortened(header.Filename)), zap.String("by", who.Name), zap.Error(err))
	}
	if rejects.Len() > 0 && !rejects.full {
		end.Rejects = template.URL("data:application/octet-stream;base64," + base64.StdEncoding.EncodeToString(rejects.Bytes()))
	}
	s.Log.Info("imported", zap.String("file", shortened(header.Filename)), zap.String("by", who.Name), zap.Int("read", report.Read),
		zap.Int("created", report.Created), zap.Int("updated", report.Updated), zap.Int("rejected", report.Rejected))
	_, _ = out.Write(s.pages.fragment("import-run", "end", end))
	_, _ = out.Write(after)
	return nil
}

// fragment renders a part of a page.
func (p *pages) fragment(page, name string, data any) []byte {
	var b bytes.Buffer
	if err := p.sets[page].ExecuteTemplate(&b, name, data); err != nil {
		panic(fmt.Sprintf("render %s of %s: %v", name, page, err))
	}
	return b.Bytes()
}

// bounded keeps what is written up to a limit, and nothing once it is full.
type bounded struct {
	bytes.Buffer
	limit int
	full  bool
}

func (b *bounded) Write(data []byte) (int, error) {
	if b.full = b.full || b.Len()+len(data) > b.limit; b.full {
		b.Reset()
		return len(data), nil
	}
	return b.Buffer.Write(data)
}
