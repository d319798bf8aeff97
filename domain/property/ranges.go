package property

// Range is the values from Min to Max, both included; an absent end is open. A whole number is compared as a
// Decimal, too.
type Range struct {
	Min, Max Optional[Decimal]
}

// Open reports whether the range lets every value, and an absent value, through.
func (r *Range) Open() bool { return !r.Min.Valid && !r.Max.Valid }

// Contains reports whether the range lets the value through; an absent value passes only an open range.
func (r *Range) Contains(v Optional[Decimal]) bool {
	if r.Open() {
		return true
	}
	return v.Valid && (!r.Min.Valid || r.Min.Value <= v.Value) && (!r.Max.Valid || v.Value <= r.Max.Value)
}

// rangeNames is the table of ranges, in the order of the canonical text: the listing's fields that they bound.
var rangeNames = [...]string{"price", "bedrooms", "bathrooms", "area_m2", "lot_m2", "year_built"}

// RangeCount is the number of ranges in a filter.
const RangeCount = len(rangeNames)

// ranges are the filter's ranges in the order of the table.
func (f *Filter) ranges() [RangeCount]*Range {
	return [...]*Range{&f.Price, &f.Bedrooms, &f.Bathrooms, &f.AreaM2, &f.LotM2, &f.YearBuilt}
}

// ranged are the fields with these names.
var ranged = func() (fields [RangeCount]*Field) {
	for i, name := range rangeNames {
		fields[i] = FieldNamed(name)
	}
	return fields
}()

// NamedRange is the bounds of one number: the parameters min_<Name> and max_<Name>, the column <Name>.
type NamedRange struct {
	Name string // of the field
	*Range
}

// Ranges are the filter's bounds, open ones too, in the order of the canonical text.
func (f *Filter) Ranges() (named [RangeCount]NamedRange) {
	for i, r := range f.ranges() {
		named[i] = NamedRange{rangeNames[i], r}
	}
	return named
}

// Field is the number of a listing that the range bounds.
func (r NamedRange) Field() *Field { return FieldNamed(r.Name) }

// inRanges reports whether the filter's bounds let the listing through.
func (f *Filter) inRanges(p *Property) bool {
	for i, r := range f.ranges() {
		if !r.Open() && !r.Contains(ranged[i].Number(&p.Details)) {
			return false
		}
	}
	return true
}

// boundNames are the parameter names of both ends of each range.
var boundNames = func() (names [RangeCount]struct{ lowest, highest string }) {
	for i, name := range rangeNames {
		names[i].lowest, names[i].highest = "min_"+name, "max_"+name
	}
	return names
}()

func (f *Filter) writeRanges(q *query) {
	for i, r := range f.ranges() {
		if lowest, ok := r.Min.Get(); ok {
			q.add(boundNames[i].lowest, lowest.Short())
		}
		if highest, ok := r.Max.Get(); ok {
			q.add(boundNames[i].highest, highest.Short())
		}
	}
}

func (p *parser) ranges(f *Filter) {
	for i, r := range f.ranges() {
		names := &boundNames[i]
		r.Min, r.Max = p.bound(names.lowest, ranged[i]), p.bound(names.highest, ranged[i])
		if r.Min.Valid && r.Max.Valid && r.Min.Value > r.Max.Value {
			p.wrong.add(names.lowest, "must not be greater than %s", names.highest)
		}
	}
}

func (p *parser) bound(name string, f *Field) Optional[Decimal] {
	text := p.take(name)
	switch {
	case text == "":
		return Optional[Decimal]{}
	case f.Type == WholeField:
		return Some(p.whole(name, text, f))
	}
	return Some(p.decimal(name, text))
}
