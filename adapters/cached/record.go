package cached

import (
	"errors"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// shape is the version of an entry's bytes. Every key contains it, so that a program with another format never reads
// these entries. Raise it whenever record, its encoding or the envelope change.
const shape = "9"

// record is a cached answer, with the state of the ledger when its load began. A feed point, which every process
// understands, and a position give this state; the position is more exact and valid only in the process that wrote it.
type record struct {
	Epoch    string // of the feed point; in the entry's key, not encoded. The next three are its snapshot
	Xmin     uint64
	Xmax     uint64
	InFlight []uint64
	Writer   string // the process whose ledger Position belongs to
	Position uint64
	Loaded   int64 // when the load began, in microseconds since 1970
	Expires  int64 // when the record expires, in microseconds since 1970
	Absent   bool  // the listing does not exist
	Count    int64
	Listings []property.Property
}

// Reasons why an entry is not used.
var (
	errMalformed = errors.New("the cached record is malformed")
	errExpired   = errors.New("the cached record has expired")
)

// decodeRecord decodes a record of the epoch that has not expired.
func decodeRecord(payload []byte, epoch string, now time.Time) (*record, error) {
	r := &record{Epoch: epoch}
	d := decoder{rest: string(payload)} // the only copy: all texts of the record share it
	r.decode(&d)
	switch {
	case d.bad || d.rest != "":
		return nil, errMalformed
	case now.UnixMicro() >= r.Expires:
		return nil, errExpired
	}
	return r, nil
}

func (r *record) point() freshness.Point {
	return freshness.Point{Epoch: r.Epoch, Snapshot: freshness.Snapshot{Xmin: r.Xmin, Xmax: r.Xmax, InFlight: r.InFlight}}
}

func (r *record) setPoint(p freshness.Point) {
	r.Epoch, r.Xmin, r.Xmax, r.InFlight = p.Epoch, p.Snapshot.Xmin, p.Snapshot.Xmax, p.Snapshot.InFlight
}

func (r *record) position() freshness.Position { return freshness.Position(r.Position) }

func (r *record) page() *property.Page { return &property.Page{Properties: r.Listings} }

func (r *record) setPage(page *property.Page) { r.Listings = page.Properties }

func (r *record) setItem(p *property.Property) {
	r.Absent, r.Listings = p == nil, nil
	if p != nil {
		r.Listings = []property.Property{*p}
	}
}
