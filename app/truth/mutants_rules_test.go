//go:build unix

package truth

import "slices"

// The rules that guard the caches, by package. The order of a list is that of a story, not of importance.
var mutants = slices.Concat(
	propertyMutants, freshnessMutants, catalogMutants, cachedMutants, redisMutants, viewMutants, schemaMutants,
	storeMutants, releaseMutants, healerMutants, appMutants,
)

// windowTests are the tests that list case by case what touches what; random tests might miss a case once.
const windowTests = "TestAPageIsTouched|TestAChangeWithout|TestAnUncertain|TestAReset"

// foldTests open databases that fold letters in other ways.
const foldTests = "TestADatabaseThatFolds|TestEachWayToFold"

// The files with the triggers in force, and with the table into which they write.
const (
	postgresTriggers = "migrations/postgres/triggers.sql"
	sqliteTriggers   = "migrations/sqlite/triggers.sql"
	postgresChanges  = "migrations/postgres/20261123000002_property_changes.tx.up.sql"
)

// What touches what.
var propertyMutants = []mutant{
	{
		"a page is touched by what it shows",
		"domain/property/page.go", "c.Op == OpReset || slices.Contains(w.ids, c.ID)",
		"c.Op == OpReset", propertyPkg, windowTests,
	},
	{
		"and by a reset",
		"domain/property/page.go", "c.Op == OpReset || slices.Contains(w.ids, c.ID)",
		"slices.Contains(w.ids, c.ID)", propertyPkg, windowTests,
	},
	{
		"the place of a full page's last listing is part of it",
		"domain/property/page.go", "return !w.end.Valid || s.Sort.Compare(at, w.end.Value) <= 0",
		"return !w.end.Valid || s.Sort.Compare(at, w.end.Value) < 0", propertyPkg, windowTests,
	},
	{
		"a page that is not full has no end",
		"domain/property/page.go", "if !s.Full(page) || len(page.Properties) == 0 {",
		"if len(page.Properties) == 0 {", propertyPkg, windowTests,
	},
	{
		"the place that a page begins behind is not part of it",
		"domain/property/page.go", "s.Sort.Compare(at, s.After.Value) <= 0",
		"s.Sort.Compare(at, s.After.Value) < 0", propertyPkg, windowTests,
	},
	{
		"what may match touches",
		"domain/property/page.go", "w.search.Filter.Matches(c.After) != No",
		"w.search.Filter.Matches(c.After) == Yes", propertyPkg, windowTests,
	},
	{
		"what may match is never patched in",
		"domain/property/page.go", "	case enters == Maybe:\n		return nil, false\n", "", propertyPkg, windowTests,
	},
	{
		"nor what lies outside of the page",
		"domain/property/page.go", "if current != nil && s.Window(page).Covers(s.Sort.PositionOf(current)) {",
		"if current != nil {", propertyPkg, windowTests,
	},
	{
		"an older state is never put over a newer one",
		"domain/property/page.go", "if at >= 0 && page.Properties[at].Version >= version {",
		"if false {", propertyPkg, windowTests,
	},
	{
		"what has left a page is taken off it",
		"domain/property/page.go", "rows = slices.Delete(rows, at, at+1)", "_ = at", propertyPkg, windowTests,
	},
	{
		"a full page that runs short is loaded anew",
		"domain/property/page.go", "if s.Full(page) && !s.Full(patched) {", "if false {", propertyPkg, windowTests,
	},
	{
		"a page stays within its limit",
		"domain/property/page.go", "if i+1 == s.Limit || weight >= PageBytes {", "if weight >= PageBytes {", propertyPkg,
		windowTests,
	},
	{
		"and within its bytes",
		"domain/property/page.go", "if i+1 == s.Limit || weight >= PageBytes {",
		"if i+1 == s.Limit {", propertyPkg, windowTests,
	},
	{
		"a page that its bytes have filled ends at its last listing",
		"domain/property/page.go", "return weight >= PageBytes", "return false", propertyPkg, windowTests,
	},
	{
		"of two that may match either may be counted",
		"domain/property/page.go", "return before == Maybe || after == Maybe || before != after",
		"return before != after", propertyPkg, windowTests,
	},
	{
		"a change without its state before may have had any",
		"domain/property/page.go", "c.Op != OpInsert && c.Before == nil || ", "", propertyPkg, windowTests,
	},
	{
		"a change without its state after may have any",
		"domain/property/page.go", " || c.Op != OpDelete && c.After == nil {", " {", propertyPkg, windowTests,
	},
	{
		"a text that a change has replaced is remembered",
		"domain/property/weight.go", "if after[i] != nil && *after[i] == *text {\n			*text", "if after[i] != nil {\n			*text",
		propertyPkg, "TestACompactChange",
	},
	{
		"a text is certain where every store folds it alike",
		"domain/property/letters.go", "if !t.sure || !part.sure {", "if !part.sure {", propertyPkg, "TestTextIsMatched",
	},
	{
		"and a word likewise",
		"domain/property/letters.go", "if !t.sure || !part.sure {", "if !t.sure {", propertyPkg, "TestTextIsMatched",
	},
	{
		"stores may lower a capital in several ways",
		"domain/property/letters.go",
		"!unknown(r) && (unicode.ToLower(r) == r || r <= unicode.MaxASCII || in(alphabets, r))", "!unknown(r)", propertyPkg,
		"TestTextIsMatched",
	},
	{
		"what only a later Unicode knows may be anything",
		"domain/property/letters.go", " || unicode.Is(unicode.Cn, r)", "", propertyPkg, "TestTextIsMatched",
	},
	{
		"so may what the oldest store does not know",
		"domain/property/letters.go", "return in(recent, r) || ", "return ", propertyPkg, "TestTextIsMatched",
	},
	{
		"wherever it stands",
		"domain/property/letters.go", "case r <= 0x377,", "case r <= 0x378,", propertyPkg, "TestEveryCharacter",
	},
	{
		"a heap of accents is not certain",
		"domain/property/fold.go", "if strings.Contains(apart, joiner) {", "if false {", propertyPkg,
		"TestTextIsMatched",
	},
	{
		"a reference is the whole search",
		"domain/property/match.go", "return max(result, folded(p.Reference).equals(folded(f.Whole())))", "return result",
		propertyPkg, "TestAPhraseStays",
	},
	{
		"a distance begins at the center of the search",
		"domain/property/search.go", "		s.From = near.Value.Center\n", "", propertyPkg, "TestDistancesSort",
	},
	{
		"the rim of a circle is not certain",
		"domain/property/match.go", "math.Abs(distance-circle.RadiusKM) <= rim*",
		"math.Abs(distance-circle.RadiusKM) < -rim*", propertyPkg, "TestTextIsMatched|TestTheRim",
	},
}

