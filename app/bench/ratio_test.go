package bench

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// BenchmarkHitRatio counts how many reads need no query, in four caches without a bound on their size, on the same
// sequence. One operation in ten is a write. The rest are reads, chosen by Zipf's law (s = 1.1) among 10,000 searches,
// and among 20,000 listings for one read in seven; one in twelve is a count. Writes are edits of prices (45 %), of the
// status (25 %), of the text (10 %), new listings and deletions (10 % each), of listings chosen by the same law. The
// caches are:
//
//   - gable: the decorator, the memory cache and the ledger, which receives each write as from the bus. A patched
//     answer counts as a hit, since nothing is queried;
//   - oracle: a perfect cache of finished answers, which knows exactly which answers a write has changed. It queries
//     when the question was never asked before, or when the true answer (ids and versions of its listings, or the
//     count) is not the one it served last;
//   - drop-lists: every write deletes all pages and counts, and the item written;
//   - tags: a write deletes the item written, and every page and count whose filters on kind, offer, status and
//     currency let its state before or after through.
//
// Every answer of gable is compared with the truth; one that differs fails the benchmark. Beside the four ratios it
// reports gable's as a share of the oracle's, in all and for each sort of read. It also reports the share of reads
// (and of pages and of counts) that only gable (needless) or only the oracle (saved) needed a query for.
//
//	go test ./app/bench -run '^$' -bench HitRatio -benchtime 200000x
func BenchmarkHitRatio(b *testing.B) {
	if testing.Short() {
		b.Skip("takes minutes")
	}
	m := newMarket(b, 20_000)
	questions := m.questions(10_000)
	ledger := freshness.NewLedger(16_384, 1<<30, 24*time.Hour)
	ledger.Confirm(time.Now())
	m.publish = func(c property.Change) { ledger.Append(c) }
	cache := memory.NewCache(4 << 30)
	b.Cleanup(func() { _ = cache.Close() })
	gable := cached.New(m, cache, ledger, new(cachestat.Counters),
		cached.Options{TTL: time.Hour, LoadTimeout: time.Minute})
	rank := rand.NewZipf(m.random, 1.1, 1, uint64(len(questions)-1))
	var all, pages, counts, items queryTally
	for b.Loop() {
		if m.random.IntN(10) == 0 {
			m.write()
			continue
		}
		q := questions[rank.Uint64()]
		var queried [len(contenders)]bool
		sort := &pages
		switch n := m.random.IntN(84); {
		case n < 12:
			queried, sort = m.item(gable), &items
		case n < 19:
			queried, sort = m.count(gable, q), &counts
		default:
			queried = m.page(gable, q)
		}
		all.add(queried)
		sort.add(queried)
	}
	for i, name := range contenders {
		b.ReportMetric(all.ratio(i), name)
	}
	for name, t := range map[string]*queryTally{"": &all, "-pages": &pages, "-counts": &counts, "-items": &items} {
		b.ReportMetric(t.ratio(0)/t.ratio(1), "gable-of-oracle"+name)
	}
	b.ReportMetric(all.only(0, 1), "needless")
	b.ReportMetric(pages.only(0, 1), "needless-pages")
	b.ReportMetric(counts.only(0, 1), "needless-counts")
	b.ReportMetric(all.only(1, 0), "saved")
	b.ReportMetric(0, "ns/op")
}

var contenders = [...]string{"gable", "oracle", "drop-lists", "tags"}

// queryTally counts how often each combination of the contenders queried.
type queryTally struct {
	reads   int
	queries map[[len(contenders)]bool]int
}

func (t *queryTally) add(queried [len(contenders)]bool) {
	if t.queries == nil {
		t.queries = map[[len(contenders)]bool]int{}
	}
	t.reads++
	t.queries[queried]++
}

func (t *queryTally) share(which func([len(contenders)]bool) bool) float64 {
	n := 0
	for queried, times := range t.queries {
		if which(queried) {
			n += times
		}
	}
	return float64(n) / float64(max(1, t.reads))
}

// ratio returns the share of reads for which a contender did not query.
func (t *queryTally) ratio(contender int) float64 {
	return t.share(func(queried [len(contenders)]bool) bool { return !queried[contender] })
}

// only returns the share of reads for which one queried and another did not.
func (t *queryTally) only(one, another int) float64 {
	return t.share(func(queried [len(contenders)]bool) bool { return queried[one] && !queried[another] })
}

// asksStore reports whether gable's cache queried the store.
func asksStore(info ports.ReadInfo) bool {
	return info.Outcome != cachestat.OutcomeHit && info.Outcome != cachestat.OutcomePatched
}

// page asks every contender for a page, and returns which ones queried.
func (m *market) page(gable ports.PropertyRepository, s *property.Search) (queried [len(contenders)]bool) {
	truth := m.standing("page:"+s.String(), s)
	page, info, err := gable.Search(m.b.Context(), s)
	shown := truth.shown()
	if err != nil || !slices.EqualFunc(page.Properties, shown, func(p property.Property, row standingRow) bool {
		return p.ID == row.place.ID && p.Version == row.version
	}) {
		m.b.Fatalf("search %s: gable's answer is not the true one (%v)", s, err)
	}
	return m.rivals(truth, asksStore(info), slices.Equal(truth.served, shown))
}

// count asks every contender how many listings match, and returns which ones queried.
func (m *market) count(gable ports.PropertyRepository, s *property.Search) (queried [len(contenders)]bool) {
	truth := m.standing("count:"+s.Filter.String(), &property.Search{Filter: s.Filter, Sort: property.DefaultSort})
	n, info, err := gable.Count(m.b.Context(), &s.Filter)
	if err != nil || n != int64(len(truth.rows)) {
		m.b.Fatalf("count %s: %d, not %d (%v)", s.Filter.String(), n, len(truth.rows), err)
	}
	return m.rivals(truth, asksStore(info), truth.counted == len(truth.rows))
}

// rivals returns which contenders queried for a page or a count, and records what each caches now.
func (m *market) rivals(truth *standing, gable, unchanged bool) [len(contenders)]bool {
	queried := [...]bool{gable, !truth.asked || !unchanged, !truth.asked || truth.writes != m.writes, !truth.tagged}
	truth.asked, truth.tagged, truth.writes = true, true, m.writes
	truth.served, truth.counted = slices.Clone(truth.shown()), len(truth.rows)
	return queried
}

// item asks every contender for a listing, and returns which ones queried. All but gable cache it until it is written.
func (m *market) item(gable ports.PropertyRepository) [len(contenders)]bool {
	id := m.popular()
	p, info, err := gable.Find(m.b.Context(), id)
	truth, _, trueErr := m.Find(m.b.Context(), id)
	if errors.Is(err, property.ErrNotFound) != errors.Is(trueErr, property.ErrNotFound) || p.Version != truth.Version {
		m.b.Fatalf("listing %s: version %d (%v), not %d (%v)", id, p.Version, err, truth.Version, trueErr)
	}
	served, asked := m.items[id]
	m.items[id] = truth.Version
	stale := !asked || served != truth.Version
	return [...]bool{asksStore(info), stale, stale, stale}
}
