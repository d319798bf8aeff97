package freshness_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// someSnapshots returns all snapshots over a handful of transactions.
func someSnapshots() (all []freshness.Snapshot) {
	const most = 6
	for xmax := uint64(1); xmax <= most; xmax++ {
		for set := range 1 << (xmax - 1) {
			s := freshness.Snapshot{Xmin: xmax, Xmax: xmax}
			for tx := uint64(1); tx < xmax; tx++ {
				if set&(1<<(tx-1)) != 0 {
					s.InFlight = append(s.InFlight, tx)
				}
			}
			if len(s.InFlight) > 0 {
				s.Xmin = s.InFlight[0]
			}
			all = append(all, s)
		}
	}
	return all
}

func TestASnapshotCoversAnotherWhenItHasSeenAllThatTheOtherHas(t *testing.T) {
	for _, s := range someSnapshots() {
		for _, o := range someSnapshots() {
			want := true
			for tx := range uint64(10) {
				want = want && (!o.Sees(tx) || s.Sees(tx))
			}
			if got := s.Covers(o); got != want {
				t.Fatalf("%s covers %s: %t, want %t", s, o, got, want)
			}
		}
	}
}

func TestBeforeIsWhatASnapshotHasSeenOfTheTransactionsBelow(t *testing.T) {
	for _, s := range someSnapshots() {
		for below := range uint64(9) {
			cut := s.Before(below)
			for tx := range uint64(10) {
				if got, want := cut.Sees(tx), s.Sees(tx) && tx < max(below, 1); tx > 0 && got != want {
					t.Fatalf("%s before %d is %s and sees %d: %t", s, below, cut, tx, got)
				}
			}
			if again, err := freshness.ParseSnapshot(cut.String()); err != nil || again.String() != cut.String() {
				t.Fatalf("%s before %d is %s, an invalid snapshot: %v", s, below, cut, err)
			}
		}
	}
}

// made is a house that a transaction has inserted.
func made(tx uint64, n int) property.Change { return property.Inserted(tx, house(n, 10)) }

func at(xmax uint64, inFlight ...uint64) freshness.Point {
	s := freshness.Snapshot{Xmin: xmax, Xmax: xmax, InFlight: inFlight}
	if len(inFlight) > 0 {
		s.Xmin = inFlight[0]
	}
	return freshness.Point{Epoch: "here", Snapshot: s}
}

// following is a ledger that followed the feed from transaction 10 on and has received these, in this order.
func following(length int, txs ...uint64) *freshness.Ledger {
	l := freshness.NewLedger(length, 1<<30, 0)
	l.Restart(at(10), at(10))
	for i, tx := range txs {
		l.Append(made(tx, i))
	}
	return l
}

func TestAnAnswerIsLocatedBeforeTheFirstChangeItHasNotSeen(t *testing.T) {
	cases := map[string]struct {
		ledger *freshness.Ledger
		point  freshness.Point
		behind int // changes that are part of the answer; -1: unknown
	}{
		"it has seen everything":                      {following(9, 11, 12, 13), at(14), 3},
		"it has seen nothing":                         {following(9, 11, 12, 13), at(10), 0},
		"it has seen the first":                       {following(9, 11, 12, 13), at(12), 1},
		"it missed one that was in flight":            {following(9, 11, 12, 13), at(14, 12), 1},
		"a low number came last":                      {following(9, 12, 13, 11), at(14, 11), 2},
		"a low number came first, and it missed that": {following(9, 11, 13, 12), at(14, 11), 0},
		"a high number came first":                    {following(9, 15, 11, 12), at(13), 0},
		"it is from before following began":           {following(9, 11), at(9), -1},
		"it missed one from before following began":   {following(9, 11), at(12, 5), -1},
		"it missed one that is forgotten":             {following(2, 11, 12, 13), at(11), -1},
		"it may have missed one that is forgotten":    {following(2, 11, 12, 13), at(13, 11), -1},
		"it has seen all that is forgotten":           {following(2, 11, 12, 13), at(12), 0},
		"it comes from the future":                    {following(9, 11), at(99), 1},
		"another epoch": {following(9, 11),
			freshness.Point{Epoch: "there", Snapshot: at(12).Snapshot}, -1},
		"a change of an unknown transaction": {following(9, 11, 0, 12), at(13), 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			first := int(c.ledger.Position()) - c.ledger.Figures().Length
			got, known := c.ledger.Locate(c.point)
			if known != (c.behind >= 0) || known && int(got) != first+c.behind {
				t.Errorf("located at %d (%t), want %d behind %d", got, known, c.behind, first)
			}
		})
	}
}

