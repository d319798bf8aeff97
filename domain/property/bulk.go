package property

// BulkResult counts the outcomes of a bulk edit.
type BulkResult struct {
	Changed   int
	Unchanged int // already as wanted
	Gone      int // removed before the edit
	Refused   []Refusal
}

// Refusal is a listing that a bulk edit did not change, with the reason. The change would break a rule, or other
// writers changed the listing at every attempt.
type Refusal struct {
	ID  ID
	Err error
}
