package freshness_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// process is one instance of the program: a ledger, what it must know, and three levels of cached answers. It
// shares the last level with the others.
type process struct {
	knowledge
	ledger    *freshness.Ledger
	delivered []bool                             // by index in the log: the feed has delivered it
	own       map[property.ID]freshness.Position // where the last own change of a listing was announced
	views     map[question]view
	records   map[question]record
	shared    map[sharedKey]record
	late      []*transaction // committed and not announced yet
	loads     []*load
	counts    *counts
}

// A view is an answer that is served as it is or not at all; a record is one that may be patched.
type (
	view struct {
		answer
		entry *freshness.Entry
	}
	record struct {
		answer
		at    freshness.Position
		point freshness.Point // instead of the position, for other ledgers
	}
)

// load is in progress: it takes the position and the point, then asks the database, then caches the answer.
type load struct {
	question
	record
	asked bool
}

// sharedKey separates the answers of different epochs.
type sharedKey struct {
	question
	epoch string
}

// counts are the numbers of the ledger's decisions.
type counts struct{ served, shared, patched, forgotten, stale, needless int }

// misuse breaks a rule for users of the ledger, to show that the oracle notices.
type misuse struct{ latePosition, latePoint, hastyPoint, shortHistory, lossyFeed bool }

// announce adds the process's own transaction to its ledger, as the event bus does right after the commit.
func (p *process) announce(t *transaction) {
	before := p.ledger.Position()
	if p.ledger.Announce(t.changes...) {
		p.ledger.RequirePollAfter(p.now())
	}
	p.newTx() // sends the notification, and leaves no trace that a crash would spare
	for i, c := range t.changes {
		p.own[c.ID] = before + freshness.Position(i) + 1
		p.learn(c.ID, t.moments[i])
	}
}

// waiting is the indexes in the log that the feed could deliver next: the changes of each listing come in their
// order.
func (p *process) waiting() (next []int) {
	p.delivered = append(p.delivered, make([]bool, len(p.log)-len(p.delivered))...)
	behind := map[property.ID]bool{}
	for at, c := range p.log {
		if p.delivered[at] {
			continue
		}
		free := true
		for id := range c.moments {
			free = free && !behind[id]
			behind[id] = true
		}
		if free {
			next = append(next, at)
		}
	}
	return next
}

// follow makes the feed deliver one change: any that may come next. When it is older than an own change that the
// ledger has since forgotten, the feed delivers everything at once, as a poll does.
func (p *process) follow() {
	next := p.waiting()
	if len(next) == 0 {
		return
	}
	if p.ledger.Point().Epoch != p.epoch() {
		p.catchUp()
		return
	}
	at := next[p.random.IntN(len(next))]
	c := p.log[at]
	figures := p.ledger.Figures()
	forgotten := max(int(figures.Position)-figures.Length, int(figures.Position)+1-figures.Capacity)
	if figures.MaxBytes < 1<<30 {
		forgotten = int(figures.Position) // by bytes it may be as much
	}
	if c.moments[c.change.ID] < p.floor[c.change.ID] && int(p.own[c.change.ID]) <= forgotten {
		p.catchUp()
		return
	}
	p.deliver(at)
}

// now is a moment later than any before.
func (p *process) now() time.Time {
	p.clock++
	return time.UnixMicro(p.clock)
}

func (p *process) catchUp() {
	began := p.now()
	defer p.ledger.Confirm(began)
	if p.ledger.Point().Epoch != p.epoch() {
		p.begin(false)
		return
	}
	p.waiting()
	var all []int
	for at, delivered := range p.delivered {
		if !delivered {
			all = append(all, at)
		}
	}
	p.deliver(all...)
	p.ledger.Reach(p.point())
}

// begin starts a follower that has no cursor, or has lost it: it starts some way back.
func (p *process) begin(short bool) {
	now := p.point()
	from := freshness.Point{Epoch: now.Epoch, Snapshot: now.Snapshot.Before(1 + p.random.Uint64N(p.nextTx))}
	p.delivered = slices.Repeat([]bool{true}, len(p.log))
	var history []property.Change
	for _, c := range p.log {
		if !from.Snapshot.Sees(c.change.Tx) && !(short && p.random.IntN(3) == 0) {
			history = append(history, c.change)
		}
	}
	p.ledger.Restart(from, now, history...)
	p.knowledge = newKnowledge(p.database)
	clear(p.own)
}

