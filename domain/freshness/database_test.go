package freshness_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// database is a toy store for random histories. It has a few listings, transactions that lock the listings they
// write and end in any order, and a log of committed changes. It decides matches by itself, not through the filter
// under test.
type database struct {
	random  *rand.Rand
	large   bool // some listings are
	clock   int64
	nextTx  uint64
	crashes int                                // so far; transaction numbers hold between two of them
	rows    map[property.ID]*property.Property // as committed
	history map[property.ID][]*property.Property
	lastTx  map[property.ID]uint64 // the last one that changed the listing
	last    map[property.ID]int64  // the version after the last change to the listing
	locked  map[property.ID]bool
	open    []*transaction
	log     []committed // in the order of commits
}

// committed is a change as the feed delivers it, with the moments that a process knows once it has the change.
type committed struct {
	change  property.Change
	moments map[property.ID]int64 // of one listing; after a reset, of all that it may have changed
}

// outside is the writer of changes from outside the program.
const outside = -1

// transaction is one that has not ended.
type transaction struct {
	id      uint64
	writer  int // the process that waits for the commit, or outside
	changes []property.Change
	moments []int64 // of the listings changed, once it is committed
}

const listings = 9 // ids in play; some of them exist at the beginning

func newDatabase(random *rand.Rand) *database {
	d := &database{
		random: random, large: random.IntN(3) == 0, nextTx: 1, rows: map[property.ID]*property.Property{},
		history: map[property.ID][]*property.Property{}, lastTx: map[property.ID]uint64{}, last: map[property.ID]int64{},
		locked: map[property.ID]bool{},
	}
	for n := range listings {
		id := idOf(n)
		d.history[id] = []*property.Property{nil} // moment 0: not yet made
		if random.IntN(4) > 0 {
			d.commitOne(property.Inserted(d.newTx(), d.state(id, nil, outside)))
		}
	}
	return d
}

// crash rolls back the open transactions, and forgets transaction numbers that no committed change has.
func (d *database) crash() {
	d.crashes++
	d.open = nil
	clear(d.locked)
	d.nextTx = 1
	for _, c := range d.log {
		d.nextTx = max(d.nextTx, c.change.Tx+1)
	}
}

func (d *database) epoch() string { return strconv.Itoa(d.crashes) }

// point is the feed point of the present state.
func (d *database) point() freshness.Point {
	return freshness.Point{Epoch: d.epoch(), Snapshot: d.snapshot()}
}

func (d *database) newTx() uint64 {
	d.nextTx++
	return d.nextTx - 1
}

// snapshot is the snapshot of the present state.
func (d *database) snapshot() freshness.Snapshot {
	s := freshness.Snapshot{Xmin: d.nextTx, Xmax: d.nextTx}
	for _, t := range d.open {
		s.InFlight = append(s.InFlight, t.id)
	}
	if slices.Sort(s.InFlight); len(s.InFlight) > 0 {
		s.Xmin = s.InFlight[0]
	}
	return s
}

// moment is the number of changes of the listing so far. The version is usually the same, but starts again with
// some inserts.
func (d *database) moment(id property.ID) int64 { return int64(len(d.history[id]) - 1) }

// momentOf is the moment of the state: every state has it in its title.
func momentOf(p *property.Property) int64 {
	moment, err := strconv.ParseInt(p.Title, 10, 64)
	if err != nil {
		panic(err)
	}
	return moment
}

// descriptions make some listings so heavy that two or three fill a page.
var descriptions = [...]string{
	"", "", strings.Repeat("s", property.PageBytes*2/5), strings.Repeat("l", property.PageBytes*7/10),
}

// state is a listing's next state: a random one, or the previous one with some fields changed.
func (d *database) state(id property.ID, was *property.Property, writer int) property.Property {
	d.clock++
	now := time.UnixMicro(d.clock).UTC()
	p := property.Property{ID: id, CreatedAt: now}
	if was != nil {
		p = *was
	}
	p.Version, p.UpdatedAt = d.last[id]+1, now
	p.Title = strconv.FormatInt(d.moment(id)+1, 10)
	if was == nil && writer == outside && d.random.IntN(3) == 0 {
		p.Version = 1 // the writer's snapshot is older than this id's past; the program itself inserts new ids only
	}
	if was == nil || d.random.IntN(2) == 0 {
		p.Kind = [...]property.Kind{property.KindHouse, property.KindLand}[d.random.IntN(2)]
		p.Location = [...]string{"Zürich", "ZÜRICH", "Zurich"}[d.random.IntN(3)]
	}
	if was == nil || d.random.IntN(3) > 0 {
		p.Price = property.Decimal(1 + d.random.IntN(9))
		p.AreaM2 = property.Optional[property.Decimal]{Value: p.Price % 4, Valid: p.Price%4 > 0}
	}
	if d.large && d.random.IntN(3) == 0 {
		p.Description = descriptions[d.random.IntN(len(descriptions))]
	}
	return p
}

// begin opens a transaction that writes one to three listings that are not locked.
func (d *database) begin(writer int) {
	t := &transaction{id: d.newTx(), writer: writer}
	for range 1 + d.random.IntN(3) {
		id := idOf(d.random.IntN(listings))
		if d.locked[id] {
			continue
		}
		d.locked[id] = true
		t.changes = append(t.changes, d.change(t.id, id, writer))
	}
	d.open = append(d.open, t)
}

