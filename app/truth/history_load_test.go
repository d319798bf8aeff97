//go:build unix

package truth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/domain/freshness"
)

// Prices decide which searches a listing matches.
const (
	historyListings = 48
	historyRemoved  = 4 // the last ones of them are deleted and inserted again
	historyBands    = 8
	bandWidth       = 100
)

// history is a cluster under load, with all that is known about the answers it must give.
type history struct {
	*apptest.Cluster
	*chronicle
	start time.Time
	ids   []string
	index map[string]int
	own   [][]atomic.Int64 // by process and listing: the newest version acknowledged
	// unchanged is by process and listing: the newest version shown to a writer whose write changed nothing.
	unchanged [][]atomic.Int64
	// Writers hold writers for reading, and work that must have the table to itself holds it for writing.
	writers sync.RWMutex
	forger  forger
	*tally
}

func newHistory(c *apptest.Cluster) *history {
	const all = historyListings + historyReborn
	h := &history{
		Cluster: c, chronicle: newChronicle(all), start: time.Now(), index: map[string]int{}, tally: newTally(),
		forger: forger{stolen: map[string]string{}},
	}
	unseen := func() bool { return h.unseen(h.now()) }
	for _, n := range c.Nodes {
		n.Pardons.Store(&unseen)
		h.own = append(h.own, make([]atomic.Int64, all))
		h.unchanged = append(h.unchanged, make([]atomic.Int64, all))
	}
	for i := range all {
		price := i
		if i >= historyListings {
			price = rebornPrice + 1
		}
		w := c.Nodes[0].Create("listing", price)
		h.ids = append(h.ids, w.ID)
		h.index[w.ID] = i
		h.object(h.listings[i].learn(1, price, 0, h.now()))
	}
	return h
}

func (h *history) now() moment { return time.Since(h.start) }

func (h *history) object(err error) {
	if err != nil {
		h.complain(err.Error())
	}
}

// learn records what a writer's answer showed.
func (h *history) learn(listing, version, price, group int) {
	h.object(h.listings[listing].learn(version, price, group, h.now()))
}

// historyQuestion is one read: its target and what it is about.
type historyQuestion struct {
	target    string
	item      int
	low, high int
}

func (h *history) anyQuestion(r *rand.Rand) historyQuestion {
	n := r.IntN(10)
	if n < 6 {
		i := r.IntN(len(h.ids))
		return historyQuestion{target: apptest.ItemPath(h.ids[i]), item: i}
	}
	low := r.IntN(historyBands+1) * bandWidth
	high := low + bandWidth - 1 + r.IntN(2)*bandWidth
	if low == historyBands*bandWidth {
		low, high = rebornPrice, 2*rebornPrice
	}
	target := fmt.Sprintf("/v1/properties?min_price=%d&max_price=%d&limit=500", low, high)
	switch n {
	case 6:
		target += "&sort=price"
	case 7:
		target += "&fields=price,bedrooms,version&sort=-updated_at"
	case 8:
		target += "&count=exact&fields=price,bedrooms,version"
	}
	return historyQuestion{target: target, item: -1, low: low, high: high}
}