// The rules of the ledger.
var freshnessMutants = []mutant{
	{
		"an own change is newer than what the feed delivers before it",
		"domain/freshness/ledger.go", "newer := own || s.pending == 0", "newer := true", freshnessPkg, ".",
	},
	{
		"once the feed has delivered an own change, what it delivers next is newer",
		"domain/freshness/ledger.go", "		s.pending--\n", "", freshnessPkg, ".",
	},
	{
		"a change is recognised by its transaction",
		"domain/freshness/ledger.go", "changeKey{c.Tx, c.ID,", "changeKey{0, c.ID,", freshnessPkg, ".",
	},
	{
		"versions that do not rise order nothing",
		"domain/freshness/ledger.go", "if s.position > 0 && newer != (c.Version > s.version) {",
		"if false {", freshnessPkg, ".",
	},
	{
		"nor do they after an own change of a state that is not known",
		"domain/freshness/ledger.go", "	s.unordered = position\n	l.latest", "	l.latest", freshnessPkg, ".",
	},
	{
		"an item whose versions order nothing is loaded",
		"domain/freshness/check.go", "	case newest.unordered > uint64(at):\n		return nil, at, Stale\n", "", freshnessPkg, ".",
	},
	{
		"and so is a page",
		"domain/freshness/check.go", "if newest.unordered > uint64(at) {", "if false {", freshnessPkg, ".",
	},
	{
		"a change that is known already counts once",
		"domain/freshness/ledger.go", "l.known[keyOf(c)]; known {", "l.known[keyOf(c)]; known && false {", freshnessPkg, ".",
	},
	{
		"and so does an own change that the feed delivered first",
		"domain/freshness/ledger.go", "	return known\n", "	return known && false\n", freshnessPkg, ".",
	},
	{
		"after a reset nothing cached before is judged",
		"domain/freshness/ledger.go", "l.tail = l.head.Load() + 1", "l.tail = l.head.Load()", freshnessPkg, ".",
	},
	{
		"an evicted change is remembered as a number",
		"domain/freshness/ledger.go", "	l.forgotten = max(l.forgotten, order(c))\n	if", "	if", freshnessPkg, ".",
	},
	{
		"so is an own change that the feed has yet to deliver",
		"domain/freshness/ledger.go", "	if pending {\n", "	if false {\n", freshnessPkg, ".",
	},
	{
		"what is too large to be remembered resets the ledger",
		"domain/freshness/ledger.go", "c.Op == property.OpReset || weight > l.maxBytes {",
		"c.Op == property.OpReset {", freshnessPkg, ".",
	},
	{
		"an own change that is too large is remembered as a number",
		"domain/freshness/ledger.go", "		l.forget(c, own)\n", "", freshnessPkg, ".",
	},
	{
		"an evicted change takes no bytes",
		"domain/freshness/ledger.go", "	l.bytes -= slot.weight\n", "", freshnessPkg, ".",
	},
	{
		"an own change that the feed has passed but the ledger lacks resets the ledger",
		"domain/freshness/ledger.go", "case reached.Sees(order(c)):",
		"case reached.Sees(order(c)) && false:", freshnessPkg, ".",
	},
	{
		"silence is loss: a ledger that was not confirmed vouches for nothing",
		"domain/freshness/ledger.go", "age <= tolerance &&", "age >= 0 &&", freshnessPkg, ".",
	},
	{
		"a poll that began before RequirePollAfter confirms nothing",
		"domain/freshness/ledger.go", "&& !confirmed.Before(*l.pollAfter.Load())", "&& true", freshnessPkg, ".",
	},
	{
		"an answer older than all that is remembered is unknown",
		"domain/freshness/check.go", "	if at < l.tail {\n		return Unknown",
		"	if at < l.tail {\n		return Fresh", freshnessPkg, ".",
	},
	{
		"a page is touched by what belongs on it",
		"domain/freshness/check.go", "return d.window.Touches(&r.change)", "return false", freshnessPkg, ".",
	},
	{
		"a count is touched by what enters or leaves",
		"domain/freshness/check.go", "r.blind || d.count.AffectsCount(&r.change)", "r.blind", freshnessPkg, ".",
	},
	{
		"or by an own change of what others changed before",
		"domain/freshness/check.go", "r.blind || ", "", freshnessPkg, ".",
	},
	{
		"a subtransaction is over when its transaction is",
		"domain/freshness/ledger.go", "c.BeforeTx < reached.Xmin", "reached.Sees(c.BeforeTx)", freshnessPkg, ".",
	},
	{
		"an own write in another epoch is noticed",
		"domain/freshness/ledger.go", "		strange = strange || other\n", "", freshnessPkg, ".",
	},
	{
		"a cached absence is touched by any change of its listing",
		"domain/freshness/check.go", "return l.latest[d.item].position > at",
		"return l.latest[d.item].position > at+1", freshnessPkg, ".",
	},
	{
		"places of another history mean nothing",
		"domain/freshness/point.go", "p.Epoch != l.base.Epoch || ", "", freshnessPkg, ".",
	},
	{
		"changes that an answer may have missed must still be in the ledger",
		"domain/freshness/point.go", "l.forgotten >= p.Snapshot.Xmin || ", "", freshnessPkg, ".",
	},
	{
		"an answer from before following began cannot be judged",
		"domain/freshness/point.go", " || !p.Snapshot.Covers(l.base.Snapshot)", "", freshnessPkg, ".",
	},
	{
		"a transaction in flight is not seen",
		"domain/freshness/snapshot.go", "return !inFlight", "return !inFlight || true", freshnessPkg, ".",
	},
	{
		"a token is met where its writes are seen",
		"domain/freshness/token.go", "return !p.Snapshot.Sees(tx) })", "return false })", freshnessPkg, ".",
	},
}

