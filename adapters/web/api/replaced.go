package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/domain/property"
)

// The addresses of the Django service that this one replaces can answer in its shape: a list of listings with six
// members, in the order of their creation. The number of a listing is in its reference, where the import puts it.

const (
	replacedPrefix   = "django-" // of references
	replacedPageSize = 100
	replacedMost     = 10_000   // listings in an answer without pages, or before the last page
	replacedBytes    = 16 << 20 // of an answer without pages; a page has less
)

// registerReplaced adds the routes in the shape of the replaced service.
func (a *API) registerReplaced(handle func(template string, m route.Methods)) {
	for _, slash := range []string{"", "/"} {
		handle(oldSearchRoute+slash, route.Methods{http.MethodGet: a.replacedList})
		handle(oldSearchRoute+"/{number:[0-9]+}"+slash, route.Methods{http.MethodGet: a.replacedItem})
	}
}

// replacedList answers GET /properties/ with the whole list, or with the page that ?page= names.
func (a *API) replacedList(w http.ResponseWriter, r *http.Request) error {
	page, err := replacedPage(r)
	if err != nil {
		return err
	}
	first, count := 0, replacedMost
	if page > 0 {
		first, count = (page-1)*replacedPageSize, replacedPageSize
	}
	body, more, err := a.appendOldest(r.Context(), []byte(`{"properties":[`), first, count)
	if err != nil {
		return err
	}
	if more && page == 0 {
		return badParameter("page", "is required, because the list has more than %d listings or %d MiB; a page has %d",
			replacedMost, replacedBytes>>20, replacedPageSize)
	}
	return writeBody(w, r, append(body, "]}\n"...))
}

// replacedPage returns the number of the page, and 0 for the whole list.
func replacedPage(r *http.Request) (int, error) {
	values, err := parameters(r)
	if err != nil {
		return 0, err
	}
	if _, err := takeChoice(values, "format", "json"); err != nil {
		return 0, err
	}
	text, err := takeOne(values, "page", "")
	if err != nil {
		return 0, err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		return 0, badParameter(name, "is not a parameter of this address, which answers as the replaced service did; "+
			"/v1/properties has filters")
	}
	if text == "" {
		return 0, nil
	}
	const last = replacedMost / replacedPageSize
	page, err := property.ParseWhole(text, 1, last)
	if err != nil {
		return 0, badParameter("page", "must be a whole number from 1 to %d", last)
	}
	return page, nil
}

// appendOldest adds so many listings behind the first ones, the oldest first, and reports whether there are more. It
// ends early when the body has replacedBytes.
func (a *API) appendOldest(ctx context.Context, body []byte, first, count int) (_ []byte, more bool, err error) {
	s := property.Search{Sort: property.ExportSort}
	for seen := 0; ; {
		s.Limit = min(first+count+1-seen, property.MaxLimit)
		page, _, err := a.Catalog.Search(ctx, &s)
		if err != nil {
			return nil, false, err
		}
		for i := range page.Properties {
			switch seen++; {
			case seen <= first:
				continue
			case seen > first+count || len(body) > replacedBytes:
				return body, true, nil
			case seen > first+1:
				body = append(body, ',')
			}
			body = appendReplaced(body, &page.Properties[i])
		}
		if s.After = s.Next(page); !s.After.Valid {
			return body, false, nil
		}
	}
}

// replacedItem answers GET /properties/{number}/.
func (a *API) replacedItem(w http.ResponseWriter, r *http.Request) error {
	if err := refuseParameters(r); err != nil {
		return err
	}
	number := strings.TrimLeft(mux.Vars(r)["number"], "0")
	s, err := property.ParseSearch(map[string][]string{"reference": {replacedPrefix + number}})
	if err != nil {
		return problem.Refuse(problem.NotFound, "No listing has this number.")
	}
	page, _, err := a.Catalog.Search(r.Context(), &s)
	if err != nil {
		return err
	}
	if len(page.Properties) == 0 {
		return problem.Refuse(problem.NotFound, "No listing has this number.")
	}
	return writeBody(w, r, append(appendReplaced(nil, &page.Properties[0]), '\n'))
}

// appendReplaced adds a listing with the six members of the replaced service. The id of a listing that did not come
// from there is null.
func appendReplaced(b []byte, p *property.Property) []byte {
	b = append(b, `{"id":`...)
	if n, ok := replacedNumber(p.Reference); ok {
		b = strconv.AppendInt(b, n, 10)
	} else {
		b = append(b, "null"...)
	}
	for _, member := range []struct{ name, text string }{
		{"title", p.Title}, {"description", p.Description}, {"price", p.Price.String()}, {"location", p.Location},
		{"created_at", replacedTime(p.CreatedAt)},
	} {
		b = append(propertyjson.AppendString(append(b, ','), member.name), ':')
		b = propertyjson.AppendString(b, member.text)
	}
	return append(b, '}')
}

func replacedNumber(reference string) (int64, bool) {
	digits, ok := strings.CutPrefix(reference, replacedPrefix)
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, ok && err == nil && n > 0 && strconv.FormatInt(n, 10) == digits
}

// replacedTime writes a time as Django does: to the millisecond, and without a fraction where there are no
// microseconds.
func replacedTime(at time.Time) string {
	if at.Nanosecond() == 0 {
		return at.UTC().Format("2006-01-02T15:04:05Z")
	}
	return at.UTC().Format("2006-01-02T15:04:05.000Z")
}