// restart replaces the process by another one. All it has is the recent history of the feed, and the answers that
// it shares with the others.
func (p *process) restart(short bool) {
	clear(p.views)
	clear(p.records)
	p.late, p.loads = nil, nil
	p.ledger.Confirm(p.now())
	p.begin(short)
}

func (p *process) deliver(indexes ...int) {
	var changes []property.Change
	for _, at := range indexes {
		p.delivered[at] = true
		changes = append(changes, p.log[at].change)
		for id, moment := range p.log[at].moments {
			p.learn(id, moment)
		}
	}
	p.ledger.Append(changes...)
}

// read asks one level for the answer and begins a load when that level cannot serve it.
func (p *process) read(q question, level int) error {
	if !p.ledger.Trusted(p.now()) {
		return nil
	}
	served := [...]func(question) (answer, bool, freshness.Verdict){p.fromView, p.fromRecord, p.fromShared}[level]
	a, found, verdict := served(q)
	switch {
	case found && verdict == freshness.Fresh:
		p.counts.served++
		return q.wrong(p.knowledge, a)
	case found && verdict == freshness.Unknown:
		p.counts.forgotten++
	case found:
		p.counts.stale++
		if same(q.ask(p.database), a) {
			p.counts.needless++
		}
	}
	p.loads = append(p.loads, &load{question: q, record: record{at: p.ledger.Position(), point: p.ledger.Point()}})
	return nil
}

func (p *process) fromView(q question) (answer, bool, freshness.Verdict) {
	v, ok := p.views[q]
	if !ok {
		return answer{}, false, freshness.Unknown
	}
	verdict := p.ledger.Check(v.entry)
	if verdict != freshness.Fresh {
		delete(p.views, q)
	}
	return v.answer, true, verdict
}

// fromRecord also renews the view from the answer that it serves.
func (p *process) fromRecord(q question) (answer, bool, freshness.Verdict) {
	r, ok := p.records[q]
	if !ok {
		return answer{}, false, freshness.Unknown
	}
	point := p.ledger.Point()
	fresh, at, verdict := q.refresh(p.ledger, r.answer, r.at)
	if verdict != freshness.Fresh {
		delete(p.records, q)
		return r.answer, true, verdict
	}
	if fresh != r.answer {
		p.counts.patched++
	}
	p.cache(q, record{fresh, at, point})
	return fresh, true, verdict
}

// fromShared finds the position of an answer that any process has cached, and goes on as with a record of its own.
func (p *process) fromShared(q question) (answer, bool, freshness.Verdict) {
	r, ok := p.shared[sharedKey{q, p.ledger.Point().Epoch}]
	if !ok {
		return answer{}, false, freshness.Unknown
	}
	at, known := p.ledger.Locate(r.point)
	if !known {
		return r.answer, true, freshness.Unknown
	}
	delete(p.records, q)
	p.records[q] = record{r.answer, at, r.point}
	a, found, verdict := p.fromRecord(q)
	if verdict == freshness.Fresh {
		p.counts.shared++
	}
	return a, found, verdict
}

func (p *process) cache(q question, r record) {
	p.records[q], p.shared[sharedKey{q, r.point.Epoch}] = r, r
	p.views[q] = view{r.answer, freshness.NewEntry(r.at, q.dependency(r.answer))}
}

func same(a, b answer) bool {
	if a.page != nil && b.page != nil {
		return slices.EqualFunc(a.page.Properties, b.page.Properties, func(x, y property.Property) bool {
			return reflect.DeepEqual(x, y)
		})
	}
	return reflect.DeepEqual(a, b)
}

// proceed advances a load by one step.
func (p *process) proceed(m misuse) {
	if len(p.loads) == 0 {
		return
	}
	at := p.random.IntN(len(p.loads))
	l := p.loads[at]
	if !l.asked {
		l.answer, l.asked = l.ask(p.database), true
		return
	}
	p.loads = slices.Delete(p.loads, at, at+1)
	if m.latePosition {
		l.at = p.ledger.Position()
	}
	if m.latePoint {
		l.point = p.ledger.Point()
	}
	p.cache(l.question, l.record)
}

// endOne ends a transaction. Its writer announces it at once, late, or never when it dies between commit and
// announcement.
func endOne(d *database, processes []*process) {
	t := d.end()
	if t == nil || t.writer == outside {
		return
	}
	switch p := processes[t.writer]; d.random.IntN(8) {
	case 0:
	case 1, 2:
		p.late = append(p.late, t)
	default:
		p.announce(t)
	}
}

