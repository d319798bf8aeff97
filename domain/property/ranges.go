package property

// Range is the values from Min to Max, both included, either end open when absent. A whole number is compared as a
// Decimal, too.
type Range struct {
	Min, Max Optional[Decimal]
}

// Open reports whether the range lets every value and every absence through.
func (r *Range) Open() bool { return !r.Min.Valid && !r.Max.Valid }

// Contains reports whether the range lets the value through; an absent value passes only an open range.
func (r *Range) Contains(v Optional[Decimal]) bool {
	if r.Open() {
		return true
	}
	return v.Valid && (!r.Min.Valid || r.Min.Value <= v.Value) && (!r.Max.Valid || v.Value <= r.Max.Value)
}

// rangeNames is the table of ranges, in the order of the canonical text: the fields of a listing that they bound.
var rangeNames = [...]string{"price", "bedrooms", "bathrooms", "area_m2", "lot_m2", "year_built"}

// RangeCount is how many numbers a filter has bounds for.
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

// lowest and highest are the parameters of the ranges, spelled out once and not for each search.
var lowest, highest = func() (lowest, highest [RangeCount]string) {
	for i, name := range rangeNames {
		lowest[i], highest[i] = "min_"+name, "max_"+name
	}
	return lowest, highest
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

func (f *Filter) writeRanges(q *query) {
	for i, r := range f.ranges() {
		if n, ok := r.Min.Get(); ok {
			q.add(lowest[i], n.Short())
		}
		if n, ok := r.Max.Get(); ok {
			q.add(highest[i], n.Short())
		}
	}
}

func (p *parser) ranges(f *Filter) {
	for i, r := range f.Ranges() {
		r.Min, r.Max = p.bound(lowest[i], ranged[i]), p.bound(highest[i], ranged[i])
		if r.Min.Valid && r.Max.Valid && r.Min.Value > r.Max.Value {
			p.wrong.add(lowest[i], "must not be greater than max_%s", r.Name)
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