// The rules about the order of steps.
var catalogMutants = []mutant{
	{
		"a writer refused because of another's write finds that write here",
		"app/catalog/catalog.go",
		"errors.Is(refusal, property.ErrNotFound) || errors.Is(refusal, property.ErrVersionConflict)",
		"false", catalogPkg, ".",
	},
	{
		"and so does a writer whose write changes nothing",
		"app/catalog/catalog.go", "return unchanged(&updated), c.catchUpBeforeReplay(ctx)",
		"return unchanged(&updated), nil", catalogPkg, ".",
	},
	{
		"and a repeated creation",
		"app/catalog/catalog.go", "return unchanged(creation.Change.After), c.catchUpBeforeReplay(ctx)",
		"return unchanged(creation.Change.After), nil", catalogPkg, ".",
	},
	{
		"and an import with unchanged rows",
		"app/catalog/import.go", "err != nil || run.report.Unchanged == 0 || run.DryRun {",
		"err != nil || true {", catalogPkg, ".",
	},
	{
		"a new listing is published here before it is acknowledged",
		"app/catalog/catalog.go", "	c.publish(ctx, creation.Change)\n", "", catalogPkg, ".",
	},
	{
		"so is an update",
		"app/catalog/catalog.go", "update listing %s: %w\", id, err)\n	}\n	c.publish(ctx, change)\n",
		"update listing %s: %w\", id, err)\n	}\n", catalogPkg, ".",
	},
	{
		"and a deletion",
		"app/catalog/catalog.go", "delete listing %s: %w\", id, err)\n	}\n	c.publish(ctx, change)\n",
		"delete listing %s: %w\", id, err)\n	}\n", catalogPkg, ".",
	},
	{
		"and what is imported",
		"app/catalog/import.go", "	run.catalog.publish(ctx, changes...)\n", "	_ = changes\n", catalogPkg, ".",
	},
	{
		"a writer begins with what stands in the store",
		"app/catalog/catalog.go", "c.listings.Find(ports.WithReadOptions(ctx, ports.ReadOptions{Uncached: true}), id)",
		"c.listings.Find(ctx, id)", catalogPkg, ".",
	},
}

// The rules of the query cache.
var cachedMutants = []mutant{
	{
		"in an outage the query cache serves nothing older than is tolerated",
		"adapters/cached/outage.go", "options.Tolerance); ok {", "options.Tolerance); ok || true {", cachedPkg, ".",
	},
	{
		"a record is used only if its signature is right",
		"adapters/cached/envelope.go", "signed); err != nil {", "signed); err != nil && false {", cachedPkg, ".",
	},
	{
		"and answers its own question only",
		"adapters/cached/envelope.go", " || string(signed[2:end]) != key {", " {", cachedPkg, ".",
	},
	{
		"a key is known by all of its id",
		"adapters/cached/keyring.go", "if key.id == string(id) {", "if true {", cachedPkg, ".",
	},
	{
		"an answer that was found wrong is removed",
		"adapters/cached/sample.go", "	r.drop(ctx, entryKey(answer.Epoch, q.key))\n", "", cachedPkg, ".",
	},
	{
		"a record from before a purge is not used",
		"adapters/cached/read.go", "if err == nil && rec.Loaded < r.forgotten.Load() {", "if false {", cachedPkg, ".",
	},
	{
		"a position has a meaning for its writer only",
		"adapters/cached/read.go", "if rec.Writer == r.identity {", "if true {", cachedPkg, ".",
	},
	{
		"a shared load that began before this read is judged",
		"adapters/cached/read.go", "rec.position() >= arrived {", "rec.position() >= arrived || true {", cachedPkg, ".",
	},
	{
		"the store is queried while the feed is not confirmed",
		"adapters/cached/read.go", "case !r.ledger.Trusted(time.Now()):", "case false:", cachedPkg, ".",
	},
	{
		"place and position are taken before the load",
		"adapters/cached/read.go", "	r.store(context.WithoutCancel(ctx), entryKey(rec.Epoch, q.key), rec)",
		"	rec.Position = uint64(r.ledger.Position())\n	rec.setPoint(r.ledger.Point())\n" +
			"	r.store(context.WithoutCancel(ctx), entryKey(rec.Epoch, q.key), rec)", cachedPkg, ".",
	},
	{
		"a record is used for its time only",
		"adapters/cached/record.go", "case now.UnixMicro() >= r.Expires:", "case false:", cachedPkg, ".",
	},
	{
		"answers of different histories have different keys",
		"adapters/cached/read.go", `return shape + ":" + epoch + ":" + key`, `return shape + ":" + key`, cachedPkg, ".",
	},
	{
		"what the ledger calls stale is not served",
		"adapters/cached/read.go", "	if verdict != freshness.Fresh {\n		return nil, outcomeOf",
		"	if verdict == freshness.Unknown {\n		return nil, outcomeOf", cachedPkg, "TestACountIsLoaded",
	},
	{
		"a cached absence ends when the listing is made",
		"adapters/cached/property_repository.go",
		"	if verdict != freshness.Fresh || current == cached {\n		return verdict, false\n	}\n	rec.setItem",
		"	if verdict != freshness.Fresh || current == cached || cached == nil {\n		return verdict, false\n	}\n	rec.setItem",
		cachedPkg, ".",
	},
	{
		"a record that is patched says how far",
		"adapters/cached/read.go",
		"		rec.setPoint(point) // read before the ledger judged the record\n",
		"", cachedPkg, ".",
	},
	{
		"a patched record lives no longer",
		"adapters/cached/read.go", "left := time.Until(time.UnixMicro(rec.Expires))", "left := r.options.TTL", cachedPkg, ".",
	},
	{
		"a reader that asks for the store's own answer gets it",
		"adapters/cached/read.go",
		"	case options.Uncached:\n",
		"	case false:\n", cachedPkg, ".",
	},
	{
		"only an outage is answered from the cache",
		"adapters/cached/outage.go", "!errors.Is(err, ports.ErrUnavailable) {\n			return rec, bypassed",
		"err == nil {\n			return rec, bypassed", cachedPkg, ".",
	},
	{
		"a load outlives its first caller",
		"adapters/cached/flights.go", "context.WithTimeout(context.WithoutCancel(ctx), timeout)",
		"context.WithTimeout(ctx, timeout)", cachedPkg, ".",
	},
	{
		"a load that has lost its last caller cannot be joined",
		"adapters/cached/flights.go", "f.forget(key, this)\n		this.cancel()", "this.cancel()", cachedPkg, ".",
	},
	{
		"a cold answer is loaded by one process",
		"adapters/cached/read.go", "if r.options.LeaseTTL > 0 {", "if false {", cachedPkg, ".",
	},
	{
		"a caller that gets the lease late checks the cache first",
		"adapters/cached/lease.go", "		rec, _ := r.fromCache(ctx, q)\n",
		`		var rec *record
		if !granted {
			rec, _ = r.fromCache(ctx, q)
		}
`, cachedPkg, ".",
	},
	{
		"a lease ends with the load",
		"adapters/cached/lease.go", "return nil, func() { r.release(ctx, key) }", "return nil, func() {}", cachedPkg, ".",
	},
	{
		"a second look judges change by change",
		"adapters/cached/sample.go", "	switch {\n	case r.ledger.Check(entry) != freshness.Fresh:",
		"	verdict, changed := q.refresh(&answer)\n	switch {\n	case verdict != freshness.Fresh || changed:", cachedPkg, ".",
	},
	{
		"and concludes nothing before it has caught up",
		"adapters/cached/sample.go", "if err := catchUp(ctx); err != nil {",
		"if err := catchUp(ctx); err != nil && false {", cachedPkg, ".",
	},
}

