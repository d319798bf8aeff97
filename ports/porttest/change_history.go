package porttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// ChangeHistory checks that histories keep every promise of ports.ChangeHistory. newStore returns an empty
// repository, the feed of its changes, and the histories of its listings at each call. Resets in a history are left
// to the tests of stores that have resets.
func ChangeHistory(
	t *testing.T, newStore func(t *testing.T) (ports.PropertyRepository, ports.ChangeFeed, ports.ChangeHistory),
) {
	runCases(t, historyCases, func(t *testing.T) archive {
		repo, feed, histories := newStore(t)
		return archive{stream{shelf{t, repo}, feed}, histories}
	})
}

// archive is a stream whose changes can be looked up by listing.
type archive struct {
	stream
	histories ports.ChangeHistory
}

// as returns the archive with an actor: its writes are made in that name.
func (a archive) as(actor string) archive {
	a.t = acting{a.t, actor}
	return a
}

// acting is a case whose writes have an actor.
type acting struct {
	reporter
	actor string
}

func (a acting) Context() context.Context {
	return ports.WithActor(a.reporter.Context(), a.actor)
}

// recall reads a history to its beginning in pages of at most limit changes, the newest first.
func (a archive) recall(id property.ID, limit int) []property.Change {
	a.t.Helper()
	var changes []property.Change
	for before := int64(0); len(changes) < 10_000; {
		page, err := a.histories.History(a.t.Context(), id, before, limit)
		if err != nil {
			a.t.Fatalf("read %d changes of %s before %d: %v", limit, id, before, err)
		}
		if len(page.Changes) > limit || page.Next != 0 && len(page.Changes) == 0 {
			a.t.Fatalf("a page of at most %d changes has %d, and Next is %d", limit, len(page.Changes), page.Next)
		}
		changes = append(changes, page.Changes...)
		if before = page.Next; before == 0 {
			return changes
		}
	}
	a.t.Fatalf("the history never ends")
	return nil
}

// wantHistory checks the history of a listing against all changes that were made, oldest first.
func (a archive) wantHistory(id property.ID, made []property.Change, limit int) {
	a.t.Helper()
	want := byListing(made)[id]
	changes := a.recall(id, limit)
	if len(changes) != len(want) {
		a.t.Fatalf("the history of %s has %d changes, not %d:%s", id, len(changes), len(want), headings(changes))
	}
	slices.Reverse(want)
	for i, c := range changes {
		a.wantChange(c, want[i])
		if i > 0 && c.At.After(changes[i-1].At) {
			a.t.Fatalf("a change of %v comes after one of %v", c.At, changes[i-1].At)
		}
	}
}

// wantActors checks the actors of the changes of a listing, the newest first.
func (a archive) wantActors(id property.ID, actors ...string) {
	a.t.Helper()
	var got []string
	for _, c := range a.recall(id, 100) {
		got = append(got, c.Actor)
	}
	if !slices.Equal(got, actors) {
		a.t.Fatalf("the changes of %s were made by %q, not by %q", id, got, actors)
	}
}

