package listingfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

// stateColumns are the columns of an export that the service has set.
var stateColumns = func() (names []string) {
	for _, m := range propertyjson.Members() {
		if m.ReadOnly() {
			names = append(names, m.String())
		}
	}
	return names
}()

// Ignored returns the columns of an export that were there and are not read, because the file is not read for a
// restore. For NDJSON it knows them from the first record on.
func (r *Reader) Ignored() []string { return r.ignored }

// checkState refuses a file that cannot be restored, and finds the columns that are ignored.
func (r *Reader) checkState() error {
	if r.options.Restore && (r.mapping.Name != OwnMapping || r.format == RESO) {
		return &FileError{Reason: "cannot be restored with the mapping " + r.mapping.Name +
			"; a restore reads Gable's own columns in CSV, NDJSON or .xlsx"}
	}
	if r.grid == nil || r.mapping.Name != OwnMapping {
		return nil
	}
	var present, missing []string
	for _, name := range stateColumns {
		if _, ok := r.grid.column[name]; ok {
			present = append(present, name)
		} else {
			missing = append(missing, name)
		}
	}
	if r.options.Restore && missing != nil {
		return &FileError{Line: 1, Reason: fmt.Sprintf("lacks %s, which a restore needs: %s",
			count(len(missing), "column"), strings.Join(missing, ", "))}
	}
	if !r.options.Restore {
		r.ignored = present
	}
	return nil
}

// stateOf returns the members of a line of NDJSON when those that the service has set are needed. That is to restore
// them, and in the first record to find out whether there are any. It is nil for a line that is not JSON, which
// decodeOwn explains.
func (r *Reader) stateOf(raw row) columns {
	if raw.err != nil || !r.options.Restore && r.ignored != nil {
		return nil
	}
	_, cells := withColumns(raw)
	return cells
}

// readState adds what the service had set to a record.
func (r *Reader) readState(record *property.Record, row columns) {
	if row == nil {
		return
	}
	if !r.options.Restore {
		if r.ownJSON() {
			r.ignored = presentIn(row)
		}
		return
	}
	state, err := property.ParseState(row)
	record.State = state
	var wrong, more *property.InvalidError
	switch {
	case err == nil:
	case record.Err == nil:
		record.Err = err
	case errors.As(record.Err, &wrong) && errors.As(err, &more):
		record.Err = &property.InvalidError{Fields: append(more.Fields, wrong.Fields...)}
	}
}

func presentIn(row columns) []string {
	present := []string{}
	for _, name := range stateColumns {
		if _, ok := row(name); ok {
			present = append(present, name)
		}
	}
	return present
}
