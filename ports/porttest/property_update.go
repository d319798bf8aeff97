package porttest

import (
	"time"

	"github.com/gable-listings/gable/domain/property"
)

var updateCases = []suiteCase[shelf]{
	{"update_returns_both_images",
		"Update returns the change: the state before, and the state after with the version and time set by the store.",
		func(s shelf) {
			before := s.add(1, reference("R-1"))
			change := s.update(before, title("new"), price(7_50))
			after := *s.after(change)
			s.wantHeading(change, property.OpUpdate, before.ID, after.Version)
			s.wantBefore(change, before)
			if after.Title != "new" || after.Price != 7_50 || after.Reference != "R-1" {
				s.t.Fatalf("the image after is %+v", after)
			}
			s.wantStored(after)
		}},
	{"update_counts_one_version", "Each update raises the version by exactly one.", func(s shelf) {
		p := s.add(1)
		for range 3 {
			after := *s.after(s.update(p))
			if after.Version != p.Version+1 {
				s.t.Fatalf("the version is %d after an update at version %d", after.Version, p.Version)
			}
			p = after
		}
	}},
	{"update_keeps_the_birth", "An update never changes created_at, whatever the caller passes.", func(s shelf) {
		p := s.add(1)
		p.CreatedAt = p.CreatedAt.Add(time.Hour)
		after := *s.after(s.update(p))
		if !after.CreatedAt.Equal(birth) {
			s.t.Fatalf("created_at is %s after an update, not %s", after.CreatedAt, birth)
		}
		s.wantStored(after)
	}},
	{"updated_at_never_goes_back",
		"The store sets the time of each change, never before the previous one.", func(s shelf) {
			old := s.add(1)
			if after := s.after(s.update(old)); !after.UpdatedAt.After(old.UpdatedAt) {
				s.t.Fatalf("updated_at is %s after a change to a listing last updated at %s", after.UpdatedAt, old.UpdatedAt)
			}
			ahead := s.draft(2)
			ahead.UpdatedAt = birth.AddDate(100, 0, 0)
			s.create(ahead)
			if after := s.after(s.update(ahead)); after.UpdatedAt.Before(ahead.UpdatedAt) {
				s.t.Fatalf("updated_at went back from %s to %s", ahead.UpdatedAt, after.UpdatedAt)
			}
		}},
	{"update_refuses_another_version",
		"Update at a version other than the stored one is ErrVersionConflict, and changes nothing.", func(s shelf) {
			first := s.add(1)
			second := *s.after(s.update(first, title("second")))
			for _, version := range []int64{first.Version, second.Version + 1, 0, -1} {
				stale := first
				stale.Version, stale.Title = version, "stale"
				_, err := s.repo.Update(s.t.Context(), stale)
				s.wantError("update at another version", err, property.ErrVersionConflict)
			}
			s.wantStored(second)
		}},
	{"update_reports_a_missing_listing", "Update of an id without a listing is ErrNotFound.", func(s shelf) {
		s.add(1)
		_, err := s.repo.Update(s.t.Context(), s.draft(2))
		s.wantError("update a missing listing", err, property.ErrNotFound)
		s.wantGone(numbered(2))
	}},
	{"update_refuses_a_reference_in_use",
		"Update to a reference that another listing has is ErrReferenceTaken, and changes nothing.", func(s shelf) {
			s.add(1, reference("R-1"))
			second := s.add(2, reference("R-2"))
			taken := second
			taken.Reference, taken.Title = "R-1", "taken"
			_, err := s.repo.Update(s.t.Context(), taken)
			s.wantError("update to a taken reference", err, property.ErrReferenceTaken)
			s.wantStored(second)
		}},
	{"update_gives_up_a_reference", "A reference that a listing gave up is free.", func(s shelf) {
		s.update(s.add(1, reference("R-1")), reference(""))
		s.wantStored(s.add(2, reference("R-1")))
	}},
}

var deleteCases = []suiteCase[shelf]{
	{"delete_returns_what_was_removed",
		"Delete returns the change: the state before, a version one above its last, and nothing after.", func(s shelf) {
			p := s.add(1)
			change := s.delete(p.ID, p.Version)
			s.wantHeading(change, property.OpDelete, p.ID, p.Version+1)
			s.wantBefore(change, p)
			if change.After != nil {
				s.t.Fatalf("a delete has an After image: %+v", *change.After)
			}
			s.wantGone(p.ID)
			s.wantFound("limit=10")
		}},
	{"delete_takes_any_version_for_zero", "Delete with version 0 deletes the listing at any version.",
		func(s shelf) {
			p := s.add(1)
			s.update(p)
			s.delete(p.ID, 0)
			s.wantGone(p.ID)
		}},
	{"delete_refuses_another_version",
		"Delete at a version other than the stored one is ErrVersionConflict, and changes nothing.", func(s shelf) {
			p := s.add(1)
			after := *s.after(s.update(p))
			for _, version := range []int64{p.Version, after.Version + 1, -1} {
				_, err := s.repo.Delete(s.t.Context(), p.ID, version)
				s.wantError("delete at another version", err, property.ErrVersionConflict)
			}
			s.wantStored(after)
		}},
	{"delete_reports_a_missing_listing", "Delete of an id without a listing is ErrNotFound.", func(s shelf) {
		p := s.add(1)
		for _, version := range []int64{0, 1} {
			_, err := s.repo.Delete(s.t.Context(), numbered(2), version)
			s.wantError("delete a missing listing", err, property.ErrNotFound)
		}
		s.wantStored(p)
	}},
}
