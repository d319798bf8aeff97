package property

// MaxExamples is how many listings or rows of one kind a report shows. Counts are of all.
const MaxExamples = 10

// ImportReport says what an import did, or in a dry run what it would do. Read is the sum of Created, Updated,
// Unchanged, Superseded and Rejected, if the import reached its end.
type ImportReport struct {
	Read       int
	Created    int
	Updated    int
	Unchanged  int // known, and already the same
	Superseded int // a later record of the same source has the same reference
	Rejected   int // cannot be imported
	Skipped    int // left out by the mapping before they are read as records
	// Reasons are those of the first rejected records, up to the number that the import reports.
	Reasons []Rejection
	// Noted is the number of imported records with notes, and Notes are the first of them.
	Noted int
	Notes []RecordNotes
	// NextPage is the address at which the source continues; "" if it is whole, or does not say so.
	NextPage string
	// File says how the file was read. It is empty for a source that is not a file.
	File FileInfo
	// Edits are the first updated listings.
	Edits []Edit
	// EditedFields counts the updated listings by field.
	EditedFields FieldCounts
	// Supersessions are the first superseded records.
	Supersessions []Supersession
	// Samples are the first records of a dry run as they would be stored.
	Samples []Sample
	// Withdrawal is about the listings that a complete source lacks; nil when the source need not be complete.
	Withdrawal *Withdrawal
}

// Rejection is the reason why a record cannot be imported.
type Rejection struct {
	Line      int
	Reference string // its beginning; "" when it could not be read
	Title     string // its beginning; "" when it could not be read
	Wrong     []FieldError
}

// RecordNotes are the notes of an imported record.
type RecordNotes struct {
	Line      int
	Reference string
	Title     string
	Notes     []FieldError
}

// FileInfo says how a file of records is read.
type FileInfo struct {
	Format   string   // such as "csv"
	Encoding string   // of a text, such as "utf-8"; "" for a workbook
	Sheet    string   // of a workbook; "" for a text
	Notes    []string // what a person may want to know, in sentences
}

// Edit is one updated listing: the record's line and the fields that changed.
type Edit struct {
	Line      int
	Reference string
	Fields    []Difference
}

// Supersession is a record that a later one with the same reference replaces.
type Supersession struct {
	Line      int
	Reference string
	By        int      // the line of the later record
	Fields    []string // the fields in which the two differ
}

// Sample is a record as it is stored.
type Sample struct {
	Line    int
	Details Details
}

// FieldCounts has a number for each field, by its index in the table.
type FieldCounts [FieldCount]int

// Count adds one to each field that differs.
func (c *FieldCounts) Count(differences []Difference) {
	for _, d := range differences {
		for i := range table {
			if table[i].Name == d.Field {
				c[i]++
			}
		}
	}
}

// EditedField is a field with the number of listings in which it changed.
type EditedField struct {
	Field    string
	Listings int
}

// List returns the fields with a number above zero, in the order of the table.
func (c FieldCounts) List() (list []EditedField) {
	for i, n := range c {
		if n > 0 {
			list = append(list, EditedField{table[i].Name, n})
		}
	}
	return list
}