// The rules of the cache in Redis.
var redisMutants = []mutant{
	{
		"a huge value stays where it is",
		"adapters/rediscache/cache.go", "prefix+key, 0, int64(c.maxValueBytes))", "prefix+key, 0, -1)", redisPkg,
		"TestAHugeValue",
	},
	{
		"and is not used",
		"adapters/rediscache/cache.go", "case len(value) > c.maxValueBytes:", "case false:", redisPkg, "TestAHugeValue",
	},
}

// The rules about the consequences of a wrong answer.
var healerMutants = []mutant{
	{
		"after wrong answers the ledger resets",
		"app/follow/follower.go",
		"if f.restart.Swap(false) {", "if f.restart.Swap(false) && false {", followPkg, "TestALedgerThatBegins",
	},
	{
		"and the query cache with it",
		"app/insight/healer.go", "		h.Forget()\n", "", insightPkg, "TestTwoWrongAnswers",
	},
}

// The rules of the view cache.
var viewMutants = []mutant{
	{
		"a view that was found wrong is removed",
		"adapters/web/viewcache/sample.go", "	c.views.Invalidate(v.key)\n", "", viewPkg, ".",
	},
	{
		"its token names no transaction",
		"adapters/web/consistency/coordinator.go",
		" || change.Epoch != \"\" && change.Epoch != point.Epoch {", " {", consistencyPkg, ".",
	},
	{
		"nor does the view cache",
		"adapters/web/viewcache/cache.go", "	if !ok {\n		return nil, 0", "	if !ok && false {\n		return nil, 0", viewPkg, ".",
	},
	{
		"a client shown a write that the feed has not delivered is not shown less",
		"adapters/web/consistency/coordinator.go", "c.ledger.RequirePollAfter(time.Now())", "time.Now()", consistencyPkg, ".",
	},
	{
		"a view is served while the feed is confirmed",
		"adapters/web/viewcache/cache.go", "if !ok || !c.ledger.Trusted(time.Now()) {", "if !ok {", viewPkg, ".",
	},
	{
		"a view's position is taken before its load",
		"adapters/web/viewcache/http.go", "	v, stored := c.Store(key, answer, at, load)",
		"	v, stored := c.Store(key, answer, c.Position(), load)", viewPkg, ".",
	},
	{
		"what a token names is waited for",
		"adapters/web/consistency/coordinator.go", "case d.Latest, behind:", "case d.Latest, behind && false:", viewPkg, ".",
	},
	{
		"the latest state is waited for",
		"adapters/web/consistency/coordinator.go", "case d.Latest, behind:", "case behind:", viewPkg, ".",
	},
	{
		"a view that a change has touched is not served",
		"adapters/web/viewcache/cache.go",
		"	if v, ok := c.views.GetIfPresent(key); ok && c.ledger.Check(v.entry) == freshness.Fresh {\n		return v\n",
		"	if v, ok := c.views.GetIfPresent(key); ok {\n		return v\n", viewPkg, ".",
	},
	{
		"nor one that the ledger cannot judge",
		"adapters/web/viewcache/cache.go", "	case freshness.Fresh:\n		return v, cachestat.OutcomeHit",
		"	case freshness.Fresh, freshness.Unknown:\n		return v, cachestat.OutcomeHit", viewPkg, ".",
	},
	{
		"nor one of a silent feed, whose target is not known",
		"adapters/web/viewcache/cache.go",
		"	if !c.ledger.Trusted(time.Now()) {\n		return nil, cachestat.OutcomeBypassed\n	}\n",
		"", viewPkg, ".",
	},
	{
		"while the feed is silent nothing is cached",
		"adapters/web/viewcache/http.go", "	if e.View == cachestat.OutcomeBypassed {\n		status",
		"	if false {\n		status", viewPkg, ".",
	},
	{
		"an answer without dependencies is not cached",
		"adapters/web/viewcache/cache.go", "len(a.Depends) == 0 || ", "", viewPkg, ".",
	},
	{
		"in an outage no view is served that is known to be old",
		"adapters/web/viewcache/cache.go",
		"	if v, ok := c.views.GetIfPresent(key); ok && c.ledger.Check(v.entry) == freshness.Fresh {\n		return v, age",
		"	if v, ok := c.views.GetIfPresent(key); ok {\n		return v, age", viewPkg, ".",
	},
	{
		"nor one that was not looked for",
		"adapters/web/viewcache/http.go", "v != nil && e.View == cachestat.OutcomeBypassed {", "v != nil {", viewPkg, ".",
	},
	{
		"nor any to a session",
		"adapters/web/consistency/coordinator.go", "d.Uncached || d.Latest || d.Session {",
		"d.Uncached || d.Latest {", viewPkg, ".",
	},
	{
		"nor to a request for the latest state",
		"adapters/web/consistency/coordinator.go", "d.Uncached || d.Latest || d.Session {",
		"d.Uncached || d.Session {", viewPkg, ".",
	},
	{
		"when the feed cannot be read the database is queried",
		"adapters/web/consistency/coordinator.go", "o.Uncached = c.catchUp(ctx) != nil", "_ = c.catchUp(ctx)", viewPkg, ".",
	},
	{
		"a request for the database's answer gets no view",
		"adapters/web/viewcache/http.go", "if !e.Read.Uncached {\n		var v", "if true {\n		var v", viewPkg, ".",
	},
	{
		"not even of a known target",
		"adapters/web/viewcache/http.go", "if e.Prepared = true; e.Read.Uncached {",
		"if e.Prepared = true; false {", viewPkg, ".",
	},
	{
		"a request without room waits before it is refused",
		"adapters/web/admission.go", "time.NewTimer(admissionWait)", "time.NewTimer(0)", webPkg, ".",
	},
	{
		"a read that waits for the store takes no place",
		"adapters/cached/flights.go", "		options.Aside(wait)\n		return\n", "", cachedPkg, ".",
	},
	{
		"a page carries the token of its browser's cookie",
		"adapters/web/consistency/cookie.go", "d.Session, d.Token = true, &token", "_ = token", consistencyPkg, ".",
	},
	{
		"a session without a token has no answer",
		"adapters/web/viewcache/http.go", "if d.Session && c.consistency.SetReadToken(r.Context(), w.Header()) != nil {",
		"if d.Session && c.consistency.SetReadToken(r.Context(), w.Header()) != nil && false {", viewPkg, ".",
	},
	{
		"shared caches reuse no answer to a request for more than the default",
		"adapters/web/viewcache/http.go", "d.Plain() && ", "", viewPkg, "SharedCaches",
	},
	{
		"and no answer that is stale",
		"adapters/web/viewcache/http.go", " && h[\"Age\"] == nil {", " {", viewPkg, "SharedCaches",
	},
	{
		"and store none of a session",
		"adapters/web/viewcache/http.go", "h[\"Cache-Control\"] = privateNoCache", "", viewPkg, "SharedCaches",
	},
}

