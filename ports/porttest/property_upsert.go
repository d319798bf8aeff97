package porttest

import (
	"fmt"
	"strings"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

var upsertCases = []suiteCase[shelf]{
	{"upsert_reports_what_it_did_in_order",
		"Upsert returns one result per listing in the order of the batch: insert, update, or an empty operation when " +
			"nothing differed.", func(s shelf) {
			same := s.add(1, reference("same"))
			other := s.add(2, reference("other"))
			result := s.upsert(
				s.draft(12, reference("other"), price(1)),
				s.draft(13, reference("new")),
				s.draft(1, reference("same")),
			)
			s.wantHeading(result[0].Change, property.OpUpdate, other.ID, other.Version+1)
			s.wantHeading(result[1].Change, property.OpInsert, numbered(13), 1)
			if op := result[2].Change.Op; op != "" {
				s.t.Fatalf("an unchanged listing was reported as %q", op)
			}
			s.wantBefore(result[0].Change, other)
			s.wantStored(*s.after(result[0].Change))
			s.wantStored(*s.after(result[1].Change))
			s.wantStored(same)
			s.wantFound("limit=10", "b", "m", "n")
		}},
	{"upsert_keeps_a_known_listings_id",
		"A listing with a known reference has its details replaced; its id and created_at stay.", func(s shelf) {
			known := s.add(1, reference("R"))
			batch := s.draft(2, reference("R"), title("new"))
			batch.CreatedAt, batch.UpdatedAt, batch.Version = birth.Add(time.Hour), birth.Add(time.Hour), 9
			s.upsert(batch)
			after := s.find(known.ID)
			if after.Title != "new" || after.Version != known.Version+1 || !after.CreatedAt.Equal(birth) {
				s.t.Fatalf("the known listing became %+v", after)
			}
			s.wantGone(batch.ID)
		}},
	{"upsert_creates_with_the_times_of_the_batch", "A listing with a new reference is created with its ID and times.",
		func(s shelf) {
			p := s.draft(1, reference("R"))
			p.CreatedAt, p.UpdatedAt = birth.Add(-time.Hour), birth.Add(-time.Minute)
			s.upsert(p)
			s.wantStored(p)
		}},
	{"upsert_twice_changes_nothing", "A listing without any difference is left unchanged, in every field.", func(s shelf) {
		s.upsert(s.full(1), s.draft(2, reference("bare")))
		first, second := s.find(numbered(1)), s.find(numbered(2))
		for _, u := range s.upsert(s.full(11), s.draft(12, reference("bare"), title(second.Title))) {
			if u.Change.Op != "" {
				s.t.Fatalf("upserting the same listing again was reported as %s", u.Change.Op)
			}
		}
		s.wantStored(first)
		s.wantStored(second)
	}},
	{"upsert_notices_every_field", "A difference in any one field is an update.", func(s shelf) {
		for name, edit := range oneFieldEdits() {
			s.upsert(s.full(1))
			u := s.upsert(s.full(1, edit))[0]
			if u.Change.Op != property.OpUpdate {
				s.t.Fatalf("another %s was reported as %q", name, u.Change.Op)
			}
			s.wantStored(*s.after(u.Change))
		}
	}},
	{"upsert_retains_what_is_absent",
		"A field that is absent stays as it is in a known listing; every other field is replaced, with an empty value too.",
		func(s shelf) {
			full := s.full(1)
			for _, c := range absences() {
				s.upsert(full)
				stored := s.find(full.ID)
				bare := ports.Incoming{Property: s.draft(2, reference("full"), price(full.Price)), Absent: c.fields}
				want := bare.Completed(c.fields, &stored.Details)
				if c.Written(&want) != c.Written(&stored.Details) || c.Written(&want) == c.Written(&bare.Details) {
					s.t.Fatalf("the listings of this case do not differ in an absent %s", c.Name)
				}
				u := s.bring(bare)[0]
				after := s.after(u.Change)
				if !after.Details.Equal(want) {
					s.t.Fatalf("without %s the listing became %+v, want %+v", c.Name, after.Details, want)
				}
				s.wantStored(*after)
			}
		}},
	{"upsert_of_absent_fields_alone_changes_nothing",
		"A listing that differs in absent fields alone is left unchanged.", func(s shelf) {
			s.upsert(s.full(1))
			stored := s.find(numbered(1))
			bare := s.draft(2, reference("full"), title(stored.Title), price(stored.Price), func(d *property.Details) {
				d.Location = stored.Location
			})
			if u := s.bring(ports.Incoming{Property: bare, Absent: property.AllFields})[0]; u.Change.Op != "" {
				s.t.Fatalf("a listing that differs in nothing that is present was reported as %q", u.Change.Op)
			}
			s.wantStored(stored)
		}},
	{"upsert_creates_with_what_is_absent",
		"A new listing has the fields of the batch, and defaults for absent ones.", func(s shelf) {
			bare := s.draft(1, reference("R"))
			s.bring(ports.Incoming{Property: bare, Absent: property.AllFields})
			s.wantStored(bare)
		}},
	{"upsert_is_all_or_nothing", "When one listing of a batch cannot be stored, none is.", func(s shelf) {
		s.add(1, reference("holder"))
		known := s.add(2, reference("known"))
		clash := s.draft(1, reference("new id in use"))
		_, err := s.repo.Upsert(s.t.Context(), incoming(
			s.draft(3, reference("first")), s.draft(4, reference("known"), price(5)), clash, s.draft(5, reference("last")),
		))
		s.wantError("upsert a new listing with an id in use", err, property.ErrVersionConflict)
		s.wantStored(known)
		s.wantFound("limit=10", "b", "c")
	}},
	{"upsert_refuses_a_malformed_batch",
		"Each listing of a batch needs a reference of its own; more than MaxBatch listings are refused.", func(s shelf) {
			batches := map[string][]property.Property{
				"without a reference":      {s.draft(1, reference("R")), s.draft(2)},
				"with one reference twice": {s.draft(1, reference("R")), s.draft(2, reference("R"))},
				"beyond MaxBatch":          s.batch(ports.MaxBatch + 1),
			}
			for what, batch := range batches {
				if _, err := s.repo.Upsert(s.t.Context(), incoming(batch...)); err == nil {
					s.t.Fatalf("a batch %s was accepted", what)
				}
				s.wantFound("limit=10")
			}
		}},
	{"upsert_takes_an_empty_batch", "An empty batch succeeds.", func(s shelf) {
		s.upsert()
	}},
	{"upsert_takes_a_full_batch", "A batch may have MaxBatch listings, all new, all changed or mixed.", func(s shelf) {
		batch := s.batch(ports.MaxBatch)
		for i, u := range s.upsert(batch...) {
			s.wantHeading(u.Change, property.OpInsert, batch[i].ID, 1)
		}
		for i := range batch {
			if i%2 == 0 {
				batch[i].Price++
			}
		}
		for i, u := range s.upsert(batch...) {
			if changed := u.Change.Op == property.OpUpdate; changed != (i%2 == 0) {
				s.t.Fatalf("item %d of a half changed batch was reported as %q", i, u.Change.Op)
			}
		}
	}},
}

func (s shelf) batch(size int) []property.Property {
	s.t.Helper()
	batch := make([]property.Property, size)
	for i := range batch {
		batch[i] = s.draft(i, reference(fmt.Sprintf("R-%d", i)))
	}
	return batch
}

// largeBatch returns a batch of the largest descriptions, which weigh at least weight bytes together.
func (s shelf) largeBatch(weight int) []property.Property {
	s.t.Helper()
	description := strings.Repeat("屋", property.MaxDescription)
	batch := s.batch(weight/len(description) + 1)
	for i := range batch {
		batch[i].Description = description
	}
	return batch
}

// full returns a draft with a value in every field.
func (s shelf) full(n int, edits ...func(*property.Details)) property.Property {
	s.t.Helper()
	fill := func(d *property.Details) {
		*d = FullListing(s.t).Details
		d.Reference, d.Title, d.Description = "full", "full", "Line one\r\n\tline two"
		d.Photos = append(d.Photos, d.Photos[0])
	}
	return s.draft(n, append([]func(*property.Details){fill}, edits...)...)
}
