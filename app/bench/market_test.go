package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/listinggen"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// market is generated listings that change, with the true answer to every question asked so far. It updates the true
// answers write by write, so that it is a repository that answers at once however many listings it has. It decides
// without the ledger or windows.
type market struct {
	*memory.PropertyRepository
	b         *testing.B
	random    *rand.Rand
	generator *listinggen.Generator
	clock     time.Time
	made      uint64
	ids       []property.ID // by popularity; those of removed listings, too
	rank      *rand.Zipf    // among the ids
	rows      map[property.ID]*property.Property
	standings map[string]*standing
	items     map[property.ID]int64 // version served last by id; 0: absent
	writes    int
	publish   func(property.Change)
}

// standing is the true answer to a question: the listings that match and lie behind the cursor, in order.
type standing struct {
	search property.Search
	rows   []standingRow

	// What the contenders cache.
	asked   bool
	served  []standingRow // the page served last
	counted int           // the count served last
	writes  int           // before the page or count was cached
	tagged  bool          // no write with its tags since
}

type standingRow struct {
	place   property.SortPosition
	version int64
}

// shown is the page: the first rows, as many as the search allows.
func (s *standing) shown() []standingRow { return s.rows[:min(s.search.Limit, len(s.rows))] }

func newMarket(b *testing.B, size int) *market {
	generator, err := listinggen.New(1)
	if err != nil {
		b.Fatal(err)
	}
	m := &market{
		b: b, random: rand.New(rand.NewPCG(1, 1)), generator: generator, clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		rows: map[property.ID]*property.Property{}, standings: map[string]*standing{}, items: map[property.ID]int64{},
		publish: func(property.Change) {},
	}
	m.PropertyRepository = memory.NewPropertyRepository(func() time.Time { return m.clock })
	for range size {
		m.insert()
	}
	m.random.Shuffle(size, func(i, j int) { m.ids[i], m.ids[j] = m.ids[j], m.ids[i] })
	m.rank = rand.NewZipf(m.random, 1.1, 1, uint64(size-1))
	return m
}

// popular returns the id of a listing, the more likely the more popular it is; it may have been deleted.
func (m *market) popular() property.ID { return m.ids[m.rank.Uint64()] }

// write changes one listing. New listings take the places of removed ones among the popular.
func (m *market) write() {
	at := m.rank.Uint64()
	p, _, err := m.Find(m.b.Context(), m.ids[at])
	if err != nil {
		m.insert()
		m.ids[at], m.ids = m.ids[len(m.ids)-1], m.ids[:len(m.ids)-1]
		return
	}
	switch chance := m.random.IntN(100); {
	case chance < 45:
		p.Price = property.Decimal(float64(p.Price)*(0.88+0.17*m.random.Float64())) / 1000 * 1000
	case chance < 70:
		all := property.Statuses()
		p.Status = all[m.random.IntN(len(all))]
	case chance < 80:
		p.Description = fmt.Sprintf("Viewings on request. %d have been.", m.writes)
	case chance < 90:
		m.insert()
		return
	default:
		m.apply(m.Delete(m.b.Context(), p.ID, 0))
		return
	}
	m.apply(m.Update(m.b.Context(), p))
}

func (m *market) insert() {
	m.clock = m.clock.Add(time.Minute)
	m.made++
	id := property.ID{6: 0x70, 8: 0x80}
	binary.BigEndian.PutUint32(id[:], uint32(m.made))
	p, err := property.New(id, m.generator.Next(), m.clock)
	if err != nil {
		m.b.Fatal(err)
	}
	created, err := m.Create(m.b.Context(), p, nil)
	m.ids = append(m.ids, id)
	m.apply(created.Change, err)
}

// apply updates the true answers with a write and publishes it.
func (m *market) apply(c property.Change, err error) {
	if err != nil {
		m.b.Fatal(err)
	}
	m.clock = m.clock.Add(time.Second)
	m.writes++
	if m.rows[c.ID] = c.After; c.After == nil {
		delete(m.rows, c.ID)
	}
	for _, s := range m.standings {
		if c.Before != nil {
			s.lose(c.Before)
		}
		if c.After != nil {
			s.gain(c.After)
		}
	}
	m.publish(c)
}

func (s *standing) lose(p *property.Property) {
	s.tagged = s.tagged && !hasTags(&s.search.Filter, p)
	if at, found := s.find(p); found {
		s.rows = slices.Delete(s.rows, at, at+1)
	}
}

func (s *standing) gain(p *property.Property) {
	s.tagged = s.tagged && !hasTags(&s.search.Filter, p)
	if s.admits(p) {
		at, _ := s.find(p)
		s.rows = slices.Insert(s.rows, at, standingRow{s.search.Sort.PositionOf(p), p.Version})
	}
}

func (s *standing) find(p *property.Property) (int, bool) {
	return slices.BinarySearchFunc(s.rows, s.search.Sort.PositionOf(p),
		func(row standingRow, at property.SortPosition) int {
			return s.search.Sort.Compare(row.place, at)
		})
}

