package property

// Difference is a field of a listing that has changed, named as in the JSON of a listing. The values are plain text
// as people write it (see Field.Written).
type Difference struct {
	Field         string
	Before, After string
}

// Differences are the fields in which two states of a listing differ, in the order of Details. Nil is the state of
// an absent listing, before its creation or after its deletion. A non-nil state before may lack its photos (see
// Change.Before); without photos it makes no difference in photos.
func Differences(before, after *Property) []Difference {
	var changed []Difference
	for i := range table {
		f := &table[i]
		earlier, later := f.writtenOf(before), f.writtenOf(after)
		unknown := f.Type == ListField && before != nil && earlier == ""
		if earlier != later && !unknown {
			changed = append(changed, Difference{Field: f.Name, Before: earlier, After: later})
		}
	}
	return changed
}

func (f *Field) writtenOf(p *Property) string {
	if p == nil {
		return ""
	}
	return f.Written(&p.Details)
}

// DifferencesTo returns the fields in which other complete details differ, in the order of Details.
func (d *Details) DifferencesTo(o *Details) []Difference {
	var changed []Difference
	for i := range table {
		f := &table[i]
		earlier, later := f.Written(d), f.Written(o)
		if earlier != later && !f.same(d, o) {
			changed = append(changed, Difference{Field: f.Name, Before: earlier, After: later})
		}
	}
	return changed
}
