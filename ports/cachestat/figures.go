package cachestat

import (
	"encoding/json"
	"fmt"
)

// Figures are a level's counts since the process started.
type Figures struct {
	Reads[uint64]
	Errors uint64
}

// Reads are numbers of reads by their Outcome, total or per second.
type Reads[N uint64 | float64] [outcomes]N

// Overall combines the reads of both levels into hits, which either level answered, and misses, which asked the
// store. The query level receives the reads that the view level cannot answer.
func Overall(view, query Figures) Reads[uint64] {
	return Reads[uint64]{OutcomeHit: view.Answered() + query.Answered(), OutcomeMiss: query.Loaded()}
}

// Answered is the number of reads that needed no load of their own.
func (r Reads[N]) Answered() N { return r.of(answered) }

// Loaded is the number of reads that asked the cache in vain. Bypassed reads and stale-if-error answers do not
// count.
func (r Reads[N]) Loaded() N { return r.of(loaded) }

func (r Reads[N]) of(s share) (n N) {
	for o := range r {
		if descriptions[o].share == s {
			n += r[o]
		}
	}
	return n
}

// HitRatio is Answered as a share of all reads that asked the cache, 0 to 1; 0 before the first read.
func (r Reads[N]) HitRatio() float64 {
	if total := r.Answered() + r.Loaded(); total > 0 {
		return float64(r.Answered()) / float64(total)
	}
	return 0
}

// Since returns the reads since an earlier state.
func (r Reads[N]) Since(before Reads[N]) Reads[N] {
	for o := range r {
		r[o] -= before[o]
	}
	return r
}

// PerSecond divides the reads by a time in seconds.
func (r Reads[N]) PerSecond(seconds float64) (rates Reads[float64]) {
	for o := range r {
		rates[o] = float64(r[o]) / seconds
	}
	return rates
}

// MarshalWith encodes a JSON object. It has a member for each of the outcomes, in their order, and then the members
// of rest, which is a struct.
func (r Reads[N]) MarshalWith(rest any) ([]byte, error) {
	object := []byte{'{'}
	for _, o := range all {
		n, err := json.Marshal(r[o])
		if err != nil {
			return nil, err
		}
		object = fmt.Appendf(object, "%q:%s,", o.Figure(), n)
	}
	members, err := json.Marshal(rest)
	if err != nil {
		return nil, err
	}
	return append(object, members[1:]...), nil
}

// UnmarshalFrom decodes the members of a JSON object that are named after outcomes, and ignores the others.
func (r *Reads[N]) UnmarshalFrom(object []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return err
	}
	for _, o := range all {
		if n, ok := members[o.Figure()]; ok {
			if err := json.Unmarshal(n, &r[o]); err != nil {
				return fmt.Errorf("decode %s: %w", o.Figure(), err)
			}
		}
	}
	return nil
}
