package catalog

import "hash/maphash"

// references finds the last record of each reference by a hash of 64 bits. A source of a million references takes
// about 40 MB.
type references struct {
	seed       maphash.Seed
	index      map[uint64]int // of the last valid record, or rejectedOnly
	unreadable int            // rejected records without a reference
}

// rejectedOnly is the index of a reference whose records are all rejected.
const rejectedOnly = -1

func newReferences() *references {
	return &references{seed: maphash.MakeSeed(), index: map[uint64]int{}}
}

func (r *references) key(reference string) uint64 { return maphash.String(r.seed, reference) }

// add enters the reference of a record. Rejected records supersede nothing.
func (r *references) add(reference string, index int, rejected bool) {
	key := r.key(reference)
	switch _, known := r.index[key]; {
	case !rejected:
		r.index[key] = index
	case reference == "":
		r.unreadable++
	case !known:
		r.index[key] = rejectedOnly
	}
}

// last is the index of the last valid record with the reference.
func (r *references) last(reference string) int { return r.index[r.key(reference)] }

// has reports whether a record has the reference, a rejected one too.
func (r *references) has(reference string) bool {
	_, ok := r.index[r.key(reference)]
	return ok && reference != ""
}