var historyCases = []suiteCase[archive]{
	{"a_history_comes_newest_first",
		"History returns the changes of the listing by all actors, with both images, the newest first.", func(a archive) {
			made := append(a.write(), a.as("anna").update(a.find(numbered(1)), title("by anna")))
			for n := 1; n <= 9; n++ {
				a.wantHistory(numbered(n), made, 100)
			}
		}},
	{"pages_of_any_size_give_the_same_history",
		"A page has at most limit changes; from Next to Next they make up the whole history, and Next is 0 exactly when " +
			"nothing older is stored.", func(a archive) {
			made := a.write()
			for n := 1; n <= 3; n++ {
				for limit := 1; limit <= len(made); limit++ {
					a.wantHistory(numbered(n), made, limit)
				}
				total := len(a.recall(numbered(n), 100))
				for limit, left := range map[int]bool{total: false, total - 1: true} {
					if limit == 0 {
						continue
					}
					page, err := a.histories.History(a.t.Context(), numbered(n), 0, limit)
					if err != nil || (page.Next != 0) != left {
						a.t.Fatalf("with %d of %d changes on the page Next is %d, error %v", limit, total, page.Next, err)
					}
				}
			}
		}},
	{"every_change_has_its_actor",
		"Each change has the actor of its write, whatever the kind of write.", func(a archive) {
			a.as("creator").create(a.draft(1))
			a.as("reviser").update(a.find(numbered(1)), title("revised"))
			a.as("importer").upsert(a.draft(2, reference("two")), a.draft(3, reference("three")))
			a.as("key importer").upsert(a.draft(9, reference("three"), title("again")), a.draft(4, reference("four")))
			a.as("once").createWithKey(5, "owner", "key", "request")
			a.as("remover").delete(numbered(1), 0)
			a.as("undertaker").delete(numbered(2), 1)
			a.wantActors(numbered(1), "remover", "reviser", "creator")
			a.wantActors(numbered(2), "undertaker", "importer")
			a.wantActors(numbered(3), "key importer", "importer")
			a.wantActors(numbered(4), "key importer")
			a.wantActors(numbered(5), "once")
		}},
	{"a_missing_actor_is_not_the_one_before",
		"A write without an actor never gets the actor of an earlier write, whether that succeeded or failed.",
		func(a archive) {
			a.as("anna").create(a.draft(1))
			a.as("anna").upsert(a.draft(2, reference("two")))
			stale := a.find(numbered(1))
			stale.Version++
			_, err := a.repo.Update(a.as("anna").t.Context(), stale)
			a.wantError("update at another version", err, property.ErrVersionConflict)
			_, err = a.repo.Create(a.as("anna").t.Context(), a.draft(3, reference("two")), nil)
			a.wantError("create with a taken reference", err, property.ErrReferenceTaken)
			a.update(a.find(numbered(1)), title("no actor"))
			a.upsert(a.draft(9, reference("two"), title("no actor")), a.draft(4, reference("four")))
			a.create(a.draft(3))
			a.createWithKey(5, "owner", "key", "request")
			a.delete(numbered(1), 0)
			for n, unnamed := range map[int]int{1: 2, 2: 1, 3: 1, 4: 1, 5: 1} {
				for _, c := range a.recall(numbered(n), 100)[:unnamed] {
					if strings.Contains(c.Actor, "anna") {
						a.t.Fatalf("the %s of %s to version %d has the actor anna", c.Op, c.ID, c.Version)
					}
				}
			}
		}},
	{"writers_at_once_keep_their_names", "Of writers at the same time each has its own name in the history.",
		func(a archive) {
			const writers, rounds = 4, 8
			names := []string{"one", "two", "", "four"}
			if err := errors.Join(together(writers,
				func(i int) error { return a.as(names[i]).writeRounds(i+1, rounds) })...); err != nil {
				a.t.Fatalf("writing at once: %v", err)
			}
			unnamed := a.recall(numbered(3), 1)[0].Actor // the database's own default
			for i, name := range names {
				if name == "" {
					name = unnamed
				}
				a.wantActors(numbered(i+1), slices.Repeat([]string{name}, rounds)...)
			}
			if slices.Contains(names[:2], unnamed) || unnamed == names[3] {
				a.t.Fatalf("a change without an actor has the actor %q", unnamed)
			}
		}},
	{"an_actor_is_text_like_any_other", "An actor comes back character by character.", func(a archive) {
		actors := []string{"O'Brien", `"x" \ %s $1 ? ?0`, "旺角 🏡 Łódź", "a\nb", " ", "'; DROP TABLE properties; --"}
		a.create(a.draft(1))
		for i, actor := range actors {
			a.as(actor).update(a.find(numbered(1)))
			a.as(actor).upsert(a.draft(2, reference("two"), price(property.Decimal(i))))
		}
		for n, made := range map[int]int{1: len(actors), 2: len(actors)} {
			for i, c := range a.recall(numbered(n), 100)[:made] {
				if want := actors[len(actors)-1-i]; c.Actor != want {
					a.t.Fatalf("the actor %q comes back as %q", want, c.Actor)
				}
			}
		}
	}},
	{"a_long_actor_is_cut", "Of a long actor the first MaxActor characters are stored.", func(a archive) {
		fits := strings.Repeat("é", ports.MaxActor)
		a.as(fits).create(a.draft(1))
		a.as(fits+"x").update(a.find(numbered(1)), title("longer"))
		a.as(strings.Repeat(fits, 1000)).upsert(a.draft(2, reference("two")))
		a.wantActors(numbered(1), fits, fits)
		a.wantActors(numbered(2), fits)
	}},
	{"a_deleted_listing_has_a_history",
		"The history of a listing goes on after its deletion, and after it is created again.",
		func(a archive) {
			made := []property.Change{a.inserted(a.full(1)), a.delete(numbered(1), 0)}
			a.wantHistory(numbered(1), made, 100)
			made = append(made, a.inserted(a.draft(1)), a.delete(numbered(1), 0))
			a.wantHistory(numbered(1), made, 100)
			a.wantHistory(numbered(1), made, 1)
		}},
	{"an_unknown_listing_has_no_history", "The history of an unknown listing is empty, without an error.",
		func(a archive) {
			a.write()
			a.wantHistory(numbered(77), nil, 10)
		}},
	{"what_changed_nothing_is_in_no_history",
		"A write that was refused, replayed or found nothing different is in no history.", func(a archive) {
			made := []property.Change{a.inserted(a.draft(1, reference("one"))), a.createWithKey(2, "a", "k", "request").Change}
			anna := a.as("anna")
			anna.createWithKey(3, "a", "k", "request")
			anna.upsert(a.draft(4, reference("one"), title("b")))
			_, err := anna.repo.Delete(anna.t.Context(), numbered(2), 7)
			a.wantError("delete another version", err, property.ErrVersionConflict)
			for n := 1; n <= 4; n++ {
				a.wantHistory(numbered(n), made, 10)
			}
			for _, c := range slices.Concat(a.recall(numbered(1), 10), a.recall(numbered(2), 10)) {
				if c.Actor == "anna" {
					a.t.Fatalf("the %s of %s has the actor anna", c.Op, c.ID)
				}
			}
		}},
	{"pruned_changes_leave_every_history", "Changes that have been pruned are gone from every history.", func(a archive) {
		a.write()
		_, last := a.laterChange()
		if changes := a.recall(last.ID, 100); len(changes) < 4 {
			a.t.Fatalf("before anything is pruned the history has %d changes", len(changes))
		}
		a.prune(last.At)
		a.wantHistory(last.ID, []property.Change{last}, 10)
		a.wantHistory(numbered(2), nil, 10)
		a.prune(last.At.Add(time.Hour))
		a.wantHistory(last.ID, nil, 10)
	}},
	{"a_history_ends_with_its_context",
		"History returns with an error that wraps the context's own when that is cancelled or its deadline has passed.",
		func(a archive) {
			a.write()
			ctx, cancel := context.WithCancel(a.t.Context())
			cancel()
			_, err := a.histories.History(ctx, numbered(1), 0, 10)
			a.wantError("read a history", err, context.Canceled)
			ctx, cancel = context.WithDeadline(a.t.Context(), time.Now().Add(-time.Second))
			defer cancel()
			_, err = a.histories.History(ctx, numbered(1), 0, 10)
			a.wantError("read a history", err, context.DeadlineExceeded)
		}},
}