// admits reports whether the listing matches and lies behind the cursor. It decides what the filter leaves open as the
// memory repository does.
func (s *standing) admits(p *property.Property) bool {
	if s.search.After.Valid && s.search.Sort.Compare(s.search.Sort.PositionOf(p), s.search.After.Value) <= 0 {
		return false
	}
	f := &s.search.Filter
	if match := f.Matches(p); match != property.Maybe {
		return match == property.Yes
	}
	circle, near := f.Near.Get()
	return f.MatchesFold(p) &&
		(!near || property.DistanceKM(circle.Center, p.Coordinates.Value) <= circle.RadiusKM)
}

// hasTags reports whether the listing agrees with all choices of the filter.
func hasTags(f *property.Filter, p *property.Property) bool {
	return (len(f.Kinds) == 0 || slices.Contains(f.Kinds, p.Kind)) &&
		(len(f.Offers) == 0 || slices.Contains(f.Offers, p.Offer)) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, p.Status)) &&
		(len(f.Currencies) == 0 || slices.Contains(f.Currencies, p.Currency))
}

// standing returns the true answer to a question, which it computes the first time.
func (m *market) standing(key string, search *property.Search) *standing {
	s, known := m.standings[key]
	if !known {
		s = m.workOut(search)
		m.standings[key] = s
	}
	return s
}

func (m *market) workOut(search *property.Search) *standing {
	s := &standing{search: *search}
	for _, p := range m.rows {
		if s.admits(p) {
			s.rows = append(s.rows, standingRow{s.search.Sort.PositionOf(p), p.Version})
		}
	}
	slices.SortFunc(s.rows, func(a, b standingRow) int { return s.search.Sort.Compare(a.place, b.place) })
	return s
}

// Search answers from the standings, as the memory repository does.
func (m *market) Search(_ context.Context, search *property.Search) (*property.Page, ports.ReadInfo, error) {
	page := &property.Page{}
	for _, row := range m.standing("page:"+search.String(), search).shown() {
		page.Properties = append(page.Properties, *m.rows[row.place.ID])
	}
	return page, ports.ReadInfo{}, nil
}

// Count answers from the standings, as the memory repository does.
func (m *market) Count(_ context.Context, f *property.Filter) (int64, ports.ReadInfo, error) {
	all := &property.Search{Filter: *f, Sort: property.DefaultSort}
	return int64(len(m.standing("count:"+f.String(), all).rows)), ports.ReadInfo{}, nil
}

// questions returns different searches as people make them. They look for what a listing offers at its price, on the
// map, around a place, by name and by words. Every seventh is for a second page where there is one.
func (m *market) questions(count int) []*property.Search {
	seen := map[string]bool{}
	var all []*property.Search
	for len(all) < count {
		s, err := property.ParseSearch(m.parameters())
		if err != nil {
			m.b.Fatal(err)
		}
		if len(all)%7 == 0 {
			if first := m.workOut(&s).shown(); len(first) == s.Limit {
				s.After = property.Some(first[len(first)-1].place)
			}
		}
		if text := s.String(); !seen[text] {
			seen[text] = true
			all = append(all, &s)
		}
	}
	return all
}

// parameters returns the parameters of a search that might be made to find one of the listings.
func (m *market) parameters() map[string][]string {
	p := m.rows[m.ids[m.random.IntN(len(m.ids))]]
	at, reach := p.Coordinates.Value, 0.05+0.5*m.random.Float64()
	w := map[string][]string{"offer": {string(p.Offer)}, "status": {string(property.StatusActive)}}
	switch chance := m.random.IntN(100); {
	case chance < 55:
		w["kind"], w["currency"] = []string{string(p.Kind)}, []string{string(p.Currency)}
		w["max_price"] = []string{(p.Price / 1000 * 1200).String()}
		if m.random.IntN(2) == 0 && p.Bedrooms.Valid {
			w["min_bedrooms"] = []string{fmt.Sprint(p.Bedrooms.Value)}
		}
	case chance < 75:
		w["bbox"] = []string{fmt.Sprintf("%.3f,%.3f,%.3f,%.3f", max(-180, at.Longitude-reach), max(-90, at.Latitude-reach),
			min(180, at.Longitude+reach), min(90, at.Latitude+reach))}
		w["limit"] = []string{"100"}
	case chance < 85:
		w["near"], w["radius_km"] = []string{fmt.Sprintf("%.3f,%.3f", at.Latitude,
			at.Longitude)}, []string{fmt.Sprintf("%.1f", 80*reach)}
	case chance < 95:
		w["location"] = strings.SplitN(p.Location, ",", 2)[:1]
	default:
		words := strings.Fields(p.Description)
		w["q"], w["currency"] = []string{strings.Join(words[:2], " ")}, []string{string(p.Currency)}
	}
	w["sort"] = []string{[...]string{"-created_at", "-created_at", "-created_at", "price", "price", "-price",
		"-updated_at"}[m.random.IntN(7)]}
	return w
}
