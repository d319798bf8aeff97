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

	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
)

// Importer imports files of listings.
type Importer interface {
	// Begin reserves one of the few slots for imports, before a file is read; release frees it. The context ends at
	// the time limit of an import.
	Begin(ctx context.Context) (timed context.Context, release func(), err error)
	// MaxBytes is the size of the largest file.
	MaxBytes() int64
	// Mappings lists the ways to read a file, the one for Gable's own columns first.
	Mappings() []Mapping
	// Preview reads the first rows and stores nothing. The error is a *property.BrokenFileError when the file as a whole
	// cannot be read with the mapping.
	Preview(ctx context.Context, file ImportFile, rows int) (Preview, error)
	// Import stores the rows; in a dry run it only says what it would do. It writes rejected rows, with their reasons, to
	// rejects, in the format of the file. It calls progress at intervals, with the share of the file read so far, 0 to 1.
	// After an error the report covers what was stored before it.
	Import(
		ctx context.Context, file ImportFile, rejects io.Writer, progress func(report property.ImportReport, read float64),
	) (ImportResult, error)
}

// Mapping is a named way to read a file, with a line of description.
type Mapping struct{ Name, About string }

// ImportFile is an uploaded file.
type ImportFile struct {
	Content  io.ReaderAt
	Size     int64
	Mapping  string
	Encoding string // one of encodings; "" detects it
	Sheet    string // of a workbook; "" is the first one that is visible
	ImportScope
	// Step is called before each record. It extends the deadline of the answer while the import runs. It may be nil.
	Step func()
}

// Preview is the beginning of a file.
type Preview struct {
	Rows []PreviewRow
	File property.FileInfo
}

// PreviewRow is a row as it would be stored, with notes, or the reasons for its rejection.
type PreviewRow struct {
	Line    int
	Details property.Details
	Wrong   []property.FieldError
	Notes   []property.FieldError // what would be left out of a row that is not rejected
}

// Price formats the row's price for pages.
func (r PreviewRow) Price() string { return money(r.Details.Price, r.Details.Currency) }

// Rooms formats the row's known sizes for pages.
func (r PreviewRow) Rooms() string { return rooms(&property.Property{Details: r.Details}) }

// ImportResult is the report of an import, and a name for the file of rejects.
type ImportResult struct {
	property.ImportReport
	RejectsName string
}

// importPage is the body of the page with the upload form.
type importPage struct {
	Mappings  []Mapping
	Mapping   string
	Encodings []string
	Encoding  string // "" is detected
	Sheet     string
	FileName  string
	Wrong     string
	Rows      []PreviewRow
	Notes     []string
	Shown     bool // Rows are a preview

	importChoices
}

// encodings are the encodings of a text that a person can choose.
var encodings = []string{"utf-8", "utf-16", "windows-1252", "iso-8859-1"}

const (
	previewRows  = 10
	fileInMemory = 4 << 20
	formBytes    = 64 << 10 // of a form, without its file
	// maxRejects limits the bytes of rejected rows that the page offers for download.
	maxRejects = 2 << 20
)

func (s *Site) importForm(w http.ResponseWriter, r *http.Request, who access.Account) error {
	return s.importPage(w, r, who, http.StatusOK, &importPage{importChoices: importChoices{Percent: usualPercent}})
}

func (s *Site) importPage(
	w http.ResponseWriter, r *http.Request, who access.Account, status int, page *importPage,
) error {
	page.Mappings, page.Encodings = s.Files.Mappings(), encodings
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
	page := &importPage{
		Mapping: r.FormValue("mapping"), Encoding: r.FormValue("encoding"), Sheet: r.FormValue("sheet"),
		importChoices: sentChoices(r),
	}
	file, header, err := r.FormFile("file")
	if err != nil {
		page.Wrong = "Choose a file first."
		return s.importPage(w, r, who, http.StatusUnprocessableEntity, page)
	}
	defer func() { _ = file.Close() }() // nothing to lose: it is only read
	page.FileName = header.Filename
	sent := ImportFile{
		Content: file, Size: header.Size, Mapping: page.Mapping, Encoding: page.Encoding, Sheet: page.Sheet,
		Step: exchange.Steps(w),
	}
	if sent.ImportScope, page.Wrong = page.scope(); page.Wrong != "" {
		return s.importPage(w, r, who, http.StatusUnprocessableEntity, page)
	}
	switch r.FormValue("action") {
	case "check":
		sent.DryRun = true
		return s.runImport(ctx, w, who, sent, header)
	case "import":
		return s.runImport(ctx, w, who, sent, header)
	}
	return s.preview(w, r, who, sent, page)
}

