package site

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
)

// staffPageSize is the number of listings on a page of the back office.
const staffPageSize = 50

// staffList is the body of the back office's list.
type staffList struct {
	Form     *searchForm
	Listings []property.Property
	Count    int64
	Next     string
	Bulk     bulkForm
}

// staffListings answers GET /admin.
func (s *Site) staffListings(w http.ResponseWriter, r *http.Request, who access.Account) error {
	form := readForm(backOffice, r.URL.RawQuery)
	list := &staffList{Form: &form, Bulk: bulkForm{Action: "status"}}
	search, ok := form.search(staffPageSize)
	if !ok {
		return s.staffPage(w, r, who, http.StatusBadRequest, "listings", "listings", "Listings", list)
	}
	var err error
	if list.Count, _, err = s.Catalog.Count(r.Context(), &search.Filter); err != nil {
		return err
	}
	page, _, err := s.Catalog.Search(r.Context(), search)
	if err != nil {
		return err
	}
	list.Listings = page.Properties
	if next := search.NextCursor(page); next != "" {
		list.Next = form.with("cursor", next)
	}
	return s.staffPage(w, r, who, http.StatusOK, "listings", "listings", "Listings", list)
}

// Export returns the address of a file with all listings of the search, in a format. CSV is opened in spreadsheets,
// so its formulas are escaped.
func (l *staffList) Export(format string) string {
	values := url.Values{"format": {format}}
	for name, v := range l.Form.values {
		if name != "cursor" {
			values[name] = v
		}
	}
	if format == "csv" {
		values.Set("formulas", "escape")
	}
	return route.Exports + "?" + values.Encode()
}

// onlyText refuses a form or a query with text that cannot be stored: invalid UTF-8 or U+0000.
func onlyText(values url.Values) error {
	for name, texts := range values {
		for _, text := range slices.Concat(texts, []string{name}) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return problem.Refuse(problem.InvalidRequest,
					"The field %q must be valid UTF-8 without the character U+0000. Nothing has been changed.", name)
			}
		}
	}
	return nil
}