// announceLate wakes a process that went to sleep between commit and announcement.
func (p *process) announceLate() {
	for _, t := range p.late {
		p.announce(t)
	}
	p.late = nil
}

// live plays one random history and returns the first wrong answer that was served.
func live(seed uint64, total *counts, m misuse) error {
	random := rand.New(rand.NewPCG(seed, 0))
	d := newDatabase(random)
	processes := make([]*process, 2)
	shared := map[sharedKey]record{}
	for i := range processes {
		length, bytes := []int{6, 20, 200}[random.IntN(3)], int64(1<<30)
		if d.large {
			bytes = []int64{property.PageBytes / 2, 3 * property.PageBytes, 1 << 30}[random.IntN(3)]
		}
		processes[i] = newProcess(d, freshness.NewLedger(length, bytes, time.Second), total)
		processes[i].shared = shared
	}
	questions := []question{itemOf{idOf(0)}, itemOf{idOf(1)}, countOf{&d.randomSearch().Filter},
		countOf{&d.randomSearch().Filter}}
	for range 4 {
		questions = append(questions, pageOf{d.randomSearch()})
	}
	for step := range 160 {
		which := random.IntN(len(processes))
		p := processes[which]
		var err error
		switch dice := random.IntN(200); {
		case dice < 40:
			d.begin([]int{outside, which}[random.IntN(2)])
		case dice < 76:
			endOne(d, processes)
		case dice < 77:
			d.bulk()
		case dice < 78:
			here := p.point()
			p.ledger.Restart(here, here) // a follower that has lost its cursor
			p.catchUp()
		case dice < 80:
			p.restart(m.shortHistory)
		case dice < 82:
			d.crash()
		case dice < 84:
			p.announceLate()
		case dice < 88:
			p.catchUp()
		case dice < 112:
			p.follow()
			if m.hastyPoint {
				p.ledger.Reach(p.point())
			}
		case dice < 115 && m.lossyFeed:
			p.lose()
		case dice < 155:
			err = p.read(questions[random.IntN(len(questions))], random.IntN(3))
		default:
			p.proceed(m)
		}
		if err != nil {
			return fmt.Errorf("history %d, step %d: %w", seed, step, err)
		}
	}
	return nil
}

func newProcess(d *database, l *freshness.Ledger, total *counts) *process {
	return &process{
		knowledge: newKnowledge(d), ledger: l, counts: total, delivered: slices.Repeat([]bool{true}, len(d.log)),
		own: map[property.ID]freshness.Position{}, views: map[question]view{}, records: map[question]record{},
	}
}

// lose makes the feed skip a change that the process must know all the same.
func (p *process) lose() {
	if next := p.waiting(); len(next) > 0 {
		p.delivered[next[0]] = true
		for id, moment := range p.log[next[0]].moments {
			p.learn(id, moment)
		}
	}
}

// TestNoHistoryMakesTheLedgerVouchForAWrongAnswer plays random histories. Transactions end in any order and roll
// back, own changes are announced or not, the feed delivers everything later in any order, and loads overlap all of
// it. GABLE_HISTORIES is the number of histories.
func TestNoHistoryMakesTheLedgerVouchForAWrongAnswer(t *testing.T) {
	histories := 6_000
	if n, err := strconv.Atoi(os.Getenv("GABLE_HISTORIES")); err == nil {
		histories = n
	}
	if testing.Short() {
		histories = min(histories, 500)
	}
	var total counts
	for seed := range histories {
		if err := live(uint64(seed), &total, misuse{}); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d histories: %d answers served, %d of them patched, %d shared; %d unknown; %d stale, %d needlessly",
		histories, total.served, total.patched, total.shared, total.forgotten, total.stale, total.needless)
	if total.served < histories || total.patched < histories/10 || total.stale < histories/10 ||
		total.shared < histories/2 {
		t.Error("the histories are too dull to prove anything")
	}
}

func TestTheOracleNoticesWhenTheLedgerIsMisused(t *testing.T) {
	for name, m := range map[string]misuse{
		"a position taken after the load": {latePosition: true},
		"a point taken after the load":    {latePoint: true},
		"a point reached before its time": {hastyPoint: true},
		"a history with holes":            {shortHistory: true},
		"a feed that loses changes":       {lossyFeed: true},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(2_000) {
				if live(seed, &counts{}, m) != nil {
					return
				}
			}
			t.Error("no wrong answer was found")
		})
	}
}