func TestAnAnswerThatLacksWhatARestartForgetsIsNotLocated(t *testing.T) {
	l := following(9, 11)
	l.Append(made(20, 5))             // an own write, which the feed has not confirmed
	l.Restart(at(21, 20), at(21, 20)) // the feed was polled just before the commit
	wantNotLocated(t, l, at(21, 20))
	if _, known := l.Locate(at(22)); !known {
		t.Error("an answer that has seen everything cannot be judged")
	}
}

// An own write is announced while the follower determines the point to begin from:
//
//  1. The follower asks for the database's point: 50.
//  2. This process commits transaction 50 and announces it.
//  3. The answer to 1 arrives, and following begins there.
//  4. A reader finds an answer that another process loaded at 50, without the write.
func TestAnOwnWriteIsNotLostWhenFollowingBegins(t *testing.T) {
	for name, before := range map[string]freshness.Point{
		"for the first time":         {},
		"again":                      at(40),
		"again after a restart":      {Epoch: "before the restart", Snapshot: at(40).Snapshot},
		"again with a reused number": {Epoch: "before the crash", Snapshot: at(60).Snapshot},
	} {
		for room, l := range map[string]*freshness.Ledger{
			"there is room for it":               freshness.NewLedger(9, 1<<30, 0),
			"the next own write takes its room":  freshness.NewLedger(1, 1<<30, 0),
			"the next own write takes its bytes": freshness.NewLedger(9, 1_000, 0),
			"it is too large to be remembered":   freshness.NewLedger(9, 1, 0),
			"a reset that the feed delivers":     freshness.NewLedger(9, 1<<30, 0),
			"a change that is too large comes":   freshness.NewLedger(9, 10_000, 0),
		} {
			t.Run(name+", "+room, func(t *testing.T) {
				l.Restart(before, before)
				l.Announce(made(50, 1)) // 2
				large := house(4, 10)
				large.Description = strings.Repeat("l", 20_000)
				switch {
				case strings.HasPrefix(room, "the next"):
					l.Announce(made(49, 3))
				case strings.HasPrefix(room, "a reset"):
					l.Append(property.Change{Op: property.OpReset, Tx: 44})
				case strings.HasPrefix(room, "a change"):
					l.Append(property.Inserted(44, large))
				}
				l.Restart(at(30), at(50), made(45, 2)) // 3
				wantNotLocated(t, l, at(50))           // 4
				if _, known := l.Locate(at(51)); !known {
					t.Error("an answer that has seen the write cannot be judged")
				}
			})
		}
	}
}

// A change that the ledger has no room for may have changed anything, as far as the ledger knows.
func TestAChangeTooLargeToRememberIsAReset(t *testing.T) {
	for name, add := range map[string]func(*freshness.Ledger, property.Change){
		"from the feed": func(l *freshness.Ledger, c property.Change) { l.Append(c) },
		"announced":     func(l *freshness.Ledger, c property.Change) { l.Announce(c) },
		"announced in another epoch": func(l *freshness.Ledger, c property.Change) {
			c.Epoch = "there"
			l.Announce(c)
		},
		"from the feed after the announcement": func(l *freshness.Ledger, c property.Change) {
			l.Announce(c)
			l.Append(c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := freshness.NewLedger(9, 10_000, 0)
			l.Restart(at(10), at(10))
			l.Append(made(11, 1))
			l.Reach(at(12))
			cached, point := freshness.NewEntry(l.Position(), freshness.OnItem(idOf(5))), l.Point()
			large := house(2, 10)
			large.Description = strings.Repeat("l", 10_000)
			add(l, property.Inserted(12, large))
			wantVerdict(t, l.Check(cached), freshness.Unknown)
			wantNotLocated(t, l, point)
			if f := l.Figures(); f.Length != 0 || f.Bytes != 0 {
				t.Errorf("the ledger remembers %d changes of %d bytes", f.Length, f.Bytes)
			}
			cached = freshness.NewEntry(l.Position(), freshness.OnItem(idOf(5)))
			l.Append(made(13, 3))
			wantVerdict(t, l.Check(cached), freshness.Fresh)
			if _, known := l.Locate(at(13)); !known {
				t.Error("an answer that has seen the change cannot be judged")
			}
		})
	}
}

func TestAnAnswerThatHasNotSeenAResetIsNotLocated(t *testing.T) {
	l := following(9, 11)
	l.Append(property.Change{Op: property.OpReset, Tx: 12})
	wantNotLocated(t, l, at(12))
	wantNotLocated(t, l, at(14, 12))
	if _, known := l.Locate(at(13)); !known {
		t.Error("an answer that has seen the reset cannot be judged")
	}
}

