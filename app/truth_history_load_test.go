//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gable-listings/gable/domain/freshness"
)

// Prices decide which of the searches a listing is on.
const (
	historyListings = 48
	historyRemoved  = 4 // of them, the last ones are removed and come back
	historyBands    = 8
	bandWidth       = 100
)

// history is a cluster under load and all that is known about what it ought to say.
type history struct {
	*cluster
	*chronicle
	start time.Time
	ids   []string
	index map[string]int
	own   [][]atomic.Int64 // by process and listing: the newest version acknowledged
	told  [][]atomic.Int64 // by process and listing: the newest version shown to a writer who changed nothing
	*tally
}

func newHistory(c *cluster) *history {
	h := &history{cluster: c, chronicle: newChronicle(historyListings), start: time.Now(), index: map[string]int{}, tally: newTally()}
	for range c.nodes {
		h.own = append(h.own, make([]atomic.Int64, historyListings))
		h.told = append(h.told, make([]atomic.Int64, historyListings))
	}
	for i := range historyListings {
		w := c.nodes[0].create("listing", i)
		h.ids = append(h.ids, w.ID)
		h.index[w.ID] = i
		h.object(h.listings[i].learn(1, i, 0, h.now()))
	}
	return h
}

func (h *history) now() moment { return time.Since(h.start) }

func (h *history) object(err error) {
	if err != nil {
		h.complain(err.Error())
	}
}

// learn notes what a writer was told.
func (h *history) learn(listing, version, price, group int) {
	h.object(h.listings[listing].learn(version, price, group, h.now()))
}

// question is one read: its target and what it is about.
type historyQuestion struct {
	target    string
	item      int
	low, high int
}

func (h *history) anyQuestion(r *rand.Rand) historyQuestion {
	n := r.IntN(10)
	if n < 6 {
		i := r.IntN(historyListings)
		return historyQuestion{target: itemPath(h.ids[i]), item: i}
	}
	low := r.IntN(historyBands) * bandWidth
	high := low + bandWidth - 1 + r.IntN(2)*bandWidth
	target := fmt.Sprintf("/v1/properties?min_price=%d&max_price=%d&limit=500", low, high)
	switch n {
	case 6:
		target += "&sort=price"
	case 7:
		target += "&fields=price,version&sort=-updated_at"
	case 8:
		target += "&count=exact&fields=price,version"
	}
	return historyQuestion{target: target, item: -1, low: low, high: high}
}

// observe makes an observation of an answer; false when the answer tells nothing.
func (h *history) observe(o *observation, q historyQuestion, a wireAnswer) bool {
	o.ended = h.now()
	o.item, o.low, o.high, o.status, o.count = q.item, q.low, q.high, a.status, -1
	o.stale, o.age, o.level = a.stale, a.age, a.level
	if a.status != http.StatusOK && (a.status != http.StatusNotFound || q.item < 0) {
		h.unanswered(a.status)
		return false
	}
	o.shown = o.shown[:0]
	if a.status == http.StatusOK {
		o.shown = appendSights(o.shown, a.body, h.index)
		if q.item < 0 {
			o.count = countIn(a.body)
		}
	}
	for _, wrong := range h.judge(o) {
		h.complain(wrong)
	}
	h.checked(o)
	for _, s := range o.shown {
		if o.kind == defaultRead && !o.stale {
			h.aged(o.level, h.listings[s.listing].behind(s.version, o.began))
		}
	}
	return true
}

// readByDefault asks one process, several things at a time, until the context ends.
func (h *history) readByDefault(ctx context.Context, process int, r *rand.Rand) {
	const together = 32
	w := &wire{node: h.nodes[process]}
	defer w.close()
	questions := make([]historyQuestion, together)
	o := observation{
		kind: defaultRead, process: w.node.name,
		least: make([]int, historyListings), told: make([]int, historyListings),
	}
	for ctx.Err() == nil {
		for i := range questions {
			questions[i] = h.anyQuestion(r)
			w.request(http.MethodGet, questions[i].target, "")
		}
		for i := range o.least {
			o.least[i] = int(h.own[process][i].Load())
			o.told[i] = int(h.told[process][i].Load())
		}
		o.began = h.now()
		err, told := w.send(), true
		for i := 0; i < together && err == nil; i++ {
			var a wireAnswer
			if a, err = w.receive(); err == nil {
				told = h.observe(&o, questions[i], a) && told
			}
		}
		h.lost(ctx, w, err)
		if !told {
			breathe(ctx)
		}
	}
}

// lost begins anew after a connection has failed.
func (h *history) lost(ctx context.Context, w *wire, err error) {
	if err == nil {
		return
	}
	w.close()
	h.unanswered(0)
	breathe(ctx)
}