// The rules about what the triggers record.
var schemaMutants = []mutant{
	{
		"a version counts up whatever a statement says",
		postgresTriggers, "NEW.version := OLD.version OPERATOR(pg_catalog.+) 1;",
		"NEW.version := greatest(NEW.version, OLD.version);", schemaPkg, "TestVersionAndTimes",
	},
	{
		"an insertion waits for a removal under way",
		postgresTriggers, "FOR KEY SHARE;\n        EXIT WHEN FOUND;", ";\n        EXIT;", schemaPkg, "TestPostgresVersions",
	},
	{
		"and continues the versions where they ended",
		postgresTriggers, "ORDER BY c.seq DESC LIMIT 1), 1)", "ORDER BY c.seq DESC LIMIT 0), 1)", schemaPkg,
		"TestAVersion",
	},
	{
		"a version stays free for what was not recorded",
		postgresTriggers, "'delete' THEN 1 ELSE 2 END", "'delete' THEN 1 ELSE 1 END", schemaPkg, "TestPostgresVersions",
	},
	{
		"a truncation is recorded",
		postgresTriggers, "    INSERT INTO %1$I.property_changes (op) VALUES ('reset');\n    RETURN NULL;",
		"    RETURN NULL;", schemaPkg, "TestPostgresRecordsBig",
	},
	{
		"a large insertion is recorded as a reset",
		postgresTriggers,
		"(op) VALUES ('reset');\n    ELSE\n        INSERT INTO %1$I.property_changes (op, property_id, version, after)",
		"(op) SELECT 'reset' WHERE false;\n    ELSE\n" +
			"        INSERT INTO %1$I.property_changes (op, property_id, version, after)",
		schemaPkg, "TestPostgresRecordsBig",
	},
	{
		"so is a large change",
		postgresTriggers,
		"(op) VALUES ('reset');\n    ELSE\n" +
			"        INSERT INTO %1$I.property_changes (op, property_id, version, before, after)",
		"(op) SELECT 'reset' WHERE false;\n    ELSE\n" +
			"        INSERT INTO %1$I.property_changes (op, property_id, version, before, after)",
		schemaPkg, "TestPostgresRecordsBig",
	},
	{
		"and a large removal",
		postgresTriggers,
		"(op) VALUES ('reset');\n    ELSE\n        INSERT INTO %1$I.property_changes (op, property_id, version, before)",
		"(op) SELECT 'reset' WHERE false;\n    ELSE\n" +
			"        INSERT INTO %1$I.property_changes (op, property_id, version, before)",
		schemaPkg, "TestPostgresRecordsBig",
	},
	{
		"a change names the transaction of its writer",
		postgresChanges, "xid8 NOT NULL DEFAULT pg_current_xact_id()",
		"xid8 NOT NULL DEFAULT '3'", schemaPkg, "TestPostgresNames",
	},
	{
		"of many rows each is recorded with its own state before",
		postgresTriggers, "ON o.id OPERATOR(pg_catalog.=) n.id;",
		"ON o.version OPERATOR(pg_catalog.=) n.version OPERATOR(pg_catalog.-) 1;", schemaPkg, "TestTheFeedHas",
	},
	{
		"no writer waits for all the others",
		postgresTriggers, "INSERT INTO %1$I.property_changes (op) VALUES ('reset');\n    RETURN NULL;",
		"INSERT INTO %1$I.property_changes (op) VALUES ('reset');\n    PERFORM pg_notify('gable', '');\n    RETURN NULL;",
		schemaPkg, "otif",
	},
	{
		"what is recorded of a place does not depend on the writer's session",
		postgresTriggers, "0\n            THEN pg_catalog.to_json({{.}})", "-99\n            THEN pg_catalog.to_json({{.}})",
		storePkg, "TestTheSessionOfAWriter",
	},
	{
		"a replica's writer is recorded",
		postgresTriggers, "    ENABLE REPLICA TRIGGER property_changes_of_replica;",
		"    DISABLE TRIGGER property_changes_of_replica;",
		storePkg, "TestAWriterInTheReplicaRole",
	},
	{
		"and so is its truncation",
		postgresTriggers, "    ENABLE ALWAYS TRIGGER property_changes_of_truncate,\n", "", storePkg,
		"TestAWriterInTheReplicaRole",
	},
	{
		"an id that a statement deletes and inserts continues the versions of the deleted row",
		postgresTriggers, "deleted::bigint OPERATOR(pg_catalog.+) 2", "1", storePkg, "TestAnIDThatOneStatement",
	},
	{
		"what a statement has deleted is forgotten at its end",
		postgresTriggers, "        PERFORM pg_catalog.set_config('gable.deleted', '', true);\n    END IF;\n    PERFORM FROM",
		"        NULL;\n    END IF;\n    PERFORM FROM", storePkg, "TestAnIDThatOneStatement",
	},
	{
		"a statement other than a plain DELETE may insert what it deletes",
		postgresTriggers, `current_query() ~* '^\s*delete\s' IS NOT true OR `, "", storePkg, "TestAnIDThatOneStatement",
	},
	{
		"and so may what begins as one",
		postgresTriggers, " OR current_query() ~* 'insert|merge'", "", storePkg, "TestAnIDThatOneStatement",
	},
	{
		"an image of a change has every column",
		postgresTriggers, "kind status bedrooms bathrooms", "kind status bathrooms", schemaPkg, "TestEveryImage/postgres",
	},
	{
		"in SQLite, too",
		sqliteTriggers, "kind status bedrooms bathrooms", "kind status bathrooms", schemaPkg, "TestEveryImage/sqlite",
	},
	{
		"SQLite refuses what would remove rows unseen",
		sqliteTriggers, "CREATE TRIGGER properties_replace_by_insert BEFORE INSERT ON properties\nWHEN EXISTS",
		"CREATE TRIGGER properties_replace_by_insert BEFORE INSERT ON properties\nWHEN false AND EXISTS",
		schemaPkg, "TestSQLiteRefuses",
	},
}