func (d *database) change(tx uint64, id property.ID, writer int) property.Change {
	was := d.rows[id]
	if was == nil {
		c := property.Inserted(tx, d.state(id, nil, writer))
		c.Epoch = d.epoch()
		return c
	}
	c := property.Updated(tx, *was, d.state(id, was, writer))
	if d.random.IntN(4) == 0 {
		c = property.Deleted(tx, *was, time.UnixMicro(d.clock).UTC())
	}
	c.BeforeTx, c.Epoch = d.lastTx[id], d.epoch()
	return c
}

// end commits or rolls back one of the open transactions, and returns it if it committed.
func (d *database) end() *transaction {
	if len(d.open) == 0 {
		return nil
	}
	at := d.random.IntN(len(d.open))
	t := d.open[at]
	d.open = slices.Delete(d.open, at, at+1)
	for _, c := range t.changes {
		delete(d.locked, c.ID)
	}
	if d.random.IntN(6) == 0 {
		return nil
	}
	for _, c := range t.changes {
		d.commitOne(c)
		t.moments = append(t.moments, d.moment(c.ID))
	}
	return t
}

// commitOne stores a change and logs it.
func (d *database) commitOne(c property.Change) {
	d.store(c)
	d.log = append(d.log, committed{c, map[property.ID]int64{c.ID: d.moment(c.ID)}})
}

func (d *database) store(c property.Change) {
	d.history[c.ID] = append(d.history[c.ID], c.After)
	d.rows[c.ID], d.lastTx[c.ID], d.last[c.ID] = c.After, c.Tx, c.Version
	if c.After == nil {
		delete(d.rows, c.ID)
	}
}

// bulk changes every listing that is not locked, and logs only a reset.
func (d *database) bulk() {
	reset := committed{property.Change{Tx: d.newTx(), Op: property.OpReset}, map[property.ID]int64{}}
	for n := range listings {
		if id := idOf(n); !d.locked[id] {
			c := d.change(reset.change.Tx, id, outside)
			d.store(c)
			reset.moments[id] = d.moment(id)
		}
	}
	d.log = append(d.log, reset)
}

// matches decides whether this database lets the listing through; letters fold by Unicode.
func matches(f *property.Filter, p *property.Property) bool {
	return p != nil &&
		(len(f.Kinds) == 0 || slices.Contains(f.Kinds, p.Kind)) &&
		(!f.Price.Min.Valid || p.Price >= f.Price.Min.Value) && (!f.Price.Max.Valid || p.Price <= f.Price.Max.Value) &&
		(!f.AreaM2.Min.Valid || p.AreaM2.Valid && p.AreaM2.Value >= f.AreaM2.Min.Value) &&
		(!f.UpdatedAfter.Valid || p.UpdatedAt.After(f.UpdatedAfter.Value)) &&
		property.ContainsFold(p.Location, f.Location)
}

// belongs reports whether the listing may be on a page of the search: it matches and lies behind the cursor.
func belongs(s *property.Search, p *property.Property) bool {
	return matches(&s.Filter, p) && (!s.After.Valid || s.Sort.Compare(s.Sort.PositionOf(p), s.After.Value) > 0)
}

func (d *database) search(s *property.Search) *property.Page {
	page := &property.Page{}
	for _, p := range d.rows {
		if belongs(s, p) {
			page.Properties = append(page.Properties, *p)
		}
	}
	slices.SortFunc(page.Properties, func(a, b property.Property) int {
		return s.Sort.Compare(s.Sort.PositionOf(&a), s.Sort.PositionOf(&b))
	})
	for n, weight := 0, 0; n < len(page.Properties); n++ {
		if n == s.Limit || weight >= property.PageBytes {
			page.Properties = page.Properties[:n]
		} else {
			weight += page.Properties[n].Weight()
		}
	}
	return page
}

func (d *database) count(f *property.Filter) (n int64) {
	for _, p := range d.rows {
		if matches(f, p) {
			n++
		}
	}
	return n
}

// randomSearch asks for some listings in some order, from the beginning or from somewhere within.
func (d *database) randomSearch() *property.Search {
	s := &property.Search{
		Sort: property.Sort{
			Key:        property.SortKeys()[d.random.IntN(len(property.SortKeys()))],
			Descending: d.random.IntN(2) == 0,
		},
		Limit: 1 + d.random.IntN(4),
	}
	if d.random.IntN(2) == 0 {
		s.Filter.Kinds = []property.Kind{property.KindHouse}
	}
	if d.random.IntN(2) == 0 {
		s.Filter.Price.Min = property.Some(property.Decimal(1 + d.random.IntN(4)))
		s.Filter.Price.Max = property.Some(property.Decimal(4 + d.random.IntN(5)))
	}
	switch d.random.IntN(6) {
	case 0:
		s.Filter.Location = "zü"
	case 1:
		s.Filter.AreaM2.Min = property.Some(property.Decimal(2))
	case 2:
		s.Filter.UpdatedAfter = property.Some(time.UnixMicro(d.clock + 5).UTC())
	}
	if p := d.rows[idOf(d.random.IntN(listings))]; p != nil && d.random.IntN(2) == 0 {
		s.After = property.Some(s.Sort.PositionOf(p))
	}
	return s
}