func (s *Site) preview(
	w http.ResponseWriter, r *http.Request, who access.Account, file ImportFile, page *importPage,
) error {
	preview, err := s.Files.Preview(r.Context(), file, previewRows)
	page.Rows, page.Notes = preview.Rows, preview.File.Notes
	status := http.StatusOK
	if broken, ok := errors.AsType[*property.BrokenFileError](err); ok {
		page.Wrong, status = broken.Error(), http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	page.Shown = page.Wrong == ""
	return s.importPage(w, r, who, status, page)
}

// importRun is the body of the page that shows the progress of an import. It is sent in parts while the import runs.
type importRun struct {
	FileName string
	DryRun   bool
	Cut      string // marks where the parts go; random, so that the page holds it only there
}

// importProgress is one such part.
type importProgress struct {
	property.ImportReport
	Fraction float64 // share of the file read so far, 0 to 1
}

// importEnd is the last part of such a page.
type importEnd struct {
	ImportResult
	DryRun  bool
	Took    time.Duration
	Wrong   string
	Rejects template.URL // the rejected rows as a file to download; "" for none or too many
}

// More is how many rows were rejected whose reasons are not shown.
func (e importEnd) More() int { return e.Rejected - len(e.Reasons) }

func (s *Site) runImport(
	ctx context.Context, w http.ResponseWriter, who access.Account, file ImportFile, header *multipart.FileHeader,
) error {
	member := &staff{Name: who.Name, Administrator: who.Role == access.RoleAdministrator}
	run := importRun{header.Filename, file.DryRun, newToken()}
	title := map[bool]string{true: "Checking", false: "Importing"}[file.DryRun]
	page := s.pages.render("import-run", frame{Title: title, Section: "import", Staff: member, Body: run})
	before, after, _ := bytes.Cut(page, []byte(run.Cut))
	h := w.Header()
	exchange.SetPolicy(h, policy)
	h.Set("Content-Type", htmlType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not buffer the parts
	out := exchange.NewIdleWriter(w)
	_, _ = out.Write(before) // the import continues without its browser
	_ = out.Flush()
	began, reported := time.Now(), time.Time{}
	rejects := &bounded{limit: maxRejects}
	report, err := s.Files.Import(ctx, file, rejects, func(p property.ImportReport, read float64) {
		if time.Since(reported) < 200*time.Millisecond {
			return
		}
		reported = time.Now()
		_, _ = out.Write(s.pages.fragment("import-run", "progress", importProgress{p, read}))
		_ = out.Flush()
	})
	end := importEnd{
		ImportResult: report, DryRun: file.DryRun, Took: time.Since(began).Round(10 * time.Millisecond),
	}
	if err != nil {
		var fault bool
		if end.Wrong, fault = whyStopped(err); fault {
			s.Log.Error("import failed", zap.String("file", shortened(header.Filename)), zap.String("by", who.Name),
				zap.Error(err))
		}
	}
	if rejects.Len() > 0 && !rejects.full {
		encoded := base64.StdEncoding.EncodeToString(rejects.Bytes())
		end.Rejects = template.URL("data:application/octet-stream;base64," + encoded)
	}
	if !file.DryRun {
		s.logImport(who, header.Filename, &report)
	}
	_, _ = out.Write(s.pages.fragment("import-run", "end", end))
	_, _ = out.Write(after)
	return nil
}

func (s *Site) logImport(who access.Account, file string, report *ImportResult) {
	withdrawn := 0
	if report.Withdrawal != nil {
		withdrawn = report.Withdrawal.Withdrawn
	}
	s.Log.Info("imported", zap.String("file", shortened(file)), zap.String("by", who.Name),
		zap.Int("read", report.Read), zap.Int("created", report.Created), zap.Int("updated", report.Updated),
		zap.Int("rejected", report.Rejected), zap.Int("withdrawn", withdrawn))
}

// fragment renders a part of a page.
func (p *pages) fragment(page, name string, data any) []byte {
	var b bytes.Buffer
	if err := p.sets[page].ExecuteTemplate(&b, name, data); err != nil {
		panic(fmt.Sprintf("render %s of %s: %v", name, page, err))
	}
	return b.Bytes()
}

// bounded buffers what is written up to a limit. Beyond the limit it drops everything.
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