// breathe leaves what is hurt a moment.
func breathe(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(5 * time.Millisecond):
	}
}

// readLinearizably asks any process for the present, until the context ends.
func (h *history) readLinearizably(ctx context.Context, r *rand.Rand) {
	wires := h.wires()
	o := observation{kind: linearizableRead}
	for ctx.Err() == nil {
		w := wires[r.IntN(len(wires))]
		q := h.anyQuestion(r)
		o.process = w.node.name
		w.request(http.MethodGet, q.target, "", "Cache-Control", "no-cache")
		o.began = h.now()
		a, err := w.exchange()
		if err == nil {
			h.observe(&o, q, a)
		}
		h.lost(ctx, w, err)
	}
}

func (h *history) wires() []*wire {
	var wires []*wire
	for _, n := range h.nodes {
		wires = append(wires, &wire{node: n})
	}
	return wires
}

func (w *wire) exchange() (wireAnswer, error) {
	if err := w.send(); err != nil {
		return wireAnswer{}, err
	}
	return w.receive()
}

// readInSessions reads, and now and then writes, through one process after the other with what the last answer gave it.
func (h *history) readInSessions(ctx context.Context, r *rand.Rand) {
	const length = 300
	wires := h.wires()
	for ctx.Err() == nil {
		token := "*"
		o := observation{kind: sessionRead, least: make([]int, historyListings)}
		for range length {
			if ctx.Err() != nil {
				break
			}
			process := r.IntN(len(wires))
			w := wires[process]
			o.process = w.node.name
			if r.IntN(40) == 0 {
				h.writeInSession(process, w, r, &token, &o)
				continue
			}
			q := h.anyQuestion(r)
			w.request(http.MethodGet, q.target, "", tokenHeader, token)
			o.began = h.now()
			a, err := w.exchange()
			h.lost(ctx, w, err)
			if err != nil || !h.observe(&o, q, a) {
				continue
			}
			if a.token == "" { // the reader goes on with the last one it was given
				o.tokenless++
			} else {
				token = a.token
			}
			h.see(&o)
		}
	}
}

// see raises what the session must be shown from now on: what it has seen, and what came into being together with that.
func (h *history) see(o *observation) {
	for _, s := range o.shown {
		o.least[s.listing] = max(o.least[s.listing], s.version)
		group, _ := h.listings[s.listing].known(s.version, s.price)
		for _, m := range h.membersOf(group) {
			o.least[m.listing] = max(o.least[m.listing], m.version)
		}
	}
}

func (h *history) writeInSession(process int, w *wire, r *rand.Rand, token *string, o *observation) {
	listing := r.IntN(historyListings)
	version, given := h.write(process, w, listing, r.IntN(historyBands*bandWidth), tokenHeader, *token)
	if version == 0 {
		return
	}
	if given == "" {
		h.complain(fmt.Sprintf("a write of listing %d through process %s was acknowledged without a token", listing, w.node.name))
		return
	}
	o.least[listing] = max(o.least[listing], version)
	*token = given
}

// write changes a listing's price through a process, and returns the version that was acknowledged, 0 if none was.
func (h *history) write(process int, w *wire, listing, price int, headers ...string) (version int, token string) {
	b := &h.listings[listing]
	b.begin()
	w.request(http.MethodPatch, itemPath(h.ids[listing]), fmt.Sprintf(`{"price":%d}`, price), headers...)
	a, err := w.exchange()
	switch {
	case err != nil:
		w.close()
		h.unanswered(0)
	case a.status == http.StatusOK:
		for _, s := range appendSights(nil, a.body, h.index) {
			h.learn(s.listing, s.version, s.price, 0)
			if changedNothing(a.token) {
				raise(&h.told[process][s.listing], s.version)
			} else {
				raise(&h.own[process][s.listing], s.version)
			}
			version, token = s.version, a.token
		}
		h.wrote()
	case a.status != http.StatusNotFound:
		h.unanswered(a.status)
	}
	b.end(h.now(), err == nil && (a.status == http.StatusOK || a.status == http.StatusNotFound))
	return version, token
}

// changedNothing goes by the token, which names the transaction of a write unless the process could not say.
func changedNothing(text string) bool {
	token, err := freshness.ParseToken(text)
	return err == nil && len(token.Wrote) == 0
}

func raise(v *atomic.Int64, to int) {
	for {
		old := v.Load()
		if old >= int64(to) || v.CompareAndSwap(old, int64(to)) {
			return
		}
	}
}

