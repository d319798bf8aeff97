package api

import (
	"encoding/json"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

// ImportAnswer is the answer to an import: a property.ImportReport in the JSON of the contract.
type ImportAnswer struct {
	Read          int               `json:"read"`
	Created       int               `json:"created"`
	Updated       int               `json:"updated"`
	Unchanged     int               `json:"unchanged"`
	Superseded    int               `json:"superseded"`
	Rejected      int               `json:"rejected"`
	Skipped       int               `json:"skipped"`
	Errors        []RejectedField   `json:"errors"`
	Truncated     bool              `json:"truncated"`
	UpdatedFields []UpdatedField    `json:"updated_fields"`
	Updates       []UpdatedListing  `json:"updates"`
	Supersessions []SupersededRow   `json:"supersessions"`
	Samples       []SampleRow       `json:"samples"`
	Withdrawal    *WithdrawnMissing `json:"withdrawal"` // nil unless the body has to be complete
}

// RejectedField is one reason why a row was not imported.
type RejectedField struct {
	Line      int     `json:"line"`
	Reference *string `json:"reference"` // nil when unreadable
	Field     *string `json:"field"`     // nil for the row as a whole
	Reason    string  `json:"reason"`
}

// UpdatedField is a field with the number of listings in which it changed.
type UpdatedField struct {
	Field    string `json:"field"`
	Listings int    `json:"listings"`
}

// UpdatedListing is one updated listing with the fields that changed.
type UpdatedListing struct {
	Line      int           `json:"line"`
	Reference string        `json:"reference"`
	Fields    []FieldUpdate `json:"fields"`
}

// FieldUpdate is the text of a field before and after an update.
type FieldUpdate struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// SupersededRow is a row that a later one with the same reference replaces.
type SupersededRow struct {
	Line      int      `json:"line"`
	Reference string   `json:"reference"`
	By        int      `json:"by"`     // the line of the later row
	Fields    []string `json:"fields"` // in which the rows differ
}

// SampleRow is a row as it would be stored.
type SampleRow struct {
	Line    int             `json:"line"`
	Listing json.RawMessage `json:"listing"`
}

// WithdrawnMissing is what became of the live listings of a source that the body lacks.
type WithdrawnMissing struct {
	Source     string   `json:"source"`
	Live       int      `json:"live"`
	Missing    int      `json:"missing"`
	Withdrawn  int      `json:"withdrawn"`
	References []string `json:"references"` // of the first missing ones
	Unreadable int      `json:"unreadable"` // rejected rows without a readable reference
	TooMany    bool     `json:"too_many"`
}

// maxReported is how many reasons an import's answer lists.
const maxReported = 1_000

func answerOf(r *property.ImportReport) ImportAnswer {
	answer := ImportAnswer{
		Read: r.Read, Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged, Superseded: r.Superseded,
		Rejected: r.Rejected, Skipped: r.Skipped, Errors: rejectedFields(r), Truncated: r.Rejected > len(r.Reasons),
		UpdatedFields: []UpdatedField{}, Updates: []UpdatedListing{}, Supersessions: []SupersededRow{},
		Samples: []SampleRow{},
	}
	if len(answer.Errors) > maxReported {
		answer.Errors, answer.Truncated = answer.Errors[:maxReported], true
	}
	for _, f := range r.EditedFields.List() {
		answer.UpdatedFields = append(answer.UpdatedFields, UpdatedField(f))
	}
	for _, e := range r.Edits {
		update := UpdatedListing{Line: e.Line, Reference: e.Reference, Fields: make([]FieldUpdate, len(e.Fields))}
		for i, d := range e.Fields {
			update.Fields[i] = FieldUpdate(d)
		}
		answer.Updates = append(answer.Updates, update)
	}
	for _, s := range r.Supersessions {
		row := SupersededRow{Line: s.Line, Reference: s.Reference, By: s.By, Fields: append([]string{}, s.Fields...)}
		answer.Supersessions = append(answer.Supersessions, row)
	}
	for i := range r.Samples {
		sample := &r.Samples[i]
		answer.Samples = append(answer.Samples,
			SampleRow{Line: sample.Line, Listing: propertyjson.AppendDetails(nil, &sample.Details)})
	}
	if w := r.Withdrawal; w != nil {
		answer.Withdrawal = &WithdrawnMissing{
			Source: w.Source, Live: w.Live, Missing: w.Missing, Withdrawn: w.Withdrawn,
			References: append([]string{}, w.References...), Unreadable: w.Unreadable, TooMany: w.TooMany,
		}
	}
	return answer
}

func rejectedFields(r *property.ImportReport) []RejectedField {
	list := []RejectedField{}
	for _, rejected := range r.Reasons {
		for _, wrong := range rejected.Wrong {
			list = append(list, RejectedField{
				Line: rejected.Line, Reference: nilIfEmpty(rejected.Reference), Field: nilIfEmpty(wrong.Field),
				Reason: wrong.Reason,
			})
		}
	}
	return list
}

// stored reports whether the import has changed a listing, or in a dry run would.
func stored(r *property.ImportReport) bool {
	return r.Created+r.Updated > 0 || r.Withdrawal != nil && r.Withdrawal.Withdrawn > 0
}

func nilIfEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
