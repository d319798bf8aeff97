package porttest

import (
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

func reference(text string) func(*property.Details) {
	return func(d *property.Details) { d.Reference = text }
}
func source(text string) func(*property.Details) {
	return func(d *property.Details) { d.Source = text }
}
func title(text string) func(*property.Details) { return func(d *property.Details) { d.Title = text } }
func price(p property.Decimal) func(*property.Details) {
	return func(d *property.Details) { d.Price = p }
}

var createCases = []suiteCase[shelf]{
	{"find_reports_a_missing_listing", "Find of an id without a listing is ErrNotFound.", func(s shelf) {
		s.add(1)
		s.wantGone(numbered(2))
	}},
	{"create_returns_the_listing_as_stored", "Create returns the change, with the listing as stored in After.",
		func(s shelf) {
			p := s.draft(1)
			creation, err := s.repo.Create(s.t.Context(), p, nil)
			if err != nil || creation.Replayed {
				s.t.Fatalf("create: replayed %t, error %v", creation.Replayed, err)
			}
			s.wantHeading(creation.Change, property.OpInsert, p.ID, 1)
			s.wantSame("the image after", *s.after(creation.Change), p)
			if creation.Change.Before != nil {
				s.t.Fatalf("an insert has a Before image: %+v", *creation.Change.Before)
			}
			s.wantStored(p)
		}},
	{"create_refuses_a_reference_in_use",
		"Create with a reference that another listing has is ErrReferenceTaken, and stores nothing.", func(s shelf) {
			first := s.add(1, reference("R-1"))
			_, err := s.repo.Create(s.t.Context(), s.draft(2, reference("R-1")), nil)
			s.wantError("create with a taken reference", err, property.ErrReferenceTaken)
			s.wantGone(numbered(2))
			s.wantStored(first)
		}},
	{"listings_without_a_reference_coexist", "Any number of listings may be without a reference.", func(s shelf) {
		s.add(1)
		s.add(2)
		s.wantFound("limit=10", "b", "c")
	}},
	{"references_differ_by_case", "References that differ in case alone are different.", func(s shelf) {
		s.add(1, reference("r-1"))
		s.add(2, reference("R-1"))
		s.wantFound("limit=10", "b", "c")
	}},
	{"create_refuses_an_id_in_use", "Create with an id in use is ErrVersionConflict, and changes nothing.",
		func(s shelf) {
			first := s.add(1)
			_, err := s.repo.Create(s.t.Context(), s.draft(1, title("other")), nil)
			s.wantError("create with an id in use", err, property.ErrVersionConflict)
			s.wantStored(first)
		}},
	{"create_after_delete_goes_on_counting",
		"A listing created with the id of a deleted one has a version above that of the deletion.", func(s shelf) {
			gone := s.delete(s.add(1).ID, 0)
			again := s.add(1)
			if again.Version <= gone.Version {
				s.t.Fatalf("version %d after a deletion at version %d", again.Version, gone.Version)
			}
			s.wantStored(again)
		}},
	{"a_reference_is_free_after_delete", "The reference of a deleted listing is free for another.", func(s shelf) {
		s.delete(s.add(1, reference("R-1")).ID, 0)
		s.wantStored(s.add(2, reference("R-1")))
	}},
}

var idempotencyCases = []suiteCase[shelf]{
	{"the_same_request_is_replayed",
		"A known idempotency key with the same request stores nothing: the result is the first creation's, with Replayed " +
			"set and Tx 0.", func(s shelf) {
			first := s.createWithKey(1, "a", "k", "request")
			second := s.createWithKey(2, "a", "k", "request")
			s.wantReplay(second, first)
			s.wantGone(numbered(2))
		}},
	{"a_replay_returns_what_was_created",
		"A replay is the first creation's result even when the listing has been updated or deleted since.", func(s shelf) {
			first := s.createWithKey(1, "a", "k", "request")
			s.update(*first.Change.After, title("changed"))
			s.wantReplay(s.createWithKey(2, "a", "k", "request"), first)
			s.delete(numbered(1), 0)
			s.wantReplay(s.createWithKey(2, "a", "k", "request"), first)
		}},
	{"another_request_is_refused",
		"A known idempotency key with another request is ErrIdempotencyKeyReused, and stores nothing.", func(s shelf) {
			s.createWithKey(1, "a", "k", "request")
			_, err := s.repo.Create(s.t.Context(), s.draft(2), &ports.IdempotencyKey{Owner: "a", Key: "k", Request: "another"})
			s.wantError("create with a reused key", err, ports.ErrIdempotencyKeyReused)
			s.wantGone(numbered(2))
		}},
	{"owners_have_their_own_keys", "The same idempotency key of two owners makes two listings.", func(s shelf) {
		s.createWithKey(1, "a", "k", "request")
		if c := s.createWithKey(2, "b", "k", "request"); c.Replayed {
			s.t.Fatalf("the key of another owner was replayed")
		}
		s.createWithKey(3, "a", "k2", "request")
		s.wantFound("limit=10", "b", "c", "d")
	}},
	{"a_failed_creation_stores_no_key",
		"The key is stored in the same transaction: when the creation fails, the key is still free.", func(s shelf) {
			s.add(1, reference("R-1"))
			key := &ports.IdempotencyKey{Owner: "a", Key: "k", Request: "request"}
			_, err := s.repo.Create(s.t.Context(), s.draft(2, reference("R-1")), key)
			s.wantError("create with a taken reference", err, property.ErrReferenceTaken)
			if c := s.createWithKey(2, "a", "k", "corrected"); c.Replayed {
				s.t.Fatalf("a creation that failed was replayed")
			}
		}},
	{"long_keys_are_distinct", "Keys of 255 characters are compared in full.", func(s shelf) {
		long := make([]rune, 255)
		for i := range long {
			long[i] = 'é'
		}
		s.createWithKey(1, "a", string(long), "request")
		long[254] = 'e'
		if c := s.createWithKey(2, "a", string(long), "request"); c.Replayed {
			s.t.Fatalf("keys that differ in their last character were taken for one")
		}
	}},
}

func (s shelf) createWithKey(n int, owner, key, request string) ports.Creation {
	s.t.Helper()
	creation, err := s.repo.Create(s.t.Context(), s.draft(n), &ports.IdempotencyKey{Owner: owner, Key: key,
		Request: request})
	if err != nil {
		s.t.Fatalf("create listing %d with key %q of %q: %v", n, key, owner, err)
	}
	s.after(creation.Change)
	return creation
}

func (s shelf) wantReplay(got, first ports.Creation) {
	s.t.Helper()
	if !got.Replayed || got.Change.Tx != 0 {
		s.t.Fatalf("the second creation has Replayed %t and Tx %d, not true and 0", got.Replayed, got.Change.Tx)
	}
	s.wantHeading(got.Change, property.OpInsert, first.Change.ID, first.Change.Version)
	s.wantSame("the listing replayed", *s.after(got.Change), *first.Change.After)
}
