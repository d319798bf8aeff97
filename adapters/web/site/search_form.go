package site

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/domain/property"
)

// searchForm is a search as a form sends it: the parameters of the API in the query, without the empty fields that
// forms add. Errors holds what is wrong with a parameter, to be shown beside its field.
type searchForm struct {
	path   string
	values url.Values
	Errors map[string]string
}

// formFields are the known parameters. Others, which links from elsewhere may carry, are ignored.
var formFields = slices.Concat(
	[]string{"q", "reference", "location", "offer", "kind", "status", "currency"}, boundNames(),
	[]string{"bbox", "near", "radius_km", "sort", "cursor"})

// boundNames returns the parameters of the ranges, in order.
func boundNames() (names []string) {
	for _, r := range new(property.Filter).Ranges() {
		names = append(names, "min_"+r.Name, "max_"+r.Name)
	}
	return names
}

// shownFields are the parameters that have a field of their own on the page.
var shownFields = append([]string{"q", "location", "min_bedrooms", "offer", "status", "kind", "sort", "cursor"},
	pairedNames()...)

// bounds are the two fields of one number.
type bounds struct {
	Legend   string
	Min, Max bound
}

// bound is a field of the page, with its value and what is wrong with it.
type bound struct{ Name, Value, Wrong string }

// paired returns the ranges with a field for either end. Bedrooms have a choice instead, and bathrooms no field.
func paired() []property.NamedRange {
	all := new(property.Filter).Ranges()
	return slices.DeleteFunc(all[:], func(r property.NamedRange) bool {
		return r.Name == "bedrooms" || r.Name == "bathrooms"
	})
}

func pairedNames() (names []string) {
	for _, r := range paired() {
		names = append(names, "min_"+r.Name, "max_"+r.Name)
	}
	return names
}

// Bounds returns the fields of numbers in the form, in the order of the ranges.
func (f *searchForm) Bounds() (all []bounds) {
	for _, r := range paired() {
		all = append(all, bounds{fieldName(r.Name), f.bound("min_"+r.Name, r), f.bound("max_"+r.Name, r)})
	}
	return all
}

func (f *searchForm) bound(name string, r property.NamedRange) bound {
	return bound{name, marked(r.Field(), f.Value(name)), f.Errors[name]}
}

// marked inserts commas between the thousands of a decimal or an amount. Whole numbers, such as a year, have none.
func marked(f *property.Field, number string) string {
	if f.Type == property.WholeField {
		return number
	}
	return grouped(number)
}

// Notes returns the selectors of the notes beside fields, whose text changes with the results.
func (f *searchForm) Notes() string {
	var ids []string
	for _, name := range append([]string{"q", "location"}, pairedNames()...) {
		ids = append(ids, "#"+name+"-wrong")
	}
	return strings.Join(ids, ",")
}

// Hidden returns the parameters without a visible field, which the form only passes on.
func (f *searchForm) Hidden() []string {
	shown := func(name string) bool { return slices.Contains(shownFields, name) }
	return slices.DeleteFunc(slices.Clone(formFields), shown)
}

