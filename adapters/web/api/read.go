package api

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

const (
	jsonType       = "application/json"
	searchRoute    = "/v1/properties"
	oldSearchRoute = "/properties" // of the service that this one replaces; also with a slash at the end
	itemRoute      = "/v1/properties/{id}"
	searchKey      = "search?"
	itemKey        = "item/"
	countParameter = "count"
	fieldParameter = "fields"
)

// Ledger reports the figures of the ledger.
type Ledger interface {
	Figures() freshness.Figures
}

// searchRequest holds the parameters of a search.
type searchRequest struct {
	property.Search
	count  bool
	fields propertyjson.Selection
	base   string // path before addresses in the answer
}

// key identifies the answer: equal for equal requests, however they are written.
func (s *searchRequest) key() string {
	key := searchKey + s.String()
	if s.count {
		key += "&count=exact"
	}
	if s.fields != propertyjson.Every {
		key += "&fields=" + strconv.FormatUint(uint64(s.fields), 16)
	}
	return key
}

// search answers GET /v1/properties.
func (a *API) search(w http.ResponseWriter, r *http.Request) error {
	s, err := parseSearch(r)
	if err != nil {
		return err
	}
	s.base = a.Base
	return a.Views.Serve(w, r, s.key(), func(ctx context.Context) (viewcache.Answer, ports.ReadInfo, error) {
		return a.findPage(ctx, s)
	})
}

func (a *API) findPage(ctx context.Context, s *searchRequest) (viewcache.Answer, ports.ReadInfo, error) {
	count, info := int64(viewcache.NoCount), ports.ReadInfo{}
	if s.count { // expensive: a busy server refuses it before other work
		var err error
		if count, info, err = a.Catalog.Count(ctx, &s.Filter); err != nil {
			return viewcache.Answer{}, info, err
		}
	}
	page, searched, err := a.Catalog.Search(ctx, &s.Search)
	info = info.And(searched)
	if err != nil {
		return viewcache.Answer{}, info, err
	}
	return a.Views.PageAnswer(&s.Search, page, count, s.answer), info, nil
}

// answer renders the page for a client.
func (s *searchRequest) answer(page *property.Page, count int64) viewcache.Answer {
	next := s.NextCursor(page)
	answer := viewcache.Answer{
		ContentType: jsonType, Route: searchRoute, Body: appendPage(nil, page, next, count, s.fields),
	}
	if next != "" {
		answer.Link = s.nextLink(next)
	}
	return answer
}

// nextLink returns the Link header to the following page, with every parameter of this request.
func (s *searchRequest) nextLink(cursor string) string {
	following := s.Search
	following.After = property.Optional[property.SortPosition]{}
	query := []string{"cursor=" + url.QueryEscape(cursor)}
	if text := following.String(); text != "" {
		query = append([]string{text}, query...)
	}
	if s.count {
		query = append(query, "count=exact")
	}
	if s.fields != propertyjson.Every {
		var names []string
		for _, m := range propertyjson.Members() {
			if s.fields.Has(m) {
				names = append(names, m.String())
			}
		}
		query = append(query, "fields="+strings.Join(names, ","))
	}
	return "<" + s.base + searchRoute + "?" + strings.Join(query, "&") + `>; rel="next"`
}

// appendPage adds the body of a search's answer to a buffer; a negative count is left out.
func appendPage(
	b []byte, page *property.Page, next string, count int64, fields propertyjson.Selection,
) []byte {
	b = append(b, `{"properties":[`...)
	for i := range page.Properties {
		if i > 0 {
			b = append(b, ',')
		}
		b = propertyjson.AppendSelected(b, &page.Properties[i], fields)
	}
	b = append(b, `],"next":`...)
	if next == "" {
		b = append(b, "null"...)
	} else {
		b = propertyjson.AppendString(b, next)
	}
	if count >= 0 {
		b = append(b, `,"count":`...)
		b = strconv.AppendInt(b, count, 10)
	}
	return append(b, '}', '\n')
}

