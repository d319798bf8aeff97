package property

// BulkResult is what has become of a change that was asked for of many listings, one by one.
type BulkResult struct {
	Changed   int
	Unchanged int // they were so already
	Gone      int // they had been removed
	Refused   []Refusal
}

// Refusal is a listing that a change was not made to, and why: the change would break a rule, or others kept changing the
// listing meanwhile.
type Refusal struct {
	ID  ID
	Err error
}
