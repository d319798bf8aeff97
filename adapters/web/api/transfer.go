package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
)

// ImportRequest is a body of listings and how to read it.
type ImportRequest struct {
	Body     io.Reader
	Format   string // csv, ndjson, reso, xlsx; "" detects it
	Encoding string // utf-8, utf-16, windows-1252, iso-8859-1; "" detects it
	Sheet    string // of a workbook; "" is the first one that is visible
	Mapping  string // the name of a built-in mapping; "" reads columns named as the members of a listing
	DryRun   bool
	ImportScope
	// MaxReasons is for how many rejected rows the report gives the reasons.
	MaxReasons int
	// Step is called before each record, so that deadlines are extended as long as the work goes on. It may be nil.
	Step func()
}

// ExportRequest selects the listings to write, and the format.
type ExportRequest struct {
	Search         property.Search
	Format         string // ndjson or csv
	EscapeFormulas bool   // in CSV, so that no spreadsheet computes a text as a formula
}

// formats are the import formats by media type. The format of what is in a zip is detected.
var formats = map[string]string{
	"text/csv": "csv", "text/tab-separated-values": "csv",
	"application/x-ndjson": "ndjson", "application/ndjson": "ndjson", jsonType: "reso",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx", "application/zip": "",
}

// importListings answers POST /v1/imports.
func (a *API) importListings(w http.ResponseWriter, r *http.Request, _ access.Key) error {
	request, err := importRequest(r)
	if err != nil {
		return err
	}
	request.Body, request.Step = exchange.NewIdleReader(r.Body, w), exchange.Steps(w)
	report, err := a.Files.Import(r.Context(), request)
	if err != nil {
		return importError(err)
	}
	a.Consistency.SetBulkToken(r.Context(), !request.DryRun && stored(&report), w.Header())
	return writeJSON(w, r, answerOf(&report))
}

func importError(err error) error {
	if refusal, ok := errors.AsType[*problem.RefusalError](err); ok {
		return refusal
	}
	if broken, ok := errors.AsType[*property.BrokenFileError](err); ok {
		return problem.Refuse(problem.InvalidRequest, "The body could not be read: %v.", broken)
	}
	if invalid, ok := errors.AsType[*property.InvalidError](err); ok {
		return parameterErrors(invalid)
	}
	return err
}

func importRequest(r *http.Request) (ImportRequest, error) {
	values, err := parameters(r)
	if err != nil {
		return ImportRequest{}, err
	}
	request := ImportRequest{MaxReasons: maxReported}
	if request.Format, err = takeChoice(values, "format", "auto", "csv", "ndjson", "reso", "xlsx"); err != nil {
		return request, err
	}
	request.Encoding, err = takeChoice(values, "encoding", "auto", "utf-8", "utf-16", "windows-1252", "iso-8859-1")
	if err != nil {
		return request, err
	}
	if request.Sheet, err = takeOne(values, "sheet", ""); err != nil {
		return request, err
	}
	if request.Mapping, err = takeOne(values, "mapping", ""); err != nil {
		return request, err
	}
	dryRun, err := takeChoice(values, "dry_run", "false", "true")
	if err != nil {
		return request, err
	}
	request.DryRun = dryRun == "true"
	if request.ImportScope, err = importScope(values); err != nil {
		return request, err
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" &&
		!slices.Contains([]string{"gzip", "identity"}, strings.ToLower(coding)) {
		return request, problem.Refuse(problem.UnsupportedMediaType,
			"Content-Encoding must be gzip or absent, not %.60q.", coding)
	}
	if err := refuseOthers(values); err != nil {
		return request, err
	}
	return request, request.takeMediaType(r.Header.Get("Content-Type"))
}

// charsets are the encodings by the names of the parameter charset.
var charsets = map[string]string{
	"": "", "utf-8": "utf-8", "us-ascii": "utf-8", "utf-16": "utf-16", "utf-16le": "utf-16", "utf-16be": "utf-16",
	"windows-1252": "windows-1252", "iso-8859-1": "iso-8859-1",
}

// takeMediaType sets the format and the encoding from the media type, unless the parameters have set them.
func (i *ImportRequest) takeMediaType(text string) error {
	media, parameters, err := mime.ParseMediaType(text)
	format, known := formats[media]
	switch {
	case i.Format != "auto":
	case err != nil, !known:
		return problem.Refuse(problem.UnsupportedMediaType,
			"Send Content-Type: text/csv, application/x-ndjson, application/json (RESO) or application/zip, "+
				"or that of an .xlsx workbook, or name the format.")
	default:
		i.Format = format
	}
	if i.Encoding != "auto" {
		return nil
	}
	encoding, known := charsets[strings.ToLower(parameters["charset"])]
	if !known {
		return problem.Refuse(problem.UnsupportedMediaType,
			"The charset must be utf-8, utf-16, windows-1252 or iso-8859-1, not %.60q.", parameters["charset"])
	}
	i.Encoding = encoding
	return nil
}

// takeChoice removes a parameter that is one of some words, and returns it. The first word is the default.
func takeChoice(values url.Values, name string, choices ...string) (string, error) {
	text, err := takeOne(values, name, choices[0])
	if err == nil && !slices.Contains(choices, text) {
		err = badParameter(name, "must be %s", strings.Join(choices, ", "))
	}
	return text, err
}

// export answers GET /v1/exports.
func (a *API) export(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r)
	if err != nil {
		return err
	}
	format, err := takeChoice(values, "format", "ndjson", "csv")
	if err != nil {
		return err
	}
	formulas, err := takeChoice(values, "formulas", "keep", "escape")
	if err != nil {
		return err
	}
	if formulas == "escape" && format != "csv" {
		return badParameter("formulas", "applies to format=csv only")
	}
	for _, name := range []string{"limit", "cursor"} {
		if values.Has(name) {
			return badParameter(name, "is not a parameter of an export, which has no pages")
		}
	}
	s, err := property.ParseExport(values)
	if err != nil {
		return parameterErrors(err)
	}
	release, err := a.exportShares.take(w)
	if err != nil {
		return err
	}
	defer release()
	h := w.Header()
	h.Set("Content-Type", map[string]string{"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}[format])
	h.Set("Content-Disposition", `attachment; filename="listings.`+format+`"`)
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return nil
	}
	stream := exchange.NewIdleWriter(w)
	err = a.Files.Export(r.Context(), stream, ExportRequest{
		Search: s, Format: format, EscapeFormulas: formulas == "escape",
	})
	if err != nil && stream.Started {
		panic(http.ErrAbortHandler) // a broken connection is the only way left to report an incomplete stream
	}
	return err
}