// observe checks an answer; it returns false when the answer shows nothing.
func (h *history) observe(o *observation, q historyQuestion, a apptest.WireAnswer) bool {
	o.ended = h.now()
	o.item, o.low, o.high, o.status, o.count = q.item, q.low, q.high, a.Status, -1
	o.stale, o.age, o.level = a.Stale, a.Age, a.Level
	if a.Status != http.StatusOK && (a.Status != http.StatusNotFound || q.item < 0) {
		h.unanswered(a.Status)
		return false
	}
	o.shown = o.shown[:0]
	if a.Status == http.StatusOK {
		o.shown = appendShowings(o.shown, a.Body, h.index)
		for i := range o.shown {
			if s := &o.shown[i]; s.listing >= historyListings {
				s.version, s.edition = s.price-rebornPrice, -1
			}
		}
		if q.item < 0 {
			o.count = countIn(a.Body)
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

// readByDefault reads from one process, several requests at a time, until the context ends.
func (h *history) readByDefault(ctx context.Context, process int, r *rand.Rand) {
	const together = 32
	w := &apptest.Wire{Node: h.Nodes[process]}
	defer w.Close()
	questions := make([]historyQuestion, together)
	o := observation{
		kind: defaultRead, process: w.Node.Name,
		least: make([]int, len(h.listings)), unchanged: make([]int, len(h.listings)),
	}
	for ctx.Err() == nil {
		for i := range questions {
			questions[i] = h.anyQuestion(r)
			w.Request(http.MethodGet, questions[i].target, "")
		}
		for i := range o.least {
			o.least[i] = int(h.own[process][i].Load())
			o.unchanged[i] = int(h.unchanged[process][i].Load())
		}
		o.began = h.now()
		err, answered := w.Send(), true
		for i := 0; i < together && err == nil; i++ {
			var a apptest.WireAnswer
			if a, err = w.Receive(); err == nil {
				answered = h.observe(&o, questions[i], a) && answered
			}
		}
		h.lost(ctx, w, err)
		if !answered {
			breathe(ctx)
		}
	}
}

// lost closes a connection after an error, so that the next request opens a new one.
func (h *history) lost(ctx context.Context, w *apptest.Wire, err error) {
	if err == nil {
		return
	}
	w.Close()
	h.unanswered(0)
	breathe(ctx)
}

// breathe pauses, so that disturbed servers can recover.
func breathe(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(5 * time.Millisecond):
	}
}

// readLinearizably reads the latest state from any process, until the context ends.
func (h *history) readLinearizably(ctx context.Context, r *rand.Rand) {
	wires := h.wires()
	o := observation{kind: linearizableRead}
	for ctx.Err() == nil {
		w := wires[r.IntN(len(wires))]
		q := h.anyQuestion(r)
		o.process = w.Node.Name
		w.Request(http.MethodGet, q.target, "", "Cache-Control", "no-cache")
		o.began = h.now()
		a, err := exchange(w)
		if err == nil {
			h.observe(&o, q, a)
		}
		h.lost(ctx, w, err)
	}
}

func (h *history) wires() []*apptest.Wire {
	var wires []*apptest.Wire
	for _, n := range h.Nodes {
		wires = append(wires, &apptest.Wire{Node: n})
	}
	return wires
}

func exchange(w *apptest.Wire) (apptest.WireAnswer, error) {
	if err := w.Send(); err != nil {
		return apptest.WireAnswer{}, err
	}
	return w.Receive()
}

// write changes a listing's price through a process, and returns the acknowledged version, or 0.
func (h *history) write(process int, w *apptest.Wire, listing, price int, headers ...string) (version int,
	token string) {
	h.writers.RLock()
	defer h.writers.RUnlock()
	b := &h.listings[listing]
	b.begin()
	w.Request(http.MethodPatch, apptest.ItemPath(h.ids[listing]), fmt.Sprintf(`{"price":%d}`, price), headers...)
	a, err := exchange(w)
	switch {
	case err != nil:
		w.Close()
		h.unanswered(0)
	case a.Status == http.StatusOK:
		for _, s := range appendShowings(nil, a.Body, h.index) {
			h.learn(s.listing, s.version, s.price, 0)
			if changedNothing(a.Token) {
				raise(&h.unchanged[process][s.listing], s.version)
			} else {
				raise(&h.own[process][s.listing], s.version)
			}
			version, token = s.version, a.Token
		}
		h.wrote()
	case a.Status != http.StatusNotFound:
		h.unanswered(a.Status)
	}
	b.end(h.now(), err == nil && (a.Status == http.StatusOK || a.Status == http.StatusNotFound))
	return version, token
}

// changedNothing judges by the token, which names the transaction of a write unless the process could not say.
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

// writeOverHTTP changes one listing after the other, slowly enough for cached answers to live a while.
func (h *history) writeOverHTTP(ctx context.Context, process int, r *rand.Rand) {
	w := &apptest.Wire{Node: h.Nodes[process]}
	defer w.Close()
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

// crowd starts all readers and writers.
func (h *history) crowd(ctx context.Context, seed uint64) *sync.WaitGroup {
	var all sync.WaitGroup
	workers := uint64(0)
	add := func(work func(r *rand.Rand)) {
		workers++
		r := rand.New(rand.NewPCG(seed, workers))
		all.Go(func() { work(r) })
	}
	for process := range h.Nodes {
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
	add(func(r *rand.Rand) { h.reinsert(ctx, r) })
	add(func(r *rand.Rand) { h.checkRegisters(ctx, r) })
	return &all
}