// The rules about what the feed delivers.
var storeMutants = []mutant{
	{
		"a store ends a page where it is full",
		"adapters/bunstore/property_repository.go", "weight < property.PageBytes", "weight < property.PageBytes/2", storePkg,
		"TestPropertyRepositoryKeeps",
	},
	{
		"a file that lacks what was served from it is another history",
		"adapters/bunstore/history_sqlite.go", "moved || !now.has(looked.point)", "moved", storePkg, "TestAFileThat",
	},
	{
		"a change is more than its number",
		"adapters/bunstore/feed_sqlite.go", "return found && mark == p.mark", `return found && mark != "-"`, storePkg,
		"TestAFileThatIsPutBack",
	},
	{
		"a restore never takes a version back",
		postgresTriggers, "NEW.version := greatest(NEW.version, exported);", "NEW.version := exported;", storePkg,
		"TestPropertyRestorer",
	},
	{
		"nor in a file",
		"adapters/bunstore/write_sqlite.go", " AND version < wanted.value`", "`", storePkg, "TestPropertyRestorer",
	},
	{
		"a cursor of a file is gone in another one without the changes behind it",
		"adapters/bunstore/move_sqlite.go", "if err == nil && pruned > 0 {", "if false {", storePkg,
		"TestACursorFromBeforeAMove",
	},
	{
		"an own write is checked for, too",
		"adapters/bunstore/property_repository.go",
		`"update property "+p.ID.String(), r.db.domainError(err))
	}
	r.db.recordCommit(ctx, change.Tx)`, `"update property "+p.ID.String(), r.db.domainError(err))
	}`, storePkg, "TestAFileThatLacksTheLast",
	},
	{
		"of what is pruned the last mark stays",
		"adapters/bunstore/feed_sqlite.go", "s.Pruned: s.PrunedMark}", "s.Pruned: \"\"}", storePkg, "TestAPruning",
	},
	{
		"another schema is another history",
		"adapters/bunstore/history_sqlite.go", "if moved := h.schema != 0 && h.schema != now.Schema;", "if moved := false;",
		storePkg, "TestASchemaThatChanged",
	},
	{
		"a connection is not used once its file has been replaced",
		"adapters/bunstore/file_sqlite.go", "if !c.from.file.current(c.generation) {",
		"if false {", storePkg, "TestAFileThatIsPutBack",
	},
	{
		"the last connection to a file that was replaced empties its log",
		"adapters/bunstore/file_sqlite.go", "on != f.now && on.leaving == on.conns", "false", storePkg, "TestTheLogOfAFile",
	},
	{
		"a connection to it does not stay open after its last use",
		"adapters/bunstore/file_sqlite.go", "c.from.file.generation == c.generation && ", "", storePkg, "TestTheLogOfAFile",
	},
	{
		"the feed of a file sees what is in it now",
		"adapters/bunstore/sqlite.go", "db.feed, err = db.sqlitePool(path, file, 1, true, readOnly)",
		"db.feed, err = db.sqlitePool(path, file, 1, false, readOnly)",
		storePkg, "TestAFileThatIsCopiedOver",
	},
	{
		"a table whose changes are not all recorded has no feed",
		"adapters/bunstore/recording_postgres.go", "if !slices.Contains(present, recorder) {",
		"if !slices.Contains(present, recorder) && false {", storePkg, "TestWhileChangesAreNot",
	},
	{
		"nor has one from which others inherit",
		"adapters/bunstore/recording_postgres.go", `if r.Heir != "" {`, "if false {", storePkg, "TestWhileChangesAreNot",
	},
	{
		"nor has one that inherits from another, or is a partition",
		"adapters/bunstore/recording_postgres.go", `if r.Parent != "" {`, "if false {", storePkg, "TestAWriteThroughAParent",
	},
	{
		"triggers that were made anew end the history",
		"adapters/bunstore/feed_postgres.go", ` + "/" + s.Triggers`, "", storePkg, "TestAChangePast",
	},
	{
		"columns that were rewritten end the history",
		"adapters/bunstore/feed_postgres.go", ` + "/" + s.Columns`, "", storePkg, "TestAChangePast",
	},
	{
		"a truncation of what is recorded does, too",
		"adapters/bunstore/feed_postgres.go", ", pg_relation_filenode('property_changes'))", ")", storePkg, "TestAChangePast",
	},
	{
		"a trigger's function is part of it",
		"adapters/bunstore/recording_postgres.go", "t.oid, t.xmin, f.xmin)", "t.oid, t.xmin)", storePkg, "TestAChangePast",
	},
	{
		"a change that cannot be read is a reset",
		"adapters/bunstore/change_feed.go", "r.Before.broken == nil && r.After.broken == nil", "true", storePkg,
		"TestAChangeThat",
	},
	{
		"and so is one of an unknown kind",
		"adapters/bunstore/change_feed.go", "	if !r.readable() {", "	if r.Before.broken != nil || r.After.broken != nil {",
		storePkg, "TestAChangeOfAnUnknown",
	},
	{
		"a database that folds cased letters otherwise is refused",
		"adapters/bunstore/letters_postgres.go", "if !foldsWell(r, lower[i]) {", "if false {", storePkg, foldTests,
	},
	{
		"so is one whose capitals matter",
		"adapters/bunstore/letters_postgres.go",
		"if property.CaseOf(r) == property.Settled {", "if false {", storePkg, foldTests,
	},
	{
		"or that folds ASCII otherwise",
		"adapters/bunstore/letters_postgres.go", "case folded.ASCII != ascii:", "case false:", storePkg, foldTests,
	},
	{
		"or a letter to an ASCII one",
		"adapters/bunstore/letters_postgres.go", " && to > unicode.MaxASCII && ", " && ", storePkg, foldTests,
	},
	{
		"or a cased letter to a caseless one",
		"adapters/bunstore/letters_postgres.go", " && hasCase(to)", "", storePkg, foldTests,
	},
	{
		"or a letter to several",
		"adapters/bunstore/letters_postgres.go", "return size == len(lower) && ", "_ = size\n\treturn ", storePkg, foldTests,
	},
	{
		"or what has no case",
		"adapters/bunstore/letters_postgres.go", "lower(caseless) = caseless AS", "true AS", storePkg, foldTests,
	},
	{
		"or by ILIKE alone a letter to several",
		"adapters/bunstore/letters_postgres.go", " AND ?1 ILIKE ?2", "", storePkg, foldTests,
	},
	{
		"or what has no case to several",
		"adapters/bunstore/letters_postgres.go", " AND caseless ILIKE repeat('_', length(caseless))", "", storePkg, foldTests,
	},
	{
		"or a letter to an ASCII one by ILIKE alone",
		"adapters/bunstore/letters_postgres.go", "NOT ?1 ILIKE ANY", "true OR ?1 ILIKE ANY", storePkg, foldTests,
	},
	{
		"or not at all by ILIKE",
		"adapters/bunstore/letters_postgres.go", "?0 ILIKE lower(?0) AND ?1 ILIKE lower(?1) AND", "", storePkg, foldTests,
	},
	{
		"a database folds as the domain does",
		postgresTriggers, "pg_catalog.normalize(folded, 'NFKD')", "folded", storePkg, "TestTheDomainIsCertain/C.UTF-8$/every",
	},
	{
		"and measures as the domain does",
		postgresTriggers, "IF east > 180 THEN", "IF east > 360 THEN", storePkg, "TestDistancesAre/Postgres",
	},
	{
		"a column folds as its database does",
		"adapters/bunstore/letters_postgres.go", `if folded.Collated != "" {`, "if false {", storePkg, "TestAColumnWith",
	},
	{
		"a write names its epoch",
		"adapters/bunstore/write_postgres.go", "last != nil && last.started == started",
		"last != nil", storePkg, "TestARestart",
	},
	{
		"a transaction that commits late is delivered, whatever was delivered before",
		"adapters/bunstore/feed_postgres.go", "WHERE tx >= pg_snapshot_xmin($1::pg_snapshot)",
		"WHERE seq > $2", storePkg, "Feed|Order|Commit",
	},
	{
		"also inside a span that is delivered in pages",
		"adapters/bunstore/feed_postgres.go", "WHERE (NOT pg_visible_in_snapshot(tx, ?0::pg_snapshot) OR seq > ?1)",
		"WHERE (seq > ?1)", storePkg, "Feed|Order|Commit",
	},
	{
		"a transaction whose number was reused after a crash is delivered",
		"adapters/bunstore/feed_postgres.go", "WHERE seq > $2 AND",
		"WHERE false AND", storePkg, "TestAChangeWithANumber",
	},
	{
		"a cursor of another history is gone",
		"adapters/bunstore/cursor_postgres.go", "s.history != now.History || ",
		"", storePkg, "TestAnotherDatabase|TestAPromoted",
	},
	{
		"so is one that is ahead of its database",
		"adapters/bunstore/cursor_postgres.go", " || max(s.from.seq, s.to.seq) > now.LastSeq", "", storePkg, "TestCursorOf",
	},
	{
		"and one that has not seen a transaction that was removed",
		"adapters/bunstore/cursor_postgres.go", "prunedTx >= s.from.Xmin || ", "", storePkg, "TestACursorIsGone",
	},
	{
		"or a number that was",
		"adapters/bunstore/cursor_postgres.go", " || now.PrunedSeq > s.from.seq)", ")", storePkg, "TestACursorBefore",
	},
	{
		"a change that a reader may not have seen is not removed",
		"adapters/bunstore/prune_postgres.go", " AND tx < pg_snapshot_xmin(pg_current_snapshot()))\n    RETURNING",
		")\n    RETURNING", storePkg, "TestPruneLeaves",
	},
	{
		"each removal is recorded",
		"adapters/bunstore/prune_postgres.go",
		"ON CONFLICT (id) DO UPDATE SET seq = greatest(r.seq, excluded.seq), tx = greatest(r.tx, excluded.tx)",
		"ON CONFLICT (id) DO NOTHING", storePkg, "TestPruneLeaves|ChangeFeedKeeps",
	},
	{
		"changes that were copied are of long ago",
		"adapters/bunstore/prune_postgres.go", "tx.NewRaw(adoptSQL).Exec(ctx)",
		`tx.NewRaw("SELECT 1, ?", adoptSQL).Exec(ctx)`, storePkg, "TestChangesCopied",
	},
	{
		"so is what was removed elsewhere",
		"adapters/bunstore/prune_postgres.go", "UPDATE feed_retention SET tx = '3' WHERE",
		"UPDATE feed_retention SET tx = '3' WHERE false AND", storePkg, "TestChangesCopied",
	},
	{
		"also before that has been recorded",
		"adapters/bunstore/feed_postgres.go", " WHERE tx < pg_snapshot_xmax(now.snapshot)", "", storePkg, "TestChangesCopied",
	},
	{
		"a standby is never followed",
		"adapters/bunstore/feed_postgres.go", `	if s.History == "" {
		return watermark{}, errStandby
	}
`,
		"", storePkg, "TestAStandbyIsNeverFollowed",
	},
	{
		"another timeline is another history",
		"adapters/bunstore/feed_postgres.go", "left(pg_walfile_name(pg_current_wal_lsn()), 8), ",
		"", storePkg, "TestAPromoted",
	},
	{
		"so is another database of the cluster",
		"adapters/bunstore/feed_postgres.go", "(SELECT oid FROM pg_database WHERE datname = current_database()),",
		"", storePkg, "TestAnotherDatabase",
	},
	{
		"a recovery from a crash is another epoch",
		"adapters/bunstore/feed_postgres.go", ", pg_stat_get_bgwriter_stat_reset_time())", "", storePkg, "TestARecovery",
	},
	{
		"an unchanged snapshot means that there is no change",
		"adapters/bunstore/feed_postgres.go", "snapshot == last.snapshot && started",
		"started", storePkg, "TestChangeThatCommits",
	},
	{
		"and from the very server that was read last",
		"adapters/bunstore/feed_postgres.go", " && started == last.started, nil", ", nil", storePkg, "TestAPromoted",
	},
	{
		"a span ends where its first page has found the end",
		"adapters/bunstore/feed_postgres.go", "reached = at.to", "_ = at.to", storePkg, "TestChangeThatCommits",
	},
	{
		"a head that goes back leaves no transaction out",
		"adapters/bunstore/feed_postgres.go", "from.Snapshot = from.Before(uint64(max(row.Behind, row.PrunedTx)) + 1)",
		"from.Snapshot.Xmin = uint64(max(row.Behind, row.PrunedTx)) + 1\n		" +
			"from.Snapshot.Xmax, from.Snapshot.InFlight = from.Snapshot.Xmin, nil",
		storePkg, "TestHeadThat",
	},
}

