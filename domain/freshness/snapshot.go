package freshness

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Snapshot is the set of transactions that an answer has seen: those below Xmax that were not in flight. Postgres
// calls it a snapshot (pg_snapshot) and uses the same text form. The zero value has seen nothing.
type Snapshot struct {
	Xmin     uint64   // every transaction below has ended
	Xmax     uint64   // no transaction from here on has been seen
	InFlight []uint64 // between the two and not ended; ascending
}

// ErrInvalidSnapshot means that a text is not a snapshot.
var ErrInvalidSnapshot = errors.New("not a snapshot such as 10:20:10,14")

// Sees reports whether the effects of a transaction, if it committed, are part of the snapshot.
func (s Snapshot) Sees(tx uint64) bool {
	if tx < s.Xmin {
		return true
	}
	if tx >= s.Xmax {
		return false
	}
	_, inFlight := slices.BinarySearch(s.InFlight, tx)
	return !inFlight
}

// Covers reports whether s has seen everything that o has seen.
func (s Snapshot) Covers(o Snapshot) bool {
	for _, tx := range s.InFlight {
		if o.Sees(tx) {
			return false
		}
	}
	if o.Xmax <= s.Xmax {
		return true
	}
	// What lies between the two ends must have been in flight for o.
	from, _ := slices.BinarySearch(o.InFlight, s.Xmax)
	return uint64(len(o.InFlight)-from) == o.Xmax-s.Xmax
}

// Before is what the snapshot has seen of the transactions below tx.
func (s Snapshot) Before(tx uint64) Snapshot {
	if tx >= s.Xmax {
		return s
	}
	below, _ := slices.BinarySearch(s.InFlight, tx)
	return Snapshot{Xmin: min(s.Xmin, tx), Xmax: tx, InFlight: s.InFlight[:below:below]}
}

// ParseSnapshot reads xmin:xmax:xip_list. The error wraps ErrInvalidSnapshot.
func ParseSnapshot(text string) (Snapshot, error) {
	fail := func() (Snapshot, error) { return Snapshot{}, fmt.Errorf("read %.60q: %w", text, ErrInvalidSnapshot) }
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return fail()
	}
	xmin, err1 := parseTransaction(parts[0])
	xmax, err2 := parseTransaction(parts[1])
	if err1 != nil || err2 != nil || xmin > xmax {
		return fail()
	}
	s := Snapshot{Xmin: xmin, Xmax: xmax}
	if parts[2] == "" {
		return s, nil
	}
	for item := range strings.SplitSeq(parts[2], ",") {
		tx, err := parseTransaction(item)
		ascending := len(s.InFlight) == 0 || tx > s.InFlight[len(s.InFlight)-1]
		if err != nil || tx < xmin || tx >= xmax || !ascending {
			return fail()
		}
		s.InFlight = append(s.InFlight, tx)
	}
	return s, nil
}

// parseTransaction reads a transaction number. Postgres numbers stay below 2^63, and it refuses a snapshot with a
// larger one.
func parseTransaction(text string) (uint64, error) { return strconv.ParseUint(text, 10, 63) }

// String is the Postgres text form, xmin:xmax:xip_list.
func (s Snapshot) String() string {
	b := strconv.AppendUint(nil, s.Xmin, 10)
	b = append(b, ':')
	b = strconv.AppendUint(b, s.Xmax, 10)
	b = append(b, ':')
	for i, tx := range s.InFlight {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, tx, 10)
	}
	return string(b)
}