func TestAnotherEpochForgetsTheNumbersOfTheOneBefore(t *testing.T) {
	l := following(1, 900, 901)
	l.Reach(at(902))
	restored := freshness.Point{Epoch: "restored", Snapshot: at(500).Snapshot}
	l.Restart(restored, restored)
	if _, known := l.Locate(restored); !known {
		t.Error("an answer from after the restore cannot be judged")
	}
	if got := l.Point(); got.Epoch != "restored" {
		t.Errorf("the ledger stands in epoch %q", got.Epoch)
	}
}

func wantNotLocated(t *testing.T, l *freshness.Ledger, p freshness.Point) {
	t.Helper()
	if position, known := l.Locate(p); known {
		t.Errorf("an answer at %s is located at %d", p.Snapshot, position)
	}
}

func TestATokenIsMetByAPointThatSeesWhatItNames(t *testing.T) {
	elsewhere := freshness.Point{Epoch: "there", Snapshot: at(99).Snapshot}
	cases := map[string]struct {
		token freshness.Token
		point freshness.Point
		met   bool
	}{
		"seen the same":             {freshness.Token{Seen: at(12)}, at(12), true},
		"seen more":                 {freshness.Token{Seen: at(12)}, at(15), true},
		"seen less":                 {freshness.Token{Seen: at(12)}, at(11), false},
		"not seen what was written": {freshness.Token{Seen: at(12), Wrote: []uint64{5, 12}}, at(12), false},
		"seen what was written":     {freshness.Token{Seen: at(12), Wrote: []uint64{5, 12}}, at(13), true},
		"written and still open":    {freshness.Token{Seen: at(1), Wrote: []uint64{12}}, at(14, 12), false},
		"another epoch":             {freshness.Token{Seen: at(12)}, elsewhere, false},
		"the present":               {freshness.Present(), at(99), false},
		"the present, no point":     {freshness.Present(), freshness.Point{}, false},
	}
	for name, c := range cases {
		again, err := freshness.ParseToken(c.token.String())
		if err != nil || again.MetBy(c.point) != c.met || c.token.MetBy(c.point) != c.met {
			t.Errorf("%s: met by %v is not %t (%v)", name, c.point, c.met, err)
		}
	}
}

func TestATokenAfterAWriteAsksForTheWriteAndForWhatWasSeenBefore(t *testing.T) {
	before := freshness.Token{Seen: at(12), Wrote: []uint64{14}}
	known, ok := before.After(16, at(15))
	if !ok || !known.MetBy(at(17)) || known.MetBy(at(16)) || known.MetBy(at(17, 14)) {
		t.Errorf("where the token is met, the next one is %+v (%t)", known, ok)
	}
	behind, ok := before.After(16, at(13))
	if !ok || !behind.MetBy(at(17)) || behind.MetBy(at(16)) || behind.MetBy(at(17, 14)) || behind.MetBy(at(17, 11)) {
		t.Errorf("where the token is not met, the next one is %+v (%t)", behind, ok)
	}
	if token, ok := before.After(16, freshness.Point{Epoch: "there", Snapshot: at(99).Snapshot}); ok {
		t.Errorf("a token of another epoch continues as %+v", token)
	}
	for tx := uint64(15); ; tx++ {
		if before, ok = before.After(tx, at(13)); !ok {
			break
		}
		if again, err := freshness.ParseToken(before.String()); err != nil || len(again.Wrote) != len(before.Wrote) ||
			tx > 1000 {
			t.Fatalf("after %d writes the token reads as %+v, %v", tx-14, again, err)
		}
	}
}

func TestInvalidTokensAreRefused(t *testing.T) {
	for _, text := range []string{"", "*", "?", "aGVyZQ", "aGVyZTsxOjE6", "aGVyZTsxOjE6O3g", "aGVyZTsyOjE6OzA",
		base64.RawURLEncoding.EncodeToString([]byte("here;1:1:;" + strings.Repeat("1,", 64) + "1")),
		freshness.Token{}.String() + "="} {
		if token, err := freshness.ParseToken(text); !errors.Is(err, freshness.ErrInvalidToken) {
			t.Errorf("%q was read as %+v, %v", text, token, err)
		}
	}
}

