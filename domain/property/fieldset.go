package property

// Fields is a set of fields: a bit for each, by its index in the table.
type Fields uint32

// AllFields are the fields that a source of listings may lack: all but the key and the required ones.
var AllFields = func() (all Fields) {
	for i := range table {
		if !table[i].Required && !table[i].Key {
			all = all.With(i)
		}
	}
	return all
}()

// halves are the fields that a source has, or lacks, together.
var halves = func() (both Fields) {
	for i := range table {
		if table[i].Type == DegreesField {
			both = both.With(i)
		}
	}
	return both
}()

// StatusField and SourceField are sets of one field.
var (
	StatusField = fieldsNamed("status")
	SourceField = fieldsNamed("source")
)

func fieldsNamed(name string) (set Fields) {
	for i := range table {
		if table[i].Name == name {
			set = set.With(i)
		}
	}
	return set
}

// With is the set plus the field with this index.
func (f Fields) With(index int) Fields { return f | 1<<index }

// Without is the set minus the fields of another set.
func (f Fields) Without(other Fields) Fields { return f &^ other }

// Has reports whether the field with this index is in the set.
func (f Fields) Has(index int) bool { return f&(1<<index) != 0 }

// Lacking is the fields that a source with the present ones lacks. One half of a position counts as both.
func Lacking(present Fields) Fields {
	if present&halves != 0 {
		present |= halves
	}
	return AllFields.Without(present)
}

// Completed is the details of a source, with the absent fields taken from the stored listing.
func (d Details) Completed(absent Fields, stored *Details) Details {
	for i := range table {
		if absent.Has(i) {
			table[i].carry(&d, stored)
		}
	}
	return d
}