// readForm reads a query. It drops empty fields, and joins the boxes ticked under one name to a list.
func readForm(path, query string) searchForm {
	sent, _ := url.ParseQuery(query) // without the parts that cannot be read
	f := searchForm{path: path, values: url.Values{}, Errors: map[string]string{}}
	for _, name := range formFields {
		var values []string
		for _, v := range sent[name] {
			if v = strings.TrimSpace(v); v != "" {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			continue
		}
		f.values.Set(name, strings.Join(values, ","))
		if field := boundField(name); field != nil {
			f.readBound(name, field, values)
		}
	}
	return f
}

// boundField returns the number that a parameter bounds; nil for other parameters.
func boundField(name string) *property.Field {
	end, bounded, ok := strings.Cut(name, "_")
	if !ok || end != "min" && end != "max" {
		return nil
	}
	return property.FieldNamed(bounded)
}

// readBound replaces a typed number by the number as the API spells it, or says what is wrong with it.
func (f *searchForm) readBound(name string, field *property.Field, typed []string) {
	plain, wrong := readBound(field, typed)
	if wrong != "" {
		f.Errors[name] = wrong
		return
	}
	f.values.Set(name, plain)
}

// search parses the form as a search, for pages of so many listings. It returns false for an invalid form and sets
// Errors.
func (f *searchForm) search(limit int) (*property.Search, bool) {
	parameters := map[string][]string{"limit": {strconv.Itoa(limit)}}
	for name, values := range f.values {
		if f.Errors[name] == "" {
			parameters[name] = values
		}
	}
	s, err := property.ParseSearch(parameters)
	var invalid *property.InvalidError
	switch {
	case errors.As(err, &invalid):
		for _, field := range invalid.Fields {
			f.Errors[field.Field] = field.Reason
		}
		return nil, false
	case err != nil: // only the cursor: the search has been changed by hand
		f.values.Del("cursor")
		return f.search(limit)
	case len(f.Errors) > 0:
		return nil, false
	}
	f.settle(&s)
	return &s, true
}

// settle rewrites numbers as the search parsed them, so that the form shows 450000 where 450k was typed.
func (f *searchForm) settle(s *property.Search) {
	for _, r := range s.Filter.Ranges() {
		if lowest, ok := r.Min.Get(); ok {
			f.values.Set("min_"+r.Name, lowest.Short())
		}
		if highest, ok := r.Max.Get(); ok {
			f.values.Set("max_"+r.Name, highest.Short())
		}
	}
}

// Value returns the value of a field.
func (f *searchForm) Value(name string) string { return f.values.Get(name) }

// Chosen reports whether a choice of a field is selected.
func (f *searchForm) Chosen(name, choice string) bool {
	return slices.Contains(strings.Split(f.values.Get(name), ","), choice)
}

// Sort returns the sort order of the search.
func (f *searchForm) Sort() string {
	if sort := f.values.Get("sort"); sort != "" {
		return sort
	}
	return property.DefaultSort.String()
}

// Sorts returns the orders to choose from: by distance where the search is near a place.
func (f *searchForm) Sorts() []sortChoice {
	if f.values.Has("near") || f.byDistance() {
		return append([]sortChoice{nearestFirst}, sortChoices...)
	}
	return sortChoices
}

// Further reports whether this is not the first page.
func (f *searchForm) Further() bool { return f.values.Has("cursor") }

// key returns the page's key in the view cache. Equal searches have equal keys.
func (f *searchForm) key() string { return f.values.Encode() }

// Start returns the address of the first page of this search.
func (f *searchForm) Start() string { return f.with("cursor", "") }

// Query returns the search as the query of an address, without its cursor.
func (f *searchForm) Query() string {
	_, query, _ := strings.Cut(f.Start(), "?")
	return query
}

// with returns the address of the first page of this search with one field changed; an empty value removes the field.
func (f *searchForm) with(name, value string) string {
	values := url.Values{}
	for n, v := range f.values {
		if n != "cursor" {
			values[n] = v
		}
	}
	if values.Set(name, value); value == "" {
		values.Del(name)
	}
	if len(values) == 0 {
		return f.path
	}
	return f.path + "?" + values.Encode()
}

// chip is one condition of the search as text, and the address of the search without it.
type chip struct{ Label, Without string }

// Chips returns the conditions in the order of the form.
func (f *searchForm) Chips() []chip {
	var chips []chip
	for _, name := range formFields {
		value := f.values.Get(name)
		if value == "" || name == "sort" || name == "cursor" || name == "radius_km" || f.Errors[name] != "" {
			continue
		}
		choices := strings.Split(value, ",")
		if !slices.Contains([]string{"offer", "kind", "status", "currency"}, name) {
			choices = []string{value}
		}
		for _, choice := range choices {
			rest := slices.DeleteFunc(slices.Clone(choices), func(c string) bool { return c == choice })
			without := f.with(name, strings.Join(rest, ","))
			if name == "near" {
				without = f.withoutNear()
			}
			chips = append(chips, chip{f.condition(name, choice), without})
		}
	}
	return chips
}

// withoutNear returns the address of the search anywhere. That has no order by distance.
func (f *searchForm) withoutNear() string {
	gone := []string{"near", "radius_km"}
	if f.byDistance() {
		gone = append(gone, "sort")
	}
	return (&searchForm{path: f.path, values: url.Values{}}).without(f, gone...)
}

func (f *searchForm) byDistance() bool {
	return strings.TrimPrefix(f.Sort(), "-") == string(property.SortDistance)
}

// without returns the address of another form's search without some fields.
func (f *searchForm) without(from *searchForm, names ...string) string {
	for n, v := range from.values {
		if !slices.Contains(names, n) {
			f.values[n] = v
		}
	}
	return f.Start()
}

// condition describes one condition of the search in words.
func (f *searchForm) condition(name, value string) string {
	switch name {
	case "q":
		return "“" + value + "”"
	case "reference":
		return "reference " + strings.ReplaceAll(value, ",", ", ")
	case "location":
		return "in " + value
	case "offer":
		return offerName(property.Offer(value))
	case "kind":
		return kindName(property.Kind(value))
	case "status":
		return statusName(property.Status(value))
	case "currency":
		return "priced in " + value
	case "bbox":
		return "inside a box on the map"
	case "min_year_built":
		return "built from " + value
	case "max_year_built":
		return "built up to " + value
	case "near":
		radius := f.values.Get("radius_km")
		return "within " + radius + " km"
	}
	bound, what, _ := strings.Cut(name, "_")
	return map[string]string{"min": "from ", "max": "up to "}[bound] + grouped(value) + unit(what)
}

// unit returns the words that follow a number of a listing in a sentence.
func unit(field string) string {
	what, isArea := strings.CutSuffix(field, "_m2")
	words := " " + strings.ReplaceAll(what, "_", " ")
	switch {
	case field == "price":
		return ""
	case field == "area_m2":
		return " m²"
	case isArea:
		return " m²" + words
	}
	return words
}