// FuzzParseToken finds texts that are read wrongly.
func FuzzParseToken(f *testing.F) {
	f.Add(freshness.Token{Seen: at(14, 12), Wrote: []uint64{13, 15}}.String())
	f.Fuzz(func(t *testing.T, text string) {
		token, err := freshness.ParseToken(text)
		if err != nil {
			return
		}
		again, err := freshness.ParseToken(token.String())
		if err != nil || !slices.Equal(again.Wrote, token.Wrote) || again.Seen.Epoch != token.Seen.Epoch ||
			!slices.Equal(again.Seen.Snapshot.InFlight, token.Seen.Snapshot.InFlight) {
			t.Errorf("%q reads as %+v and then as %+v, %v", text, token, again, err)
		}
	})
}

// An announcement comes late:
//
//  1. This process inserts a house and is put to sleep before it has announced that.
//  2. Others remove the house and go on; the feed delivers all of it. The ledger has room for the last two changes.
//  3. A reader finds that the house does not exist, and caches that.
//  4. The process wakes and announces its house.
func TestALateAnnouncementDoesNotRaiseTheDead(t *testing.T) {
	l := following(2)
	own := made(11, 1) // 1
	l.Append(own, property.Deleted(12, house(1, 10), birth), made(13, 2), made(14, 3))
	l.Reach(at(15))        // 2
	absent := l.Position() // 3
	l.Announce(own)        // 4
	if p, _, verdict := l.PatchItem(idOf(1), nil, absent); p != nil || verdict == freshness.Stale {
		t.Errorf("a house that was removed is back: %+v (%v)", p, verdict)
	}
}

// After a crash the database may reuse a number that the ledger has seen on another transaction.
func TestAnAnnouncementWithANumberSeenBeforeIsNotOverlooked(t *testing.T) {
	l := following(9, 11)
	l.Reach(at(20))
	cached := freshness.NewEntry(l.Position(), freshness.OnItem(idOf(5)))
	point := l.Point()
	l.Announce(made(15, 5))
	if got := l.Check(cached); got == freshness.Fresh {
		t.Error("an answer cached before an own write is still fresh")
	}
	wantNotLocated(t, l, freshness.Point{Epoch: point.Epoch, Snapshot: at(15).Snapshot})
}

func TestAnAnnouncementIsKnownBeforeTheFeedDeliversIt(t *testing.T) {
	l := following(9)
	before := l.Position()
	l.Announce(made(11, 1))
	wantVerdict(t, l.Check(freshness.NewEntry(before, freshness.OnItem(idOf(1)))), freshness.Stale)
	l.Append(made(11, 1))
	if l.Position() != before+1 {
		t.Error("the echo of an announcement counts as another change")
	}
}

// The feed may be faster than the writer's own announcement, which then adds nothing and must not empty the ledger.
func TestAnAnnouncementAfterTheFeedChangesNothing(t *testing.T) {
	l := following(9)
	l.Append(made(11, 1))
	l.Reach(at(12))
	after := l.Position()
	l.Announce(made(11, 1))
	if l.Position() != after {
		t.Error("a change that the feed has delivered counts as another one when its writer announces it")
	}
	wantVerdict(t, l.Check(freshness.NewEntry(after, freshness.OnItem(idOf(1)))), freshness.Fresh)
}

// A row names the subtransaction that wrote it, which a snapshot does not list as in flight: only its transaction.
func TestASubtransactionIsNotKnownBeforeItsTransactionIs(t *testing.T) {
	for name, c := range map[string]struct {
		reached freshness.Point
		before  uint64
		want    freshness.Verdict
	}{
		"its transaction is in flight":   {at(22, 18), 20, freshness.Stale},
		"its transaction has ended":      {at(22), 20, freshness.Fresh},
		"it is younger than all seen":    {at(20), 20, freshness.Stale},
		"the store has no other writers": {at(22, 18), 0, freshness.Fresh},
	} {
		t.Run(name, func(t *testing.T) {
			l := following(9)
			l.Reach(c.reached)
			cached := l.Position()
			own := property.Updated(30, house(1, 10), house(1, 10))
			own.Version, own.BeforeTx = 7, c.before
			l.Announce(own)
			_, verdict := l.CheckCount(&property.Filter{}, cached)
			wantVerdict(t, verdict, c.want)
		})
	}
}

// After a crash numbers are reused: this process writes in the new epoch, and its feed has not reached that epoch
// yet.
func TestAnOwnChangeOfAnotherEpochIsReported(t *testing.T) {
	for epoch, want := range map[string]bool{"": false, at(1).Epoch: false, "after the crash": true} {
		l := following(9)
		own := made(30, 1)
		own.Epoch = epoch
		if got := l.Announce(made(29, 2), own, made(31, 3)); got != want {
			t.Errorf("a change of the epoch %q is reported: %t", epoch, got)
		}
	}
}