// The rules of following, and of whole processes.
var appMutants = []mutant{
	{
		"a write names the transaction whose state it replaced",
		"adapters/bunstore/write_postgres.go",
		"change.BeforeTx, change.Epoch = wholeXid(beforeXid, tx), d.epochOf(started)\n	" +
			"return change, nil\n}\n\nfunc (d postgresDialect) delete",
		"_, change.Epoch = wholeXid(beforeXid, tx), d.epochOf(started)\n	" +
			"return change, nil\n}\n\nfunc (d postgresDialect) delete", truthPkg, "TestACountHas",
	},
	{
		"and requires a poll until the feed has reached it",
		"app/follow/deliver.go", "ledger.RequirePollAfter(time.Now())", "_ = time.Now()", followPkg, "TestAnOwnWriteIn",
	},
	{
		"the ledger is confirmed as of the start of the poll",
		"app/follow/follower.go", "f.Ledger.Confirm(f.began)",
		"f.Ledger.Confirm(time.Now().Add(time.Hour))", truthPkg, "TestAProcessThatWasFrozen",
	},
	{
		"no reader counts as having seen what the ledger has not received",
		"app/follow/follower.go", "	if next.tooMany {\n		// It",
		"	f.Ledger.Reach(next.point)\n	if next.tooMany {\n		// It", followPkg, "TestThePlaceIsReached",
	},
	{
		"a caller gets a poll that begins after its call",
		"app/follow/follower.go", "	this := f.next\n	f.next = nil\n	f.mu.Unlock()\n	err := f.step(ctx)\n	f.mu.Lock()\n",
		"	f.mu.Unlock()\n	err := f.step(ctx)\n	f.mu.Lock()\n	this := f.next\n	f.next = nil\n",
		followPkg, "TestCatchingUp",
	},
	{
		"another epoch is another history",
		"app/follow/follower.go", "if next.point.Epoch != f.Ledger.Point().Epoch {", "if false {",
		followPkg, "TestALostPlace",
	},
	{
		"more than the ledger has room for is not appended in part",
		"app/follow/batch.go", "len(n.changes)+len(page.Changes) > ledger.Capacity || ", "", followPkg, "TestOfMoreChanges",
	},
	{
		"nor is what weighs more",
		"app/follow/batch.go", " || weight > ledger.MaxBytes {", " {", followPkg, "TestOfLargerChanges",
	},
	{
		"a history without its changes begins where it ends",
		"app/follow/batch.go", "	case past.tooMany:\n		from = past.point\n", "", followPkg, "TestAHistoryTooLong",
	},
	{
		"following begins anew before the database prunes",
		"app/follow/follower.go",
		"!f.placed || time.Since(f.forgot) > f.Retention/2", "!f.placed", followPkg, "TestFollowingBegins",
	},
	{
		"streams learn that following begins anew",
		"app/follow/follower.go", "f.Live.publish(nil, true)", "f.Live.publish(nil, false)", followPkg, "TestStreamsAreTold",
	},
	{
		"and do not receive earlier changes from memory",
		"app/follow/broadcast.go", "	if more {\n		l.pages, l.ends = nil, nil\n	}\n", "", followPkg, "TestWhatTheFollower",
	},
	{
		"a cursor at which a stream stands stays in memory",
		"app/follow/broadcast.go", "		l.taken = true\n		return", "		return", followPkg, "TestWhoKeepsUp",
	},
	{
		"a page from memory says that more is known",
		"app/follow/broadcast.go", "page.More || i < len(l.pages)-1", "page.More || i < 0", followPkg, "TestAPageThatIsTold",
	},
}