// writeOverHTTP changes one listing after the other, at a rate that lets kept answers live a while.
func (h *history) writeOverHTTP(ctx context.Context, process int, r *rand.Rand) {
	w := &wire{node: h.nodes[process]}
	defer w.close()
	pace := time.NewTicker(60 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
			h.write(process, w, r.IntN(historyListings), r.IntN(historyBands*bandWidth))
		}
	}
}

// writeBySQL changes listings beside the program: several at once, by a statement that is told as a reset, by one that is
// rolled back; it removes listings and brings them back.
func (h *history) writeBySQL(ctx context.Context, r *rand.Rand) {
	pace := time.NewTicker(80 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		limited, cancel := context.WithTimeout(ctx, wirePatience)
		switch n := r.IntN(10); {
		case n < 6:
			h.changeTogether(limited, r, n == 0)
		case n < 9:
			h.removeOrReturn(limited, historyListings-1-r.IntN(historyRemoved), r.IntN(historyBands*bandWidth))
		default:
			h.rollBack(limited, r)
		}
		cancel()
	}
}

func (h *history) changeTogether(ctx context.Context, r *rand.Rand, asReset bool) {
	chosen := r.Perm(historyListings)[:2+r.IntN(5)]
	price := r.IntN(historyBands * bandWidth)
	var ids []string
	for _, i := range chosen {
		ids = append(ids, h.ids[i])
		h.listings[i].begin()
	}
	var members []member
	err := pgx.BeginFunc(ctx, h.sql, func(tx pgx.Tx) error {
		if asReset {
			if _, err := tx.Exec(ctx, "SET LOCAL gable.reset_rows = 0"); err != nil {
				return err
			}
		}
		// Rows are locked in one order, so that two writers never wait for each other.
		rows, err := tx.Query(ctx, `WITH locked AS (SELECT id FROM properties WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE)
			UPDATE properties p SET price = $2 FROM locked WHERE p.id = locked.id RETURNING p.id::text, p.version`, ids, price)
		if err != nil {
			return err
		}
		members, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (member, error) {
			var id string
			var version int
			err := row.Scan(&id, &version)
			return member{h.index[id], version}, err
		})
		return err
	})
	if err == nil {
		group := h.together(members)
		for _, m := range members {
			h.learn(m.listing, m.version, price, group)
		}
		h.wrote()
	}
	for _, i := range chosen {
		h.listings[i].end(h.now(), err == nil)
	}
}

// removeOrReturn removes a listing that is there and brings back one that is not.
func (h *history) removeOrReturn(ctx context.Context, listing, price int) {
	b := &h.listings[listing]
	b.begin()
	var version int
	err := h.sql.QueryRow(ctx, "DELETE FROM properties WHERE id = $1 RETURNING version", h.ids[listing]).Scan(&version)
	if err == nil {
		h.learn(listing, version+1, absentPrice, 0)
	} else if errors.Is(err, pgx.ErrNoRows) {
		err = h.sql.QueryRow(ctx, `INSERT INTO properties (id, title, price, location) VALUES ($1, 'listing', $2, 'Here')
			RETURNING version`, h.ids[listing], price).Scan(&version)
		if err == nil {
			h.learn(listing, version, price, 0)
		}
	}
	if err == nil {
		h.wrote()
	}
	b.end(h.now(), err == nil)
}

func (h *history) rollBack(ctx context.Context, r *rand.Rand) {
	tx, err := h.sql.Begin(ctx)
	if err != nil {
		return
	}
	_, _ = tx.Exec(ctx, "UPDATE properties SET price = $2 WHERE id = $1", h.ids[r.IntN(historyListings)], forbiddenPrice)
	_ = tx.Rollback(ctx)
}

// crowd is everybody who reads and writes.
func (h *history) crowd(ctx context.Context, seed uint64) *sync.WaitGroup {
	var all sync.WaitGroup
	workers := uint64(0)
	add := func(work func(r *rand.Rand)) {
		workers++
		r := rand.New(rand.NewPCG(seed, workers))
		all.Go(func() { work(r) })
	}
	for process := range h.nodes {
		for range 3 {
			add(func(r *rand.Rand) { h.readByDefault(ctx, process, r) })
		}
		add(func(r *rand.Rand) { h.writeOverHTTP(ctx, process, r) })
	}
	for range 2 {
		add(func(r *rand.Rand) { h.readInSessions(ctx, r) })
		add(func(r *rand.Rand) { h.readLinearizably(ctx, r) })
	}
	add(func(r *rand.Rand) { h.writeBySQL(ctx, r) })
	add(func(r *rand.Rand) { h.keepRegisters(ctx, r) })
	return &all
}
