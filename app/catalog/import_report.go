package catalog

import "github.com/gable-listings/gable/domain/property"

// maxSamples is how many records of a dry run the report shows as they would be stored.
const maxSamples = 3

// importReport is a report while it is written.
type importReport struct {
	property.ImportReport

	waiting []superseded // those in the report whose later record has not been read
}

// superseded is the details of a record in the report.
type superseded struct {
	property.Details

	at int // in Supersessions
}

func (r *importReport) supersede(line int, d property.Details) {
	r.Superseded++
	if at := len(r.Supersessions); at < property.MaxExamples {
		r.Supersessions = append(r.Supersessions, property.Supersession{Line: line, Reference: d.Reference})
		r.waiting = append(r.waiting, superseded{d, at})
	}
}

// supersedeBy completes the supersessions by a later record.
func (r *importReport) supersedeBy(line int, by *property.Details) {
	for i := range r.waiting {
		w := &r.waiting[i]
		if w.Reference != by.Reference {
			continue
		}
		s := &r.Supersessions[w.at]
		s.By = line
		for _, d := range w.DifferencesTo(by) {
			s.Fields = append(s.Fields, d.Field)
		}
	}
}

func (r *importReport) sample(line int, d property.Details) {
	if len(r.Samples) < maxSamples {
		r.Samples = append(r.Samples, property.Sample{Line: line, Details: d})
	}
}

// count enters what became of a record.
func (r *importReport) count(line int, c *property.Change) {
	switch c.Op {
	case property.OpInsert:
		r.Created++
	case property.OpUpdate:
		r.Updated++
		differences := c.Before.DifferencesTo(&c.After.Details)
		r.EditedFields.Count(differences)
		if len(r.Edits) < property.MaxExamples {
			r.Edits = append(r.Edits, property.Edit{Line: line, Reference: c.After.Reference, Fields: differences})
		}
	default:
		r.Unchanged++
	}
}
