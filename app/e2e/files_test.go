package e2e

import (
	"archive/zip"
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/apptest"
	keys "github.com/gable-listings/gable/domain/access"
)

const xlsxBody = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// workbookFile is a workbook with the sheets Homes and Notes.
func workbookFile(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../../adapters/listingfile/testdata/homes.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func zipFile(t *testing.T, content string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.Create("homes.csv")
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return out.String()
}

func inUTF16(text string) string {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

const cafe = "reference,title,price,location\nc-1,Café am See,1,Köln\n"

func TestBodiesInOtherEncodingsAndFormatsAreImported(t *testing.T) {
	t.Parallel()
	latin := strings.NewReplacer("é", "\xe9", "ö", "\xf6").Replace(cafe)
	for name, c := range map[string]struct {
		query, mediaType, body string
		encoding               string
		notes                  int
	}{
		"UTF-8":                     {"", csvBody, cafe, "utf-8", 0},
		"Windows-1252":              {"", csvBody, latin, "windows-1252", 1},
		"Latin-1, by the parameter": {"?encoding=iso-8859-1", csvBody, latin, "iso-8859-1", 0},
		"Latin-1, by the charset":   {"", csvBody + "; charset=ISO-8859-1", latin, "iso-8859-1", 0},
		"UTF-16":                    {"", csvBody, inUTF16(cafe), "utf-16", 1},
		"tabs":                      {"", "text/tab-separated-values", strings.ReplaceAll(cafe, ",", "\t"), "utf-8", 0},
		"a zip":                     {"", "application/zip", zipFile(t, cafe), "utf-8", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := apptest.Embedded.Start(t)
			r := apptest.Decoded[api.ImportAnswer](s.Do(http.MethodPost, "/v1/imports"+c.query, c.body,
				"Content-Type", c.mediaType).Must(http.StatusOK))
			if r.Created != 1 || r.File.Format != "csv" || r.File.Encoding == nil || *r.File.Encoding != c.encoding ||
				r.File.Sheet != nil || len(r.File.Notes) != c.notes {
				t.Errorf("%+v", r)
			}
			if got := s.Titles("/v1/properties"); got != "Café am See" {
				t.Errorf("the title is %q", got)
			}
		})
	}
}

func TestAWorkbookIsImportedOverHTTP(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	r := imports(s, xlsxBody, workbookFile(t))
	if r.Created != 2 || r.Rejected != 1 || r.File.Format != "xlsx" || r.File.Encoding != nil ||
		r.File.Sheet == nil || *r.File.Sheet != "Homes" || *r.Errors[0].Title != "Barn" {
		t.Errorf("%+v", r)
	}
	s.Get("/v1/properties?q=haus").Must(http.StatusOK).Shows(`"price":"450000.00"`)
	s.Do(http.MethodPost, "/v1/imports?sheet=Houses", workbookFile(t), "Content-Type", xlsxBody).
		Must(http.StatusBadRequest).Says(`lacks the sheet \"Houses\"; its sheets are Homes, Notes`)
}

func TestABodyThatHoldsNoRowsIsNamed(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	for want, c := range map[string]struct{ query, mediaType, body string }{
		"is a PDF":             {"", csvBody, "%PDF-1.7\n"},
		"is a web page (HTML)": {"", csvBody, "<html><body>Sign in</body></html>"},
		"is a workbook in .xlsx, but the format is set to csv": {"", csvBody, workbookFile(t)},
		"is not a workbook in .xlsx":                           {"", xlsxBody, cafe},
		"does not look like Windows-1252":                      {"", csvBody, "title\n\xc4\xee\xec\xf3\n"},
		"begins with the mark of utf-16":                       {"?encoding=utf-8", csvBody, inUTF16(cafe)},
		"encoding must be auto, utf-8":                         {"?encoding=utf-7", csvBody, cafe},
	} {
		s.Do(http.MethodPost, "/v1/imports"+c.query, c.body, "Content-Type", c.mediaType).
			Must(http.StatusBadRequest).Says(want)
	}
	for _, mediaType := range []string{"text/csv; charset=koi8-r", "application/pdf"} {
		s.Do(http.MethodPost, "/v1/imports", cafe, "Content-Type", mediaType).Must(http.StatusUnsupportedMediaType)
	}
	if got := s.Titles("/v1/properties"); got != "" {
		t.Errorf("stored: %s", got)
	}
}

func TestThePageSaysHowAFileIsRead(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	b := s.Staff("anna", keys.RoleEditor)
	latin := strings.NewReplacer("é", "\xe9", "ö", "\xf6").Replace(cafe)
	for _, action := range []string{"preview", "import"} {
		upload(b, "/admin/import", "rows.csv", latin, "action", action, "mapping", "gable").Must(http.StatusOK).
			Says("The file is not in UTF-8 and is read as windows-1252")
	}
	if got := s.Titles("/v1/properties"); got != "Café am See" {
		t.Errorf("stored: %s", got)
	}
	chosen := upload(b, "/admin/import", "rows.csv", latin,
		"action", "preview", "mapping", "gable", "encoding", "iso-8859-1").
		Must(http.StatusOK).Says("Café am See").Says("<option selected>iso-8859-1</option>")
	chosen.Lacks("is not in UTF-8")
	upload(b, "/admin/import", "homes.xlsx", workbookFile(t), "action", "preview", "mapping", "gable", "sheet", "Notes").
		Must(http.StatusUnprocessableEntity).Says("has the sheet \"Notes\", which lacks")
	upload(b, "/admin/import", "homes.xlsx", workbookFile(t), "action", "import", "mapping", "gable").
		Must(http.StatusOK).Says("The sheet \"Homes\" is read.").Says("listings.rejects.csv")
}
