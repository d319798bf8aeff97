package bunstore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gable-listings/gable/ports"
)

// The triggers record changes. Listings can change without them: while one is disabled or dropped, as at a reload by
// pg_dump and psql, which creates them last; by ALTER TABLE … USING, which rewrites every row; through a table that
// inherits from this one; or through one that this one inherits from or is a partition of, since a statement fires
// only the statement triggers of the table that it names. Such a change is missing in the feed, but always leaves its
// mark in the catalogs, in the same transaction: a catalog row that is written anew has another xmin. So the state of
// triggers and columns is part of the history, whose name changes with it, and a table whose changes are not all
// recorded has no history at all.
//
// The file node of the table would not do. VACUUM FULL, CLUSTER and TRUNCATE change it, but change no listing, or
// none unrecorded.

// recordingSQL is how changes are recorded. It returns each trigger as name:state.identity, the identities of the
// columns, a table that inherits from this one, whose rows are part of the answers, and a table that this one
// inherits from. It sees what its statement's snapshot sees.
const recordingSQL = `
    (SELECT string_agg(concat_ws('.', concat(t.tgname, ':', t.tgenabled), t.oid, t.xmin, f.xmin), ' ' ORDER BY t.tgname)
        FROM pg_trigger AS t JOIN pg_proc AS f ON f.oid = t.tgfoid
        WHERE t.tgrelid = 'properties'::regclass AND NOT t.tgisinternal) AS triggers,
    (SELECT string_agg(xmin::text, '.' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = 'properties'::regclass AND attnum > 0) AS columns,
    (SELECT min(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'properties'::regclass) AS heir,
    (SELECT min(inhparent::regclass::text) FROM pg_inherits WHERE inhrelid = 'properties'::regclass) AS parent`

// recording is the result of recordingSQL.
type recording struct {
	Triggers string `bun:"triggers"`
	Columns  string `bun:"columns"`
	Heir     string `bun:"heir"`   // a table that inherits from properties; empty for none
	Parent   string `bun:"parent"` // a table that properties inherits from, or is a partition of
}

// recorders are the triggers, each with the state it must have: A fires for every writer, O for all but replicas, R
// for replicas (pg_trigger.tgenabled).
var recorders = []string{
	"properties_on_delete:A", "properties_on_insert:A", "properties_on_update:A", "property_changes_of_delete:O",
	"property_changes_of_insert:O", "property_changes_of_replica:R", "property_changes_of_truncate:A",
	"property_changes_of_update:O",
}

// errNotRecorded says that listings may change without a change in the feed, so that no cached answer can be trusted.
var errNotRecorded = fmt.Errorf("changes of listings are not recorded: %w", ports.ErrUnavailable)

// check returns nil when every change of a listing is recorded, and otherwise a wrapped errNotRecorded.
func (r *recording) check() error {
	if r.Heir != "" {
		return fmt.Errorf("the table %s inherits from properties: %w", r.Heir, errNotRecorded)
	}
	if r.Parent != "" {
		return fmt.Errorf("properties inherits from the table %s: %w", r.Parent, errNotRecorded)
	}
	var present []string
	for trigger := range strings.FieldsSeq(r.Triggers) {
		recorder, _, _ := strings.Cut(trigger, ".")
		present = append(present, recorder)
	}
	for _, recorder := range recorders {
		if !slices.Contains(present, recorder) {
			name, _, _ := strings.Cut(recorder, ":")
			return fmt.Errorf("the trigger %s of properties is missing or switched off: %w", name, errNotRecorded)
		}
	}
	return nil
}