// read answers GET /v1/properties/{id}.
func (a *API) read(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if err := refuseParameters(r); err != nil {
		return err
	}
	return a.Views.Serve(w, r, itemKey+id.String(), func(ctx context.Context) (viewcache.Answer, ports.ReadInfo, error) {
		p, info, err := a.Catalog.Get(ctx, id)
		if err != nil {
			return viewcache.Answer{}, info, err
		}
		return a.Views.ItemAnswer(&p, itemAnswer), info, nil
	})
}

func itemAnswer(p *property.Property) viewcache.Answer {
	body := append(propertyjson.Append(nil, p), '\n')
	return viewcache.Answer{
		ContentType: jsonType, Route: itemRoute,
		Body:      body,
		State:     append(propertyjson.AppendState(make([]byte, 0, len(body)), p), '\n'),
		TagPrefix: strconv.FormatInt(p.Version, 10) + "-",
		TagSuffix: "-" + propertyjson.Shape(),
	}
}

func idOf(r *http.Request) (property.ID, error) {
	return property.ParseID(mux.Vars(r)["id"])
}

// parameters returns the query of a request. Unlike URL.Query it reports what it cannot parse.
func parameters(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badParameter("", "The query of the address cannot be read: %v.", err)
	}
	return values, nil
}

// refuseParameters refuses every parameter, for routes without parameters.
func refuseParameters(r *http.Request) error {
	values, err := parameters(r)
	if err != nil {
		return err
	}
	return refuseOthers(values)
}

// refuseOthers refuses the parameters that are left after those of the route have been taken. It names all of them, in
// order.
func refuseOthers(values url.Values) error {
	var wrong property.InvalidError
	for _, name := range slices.Sorted(maps.Keys(values)) {
		wrong.Fields = append(wrong.Fields, property.FieldError{Field: name, Reason: "is not a parameter of this address"})
	}
	if len(wrong.Fields) == 0 {
		return nil
	}
	return parameterErrors(&wrong)
}

func parseSearch(r *http.Request) (*searchRequest, error) {
	values, err := parameters(r)
	if err != nil {
		return nil, err
	}
	s := searchRequest{fields: propertyjson.Every}
	s.count, err = takeCount(values)
	if err != nil {
		return nil, err
	}
	if s.fields, err = takeFields(values); err != nil {
		return nil, err
	}
	if s.Search, err = property.ParseSearch(values); err != nil {
		return nil, parameterErrors(err)
	}
	return &s, nil
}

// takeOne removes a parameter that may appear once, and returns its value or the fallback.
func takeOne(values url.Values, name, fallback string) (string, error) {
	texts, ok := values[name]
	delete(values, name)
	switch {
	case !ok:
		return fallback, nil
	case len(texts) > 1:
		return "", badParameter(name, "must appear once, not %d times", len(texts))
	case texts[0] == "":
		return "", badParameter(name, "must not be empty; leave it out instead")
	}
	return texts[0], nil
}

func takeCount(values url.Values) (bool, error) {
	text, err := takeOne(values, countParameter, "none")
	if err == nil && text != "none" && text != "exact" {
		err = badParameter(countParameter, "must be none or exact")
	}
	return text == "exact", err
}

func takeFields(values url.Values) (propertyjson.Selection, error) {
	text, err := takeOne(values, fieldParameter, "")
	if err != nil || text == "" {
		return propertyjson.Every, err
	}
	selected := propertyjson.Selection(0).With(propertyjson.ID)
	for name := range strings.SplitSeq(text, ",") {
		member, ok := propertyjson.MemberNamed(strings.TrimSpace(name))
		if !ok {
			return 0, badParameter(fieldParameter, "must name members of a listing, not %.60q", name)
		}
		selected = selected.With(member)
	}
	return selected, nil
}
