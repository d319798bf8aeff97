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
	Noted         int               `json:"noted"`
	Notes         []RejectedField   `json:"notes"`
	NextPage      *string           `json:"next_page"`
	File          ImportedFile      `json:"file"`
	UpdatedFields []UpdatedField    `json:"updated_fields"`
	Updates       []UpdatedListing  `json:"updates"`
	Supersessions []SupersededRow   `json:"supersessions"`
	Samples       []SampleRow       `json:"samples"`
	Withdrawal    *WithdrawnMissing `json:"withdrawal"` // nil unless the body has to be complete
}

// ImportedFile says how the body of an import was read.
type ImportedFile struct {
	Format   string   `json:"format"`
	Encoding *string  `json:"encoding"` // nil for a workbook
	Sheet    *string  `json:"sheet"`    // nil for a text
	Notes    []string `json:"notes"`
}

// RejectedField is one reason why a row was not imported, or a note about an imported one.
type RejectedField struct {
	Line      int     `json:"line"`
	Reference *string `json:"reference"` // nil when unreadable
	Title     *string `json:"title"`     // nil when unreadable
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

// maxReported is how many reasons, and how many notes, an import's answer lists.
const maxReported = 1_000

func answerOf(r *property.ImportReport) ImportAnswer {
	answer := ImportAnswer{
		Read: r.Read, Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged, Superseded: r.Superseded,
		Rejected: r.Rejected, Skipped: r.Skipped, Errors: []RejectedField{}, Truncated: r.Rejected > len(r.Reasons),
		Noted: r.Noted, Notes: []RejectedField{}, NextPage: nilIfEmpty(r.NextPage), File: importedFile(&r.File),
		UpdatedFields: []UpdatedField{}, Updates: []UpdatedListing{}, Supersessions: []SupersededRow{},
		Samples: []SampleRow{},
	}
	for _, rejected := range r.Reasons {
		answer.Errors = appendFields(answer.Errors, rejected.Line, rejected.Reference, rejected.Title, rejected.Wrong)
	}
	if len(answer.Errors) > maxReported {
		answer.Errors, answer.Truncated = answer.Errors[:maxReported], true
	}
	for _, noted := range r.Notes {
		answer.Notes = appendFields(answer.Notes, noted.Line, noted.Reference, noted.Title, noted.Notes)
	}
	answer.Notes = answer.Notes[:min(len(answer.Notes), maxReported)]
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

func importedFile(f *property.FileInfo) ImportedFile {
	return ImportedFile{
		Format: f.Format, Encoding: nilIfEmpty(f.Encoding), Sheet: nilIfEmpty(f.Sheet),
		Notes: append([]string{}, f.Notes...),
	}
}

func appendFields(
	to []RejectedField, line int, reference, title string, fields []property.FieldError,
) []RejectedField {
	for _, f := range fields {
		to = append(to, RejectedField{
			Line: line, Reference: nilIfEmpty(reference), Title: nilIfEmpty(title), Field: nilIfEmpty(f.Field),
			Reason: f.Reason,
		})
	}
	return to
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
