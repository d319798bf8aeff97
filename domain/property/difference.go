package property

// Difference is a field of a listing that has changed, named as in the JSON of a listing. The values are plain text as
// people write it (see Field.Written).
type Difference struct {
	Field         string
	Before, After string
}

// Differences are the fields in which two states of a listing differ, in the order of Details. Nil is the state of a
// listing that is not there: before its birth, after its removal. A state before that has no photos may lack them
// (Change.Before does), and so says nothing of photos, unless it is nil.
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
