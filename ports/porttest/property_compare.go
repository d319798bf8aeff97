package porttest

import (
	"fmt"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

var compareCases = []suiteCase[shelf]{
	{"compare_returns_what_upsert_would",
		"Compare returns the operations and details that Upsert of the same batch then returns, and stores nothing.",
		func(s shelf) {
			same := s.add(1, reference("same"))
			other := s.add(2, reference("other"), func(d *property.Details) { d.Photos = []string{"https://a.example/1"} })
			retained := s.add(4, reference("retained"), func(d *property.Details) { d.Description = "stays" })
			batch := incoming(
				s.draft(12, reference("other"), price(1)), s.draft(13, reference("new")), s.draft(1, reference("same")),
				s.draft(14, reference("retained"), price(2)),
			)
			batch[3].Absent = property.AllFields
			expected := s.compare(batch...)
			for _, p := range []property.Property{same, other, retained} {
				s.wantStored(p)
			}
			s.wantGone(numbered(13))
			for i, done := range s.bring(batch...) {
				s.wantExpected(expected[i], done)
			}
			s.wantSame("the compared listing before", *s.before(expected[0].Change), other)
		}},
	{"compare_returns_no_transaction",
		"A compared change has no transaction, and After has the version and times from before a write.", func(s shelf) {
			stored := s.add(1, reference("R"))
			bigger := s.draft(2, reference("R"), price(7))
			change := s.compare(incoming(bigger)...)[0].Change
			want := stored
			want.Details = bigger.Details
			s.wantSame("the compared listing", *s.after(change), want)
			if change.Tx != 0 || change.BeforeTx != 0 {
				s.t.Fatalf("the compared change has the transaction %d after %d", change.Tx, change.BeforeTx)
			}
			s.wantSame("a new listing", *s.after(s.compare(incoming(s.draft(3, reference("S")))...)[0].Change),
				s.draft(3, reference("S")))
		}},
	{"compare_refuses_a_malformed_batch", "Compare refuses the malformed batches that Upsert refuses.", func(s shelf) {
		for what, batch := range map[string][]property.Property{
			"without a reference":      {s.draft(1, reference("R")), s.draft(2)},
			"with one reference twice": {s.draft(1, reference("R")), s.draft(2, reference("R"))},
			"beyond MaxBatch":          s.batch(ports.MaxBatch + 1),
		} {
			if _, err := s.repo.Compare(s.t.Context(), incoming(batch...)); err == nil {
				s.t.Fatalf("a batch %s was compared", what)
			}
		}
		if result, err := s.repo.Compare(s.t.Context(), nil); err != nil || len(result) != 0 {
			s.t.Fatalf("the comparison of an empty batch is %v, %v", result, err)
		}
	}},
	{"upsert_returns_an_unchanged_listing", "After an empty operation After is the listing as it is stored.",
		func(s shelf) {
			stored := s.add(1, reference("R"))
			s.wantSame("the unchanged listing", *s.after(s.upsert(s.draft(2, reference("R"), title(stored.Title)))[0].Change),
				stored)
		}},
	{"upsert_leaves_alone_what_it_may_not_claim",
		"A claimed listing that is stored with another source stays as it is, and the result names that source.",
		func(s shelf) {
			theirs := s.add(1, reference("R"), source("theirs"))
			mine := s.add(2, reference("S"), source("mine"))
			batch := incoming(
				s.draft(3, reference("R"), source("mine"), price(7)), s.draft(4, reference("S"), source("mine"), price(7)),
			)
			batch[0].Claimed, batch[1].Claimed = true, true
			for _, result := range [][]ports.Upserted{s.compare(batch...), s.bring(batch...)} {
				if u := result[0]; u.Change.Op != "" || u.Foreign != "theirs" {
					s.t.Fatalf("a listing of another source was reported as %q of %q", u.Change.Op, u.Foreign)
				}
				s.wantSame("the listing of another source", *s.after(result[0].Change), theirs)
				if u := result[1]; u.Change.Op != property.OpUpdate || u.Foreign != "" {
					s.t.Fatalf("a listing of the same source was reported as %q of %q", u.Change.Op, u.Foreign)
				}
			}
			s.wantStored(theirs)
			if p := s.find(mine.ID); p.Price != 7 {
				s.t.Fatalf("the claimed listing costs %s", p.Price)
			}
		}},
	{"upsert_adopts_what_has_no_source", "A claimed listing that is stored without a source gets the one of the batch.",
		func(s shelf) {
			stored := s.add(1, reference("R"))
			batch := incoming(s.draft(2, reference("R"), title(stored.Title), source("mine")))
			batch[0].Claimed = true
			if u := s.bring(batch...)[0]; u.Change.Op != property.OpUpdate || s.find(stored.ID).Source != "mine" {
				s.t.Fatalf("a listing without a source was reported as %q, and has the source %q",
					u.Change.Op, s.find(stored.ID).Source)
			}
		}},
	{"upsert_without_a_claim_moves_a_listing", "A listing that is not claimed replaces the source like any other field.",
		func(s shelf) {
			stored := s.add(1, reference("R"), source("theirs"))
			s.upsert(s.draft(2, reference("R"), source("mine")))
			if p := s.find(stored.ID); p.Source != "mine" {
				s.t.Fatalf("the listing has the source %q", p.Source)
			}
		}},
	{"upsert_offers_again_what_was_withdrawn",
		"An offered listing without a status is active again when it was withdrawn; any other status stays.",
		func(s shelf) {
			n := 0
			for _, status := range property.Statuses() {
				for _, offered := range []bool{false, true} {
					n++
					stored := s.add(n, reference(fmt.Sprint("R-", n)), func(d *property.Details) { d.Status = status })
					batch := incoming(s.draft(40, reference(stored.Reference)))
					batch[0].Absent, batch[0].Offered = property.AllFields, offered
					want := status
					if offered && status == property.StatusWithdrawn {
						want = property.StatusActive
					}
					s.bring(batch...)
					if p := s.find(stored.ID); p.Status != want {
						s.t.Fatalf("a listing that was %s, and is offered (%t), is %s", status, offered, p.Status)
					}
				}
			}
		}},
}

// withdrawCases are about listings that their source no longer has.
var withdrawCases = []suiteCase[shelf]{
	{"upsert_withdraws_live_listings_of_the_source",
		"A withdrawal changes nothing but the status of a live listing of its source, and creates nothing.",
		func(s shelf) {
			full := s.full(1, reference("full"), source("mine"), status(property.StatusPending))
			stored := s.create(full)
			sold := s.add(2, reference("sold"), source("mine"), status(property.StatusSold))
			theirs := s.add(3, reference("theirs"), source("theirs"))
			free := s.add(4, reference("free"))
			batch := make([]ports.Incoming, 0, 5)
			for _, name := range []string{"full", "sold", "theirs", "free", "unknown"} {
				batch = append(batch, ports.Incoming{Withdrawal: true})
				batch[len(batch)-1].Reference, batch[len(batch)-1].Source = name, "mine"
			}
			for _, result := range [][]ports.Upserted{s.compare(batch...), s.bring(batch...), s.bring(batch...)} {
				for i, u := range result[1:] {
					if u.Change.Op != "" || u.Foreign != "" || (u.Change.After == nil) != (i == 3) {
						s.t.Fatalf("the withdrawal of %s was reported as %+v", batch[i+1].Reference, u)
					}
				}
			}
			want := stored
			want.Status = property.StatusWithdrawn
			if p := s.find(stored.ID); !p.Details.Equal(want.Details) || p.Version != stored.Version+1 {
				s.t.Fatalf("the withdrawn listing is\n%+v\nnot\n%+v", p, want)
			}
			for _, p := range []property.Property{sold, theirs, free} {
				s.wantStored(p)
			}
			s.wantFoundMany("limit=10", 4)
		}},
}

func status(s property.Status) func(*property.Details) {
	return func(d *property.Details) { d.Status = s }
}

func (s shelf) compare(batch ...ports.Incoming) []ports.Upserted {
	s.t.Helper()
	result, err := s.repo.Compare(s.t.Context(), batch)
	if err != nil {
		s.t.Fatalf("compare %d listings: %v", len(batch), err)
	}
	if len(result) != len(batch) {
		s.t.Fatalf("the comparison of %d listings returned %d results", len(batch), len(result))
	}
	return result
}

// wantExpected checks that an upsert did what the comparison said.
func (s shelf) wantExpected(expected, done ports.Upserted) {
	s.t.Helper()
	if expected.Change.Op != done.Change.Op || expected.Change.ID != done.Change.ID {
		s.t.Fatalf("the comparison said %s of %s, and the upsert was %s of %s",
			expected.Change.Op, expected.Change.ID, done.Change.Op, done.Change.ID)
	}
	if got, want := s.after(expected.Change), s.after(done.Change); !got.Details.Equal(want.Details) {
		s.t.Fatalf("the comparison said\n%+v\nand the upsert returned\n%+v", got, want)
	}
}
