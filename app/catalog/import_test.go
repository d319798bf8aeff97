package catalog_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

// feedShop is the use cases over a repository in memory. It may be used by several goroutines.
type feedShop struct {
	*catalog.Catalog
	t         *testing.T
	published atomic.Int64
}

func newFeedShop(t *testing.T, around func(ports.PropertyRepository) ports.PropertyRepository) *feedShop {
	t.Helper()
	s := &feedShop{t: t}
	bus := eventbus.New(func(string, any) { t.Error("a subscriber panicked") })
	bus.Subscribe("test", func(_ context.Context, events []property.Event) { s.published.Add(int64(len(events))) })
	var last atomic.Uint32
	s.Catalog = catalog.New(around(memory.NewPropertyRepository(time.Now)), bus, catalog.Options{
		NewID: func() (id property.ID) {
			binary.BigEndian.PutUint32(id[12:], last.Add(1))
			return id
		},
		Now: time.Now, DefaultCurrency: "USD", CatchUp: func(context.Context) error { return nil },
	})
	return s
}

// fileOf returns a source of records; the line of each is its place, from 1.
func fileOf(records ...property.Record) func() (catalog.Source, error) {
	return func() (catalog.Source, error) {
		list := slices.Clone(records)
		for i := range list {
			list[i].Line = i + 1
		}
		return &recordList{rest: list}, nil
	}
}

type recordList struct {
	rest []property.Record
	err  error // in place of io.EOF
}

func (l *recordList) Next() (property.Record, error) {
	if len(l.rest) == 0 {
		if l.err != nil {
			return property.Record{}, l.err
		}
		return property.Record{}, io.EOF
	}
	r := l.rest[0]
	l.rest = l.rest[1:]
	return r, nil
}

// Skipped says that the list had two more rows.
func (l *recordList) Skipped() int { return 2 }

// record is a row with a reference, a title and a price, which lacks everything else.
func record(reference string, price property.Decimal) property.Record {
	return property.Record{
		Details: property.Details{Reference: reference, Title: reference, Location: "Here", Price: price},
		Absent:  property.AllFields,
	}
}

func rowsOf(references ...string) (list []property.Record) {
	for _, reference := range references {
		list = append(list, record(reference, 100))
	}
	return list
}

func broken(reference string) property.Record {
	r := record(reference, 1)
	r.Err = property.Invalid("price", "must be a decimal number")
	return r
}

func (s *feedShop) importing(im catalog.Import) property.ImportReport {
	s.t.Helper()
	report, err := s.Import(s.t.Context(), im)
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}

// stored returns the listings by reference.
func (s *feedShop) stored() map[string]property.Details {
	s.t.Helper()
	list := map[string]property.Details{}
	err := s.Export(s.t.Context(), property.Search{Sort: property.DefaultSort}, func(p *property.Property) error {
		list[p.Reference] = p.Details
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// statuses returns the listings with a status, such as "a b".
func (s *feedShop) with(status property.Status) string {
	s.t.Helper()
	list := s.stored()
	maps.DeleteFunc(list, func(_ string, d property.Details) bool { return d.Status != status })
	return strings.Join(slices.Sorted(maps.Keys(list)), " ")
}

func (s *feedShop) add(d property.Details) property.ID {
	s.t.Helper()
	d.Title, d.Location = "Stored", "Here"
	change, err := s.Create(s.t.Context(), d, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return change.ID
}

func plainly(r ports.PropertyRepository) ports.PropertyRepository { return r }

// A dry run and the import after it count the same, and the dry run stores nothing.
func TestADryRunSaysWhatTheImportThenDoes(t *testing.T) {
	s := newFeedShop(t, plainly)
	s.importing(catalog.Import{Open: fileOf(rowsOf("same", "dearer", "other")...)})
	before := s.stored()
	gardened := record("other", 100)
	gardened.Details.Description = "With a garden"
	gardened.Absent = gardened.Absent.Without(porttest.FieldsNamed("description"))
	im := catalog.Import{
		MaxReasons: 10, DryRun: true,
		Open: fileOf(record("new", 1), record("dearer", 150), record("same", 100), gardened, broken("bad"),
			record("dearer", 200), record("", 1)),
	}
	dry := s.importing(im)
	if diff := cmp.Diff(before, s.stored()); diff != "" {
		t.Errorf("the dry run stores:\n%s", diff)
	}
	want := property.ImportReport{
		Read: 7, Created: 1, Updated: 2, Unchanged: 1, Superseded: 1, Rejected: 2, Skipped: 2,
		Edits: []property.Edit{
			{Line: 4, Reference: "other", Fields: []property.Difference{{Field: "description", After: "With a garden"}}},
			{Line: 6, Reference: "dearer", Fields: []property.Difference{{Field: "price", Before: "1.00", After: "2.00"}}},
		},
		Supersessions: []property.Supersession{{Line: 2, Reference: "dearer", By: 6, Fields: []string{"price"}}},
	}
	want.EditedFields.Count([]property.Difference{{Field: "description"}, {Field: "price"}})
	samples, reasons := dry.Samples, dry.Reasons
	dry.Samples, dry.Reasons = nil, nil
	if diff := cmp.Diff(want, dry); diff != "" {
		t.Errorf("the dry run reports (-want +got):\n%s", diff)
	}
	if len(reasons) != 2 || reasons[0].Reference != "bad" || reasons[1].Line != 7 {
		t.Errorf("the reasons are %+v", reasons)
	}
	im.DryRun = false
	done := s.importing(im)
	done.Reasons = nil
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("the import reports (-want +got):\n%s", diff)
	}
	stored := s.stored()
	if len(samples) != 3 || samples[0].Line != 1 {
		t.Fatalf("the samples are %+v", samples)
	}
	for _, sample := range samples {
		if diff := cmp.Diff(stored[sample.Details.Reference], sample.Details); diff != "" {
			t.Errorf("line %d is not stored as the sample says:\n%s", sample.Line, diff)
		}
	}
}

func TestAReportShowsTenOfEachKindAndCountsAll(t *testing.T) {
	const rows = 1_203
	s := newFeedShop(t, plainly)
	var first, second []property.Record
	for i := range rows {
		first = append(first, record(fmt.Sprint("r", i), 1))
		second = append(second, record(fmt.Sprint("r", i), 2), record(fmt.Sprint("r", i), 3))
	}
	s.importing(catalog.Import{Open: fileOf(first...)})
	for _, dry := range []bool{true, false} {
		r := s.importing(catalog.Import{Open: fileOf(second...), DryRun: dry})
		if r.Updated != rows || len(r.Edits) != 10 || r.Superseded != rows || len(r.Supersessions) != 10 {
			t.Errorf("dry %t: %d updated, %d shown; %d superseded, %d shown", dry, r.Updated, len(r.Edits), r.Superseded,
				len(r.Supersessions))
		}
		if got := r.EditedFields.List(); len(got) != 1 || got[0] != (property.EditedField{Field: "price", Listings: rows}) {
			t.Errorf("dry %t: the fields are %+v", dry, got)
		}
	}
}

// A listing has a status, a text, photos and rooms; a file without these columns comes in.
func TestOnlyAReplacementClearsWhatARowLacks(t *testing.T) {
	s := newFeedShop(t, plainly)
	full := porttest.FullListing(t).Details
	full.Reference = "COL-1"
	s.importing(catalog.Import{Open: fileOf(property.Record{Details: full})})
	row := property.Record{
		Details: property.Details{Reference: "COL-1", Title: "Hut", Location: "Nice", Price: 6_00},
		Absent:  property.AllFields,
	}
	s.importing(catalog.Import{Open: fileOf(row)})
	want := full
	want.Title, want.Location, want.Price = "Hut", "Nice", 6_00
	if diff := cmp.Diff(want, s.stored()["COL-1"]); diff != "" {
		t.Errorf("a row without most columns changes more than it has:\n%s", diff)
	}
	report := s.importing(catalog.Import{Open: fileOf(row), Replace: true})
	want = property.Details{
		Reference: "COL-1", Title: "Hut", Location: "Nice", Price: 6_00, Currency: "USD", Offer: property.OfferSale,
		Kind: property.KindOther, Status: property.StatusActive,
	}
	if diff := cmp.Diff(want, s.stored()["COL-1"]); diff != "" {
		t.Errorf("a replacement leaves:\n%s", diff)
	}
	if len(report.Edits) != 1 || len(report.Edits[0].Fields) != property.FieldCount-4 {
		t.Errorf("the replacement reports %+v", report.Edits)
	}
}

func TestAFeedSetsTheSourceAndLeavesOtherSourcesAlone(t *testing.T) {
	s := newFeedShop(t, plainly)
	s.add(property.Details{Reference: "theirs", Source: "mls-b", Price: 5_00})
	s.add(property.Details{Reference: "free", Price: 5_00})
	var rejected []string
	im := catalog.Import{
		Open: fileOf(rowsOf("theirs", "free", "new")...), Source: " mls-a ", MaxReasons: 10, DryRun: true,
		Rejected: func(r property.Record, wrong []property.FieldError) error {
			rejected = append(rejected, r.Details.Reference+" "+wrong[0].Field+" "+wrong[0].Reason)
			return nil
		},
	}
	dry := s.importing(im)
	im.DryRun = false
	for _, r := range []property.ImportReport{dry, s.importing(im)} {
		if r.Created != 1 || r.Updated != 1 || r.Rejected != 1 || r.Read != 3 {
			t.Errorf("%+v", r)
		}
	}
	if want := `theirs reference belongs to a listing of the source "mls-b"`; len(rejected) != 2 || rejected[0] != want ||
		rejected[1] != want {
		t.Errorf("rejected is %q", rejected)
	}
	for reference, want := range map[string]string{"theirs": "mls-b", "free": "mls-a", "new": "mls-a"} {
		if got := s.stored()[reference]; got.Source != want || (got.Price == 5_00) != (want == "mls-b") {
			t.Errorf("%s is of %q and costs %s", reference, got.Source, got.Price)
		}
	}
	for _, source := range []string{strings.Repeat("é", property.MaxSource+1), "  ", "a\nb"} {
		_, err := s.Import(t.Context(), catalog.Import{Open: fileOf(), Source: source})
		if invalid, ok := errors.AsType[*property.InvalidError](err); !ok || invalid.Fields[0].Field != "source" {
			t.Errorf("the source %q: %v", source, err)
		}
	}
}

// complete is an import of everything that mls-a has.
func complete(upTo float64, records ...property.Record) catalog.Import {
	return catalog.Import{Open: fileOf(records...), Source: "mls-a", Complete: true, WithdrawUpTo: upTo, MaxReasons: 10}
}

func TestACompleteFeedWithdrawsWhatItLacks(t *testing.T) {
	s := newFeedShop(t, plainly)
	s.importing(complete(0, rowsOf("stays", "bad", "twice", "gone-1", "gone-2")...))
	s.add(property.Details{Reference: "pending", Source: "mls-a", Status: property.StatusPending})
	s.add(property.Details{Reference: "sold", Source: "mls-a", Status: property.StatusSold})
	s.add(property.Details{Reference: "theirs", Source: "mls-b"})
	s.add(property.Details{Reference: "ours"})
	im := complete(0.5, record("stays", 100), broken("bad"), record("twice", 1), record("twice", 2), broken(""))
	im.DryRun = true
	dry := s.importing(im)
	if s.with(property.StatusWithdrawn) != "" {
		t.Fatalf("the dry run withdraws %s", s.with(property.StatusWithdrawn))
	}
	im.DryRun = false
	s.published.Store(0)
	for _, r := range []property.ImportReport{dry, s.importing(im)} {
		want := &property.Withdrawal{
			Source: "mls-a", Live: 6, Missing: 3, Withdrawn: 3, References: []string{"gone-1", "gone-2", "pending"},
			Unreadable: 1,
		}
		if diff := cmp.Diff(want, r.Withdrawal); diff != "" {
			t.Errorf("the report has (-want +got):\n%s", diff)
		}
	}
	if got := s.with(property.StatusWithdrawn); got != "gone-1 gone-2 pending" {
		t.Errorf("withdrawn are %s", got)
	}
	if got := s.with(property.StatusActive); got != "bad ours stays theirs twice" {
		t.Errorf("active are %s", got)
	}
	if got := s.published.Load(); got != 4 { // three withdrawals and one update
		t.Errorf("%d changes are published", got)
	}
	if again := s.importing(im); again.Withdrawal.Missing != 0 || again.Unchanged != 2 {
		t.Errorf("the same file again: %+v, %+v", again, again.Withdrawal)
	}
}

// A rejected row counts as present by its reference as an import would store it, however the file writes it.
func TestARejectedRowOfAFeedCountsByTheStoredFormOfItsReference(t *testing.T) {
	for written, stored := range map[string]string{
		" spaced ": "spaced", "\u00A0no-break\t": "no-break", "caf\u0065\u0301": "caf\u00E9", "cafe\u0301 2": "caf\u00E9 2",
	} {
		s := newFeedShop(t, plainly)
		s.importing(complete(0, rowsOf("stays", stored)...))
		report := s.importing(complete(1, record("stays", 100), broken(written)))
		if w := report.Withdrawal; w.Missing != 0 || w.Unreadable != 0 || s.with(property.StatusWithdrawn) != "" {
			t.Errorf("a rejected row %q: %+v", written, w)
		}
	}
}

// A feed that lists what it lacked before offers it again; what is sold stays sold.
func TestWhatAFeedHasAgainIsActiveAgain(t *testing.T) {
	s := newFeedShop(t, plainly)
	s.importing(complete(0, rowsOf("a", "b")...))
	s.importing(complete(1, record("a", 100)))
	if got := s.with(property.StatusWithdrawn); got != "b" {
		t.Fatalf("withdrawn are %q", got)
	}
	s.importing(catalog.Import{Open: fileOf(rowsOf("b")...), Source: "mls-a"})
	if got := s.with(property.StatusWithdrawn); got != "b" {
		t.Errorf("a file that need not be complete leaves %q withdrawn", got)
	}
	s.add(property.Details{Reference: "sold", Source: "mls-a", Status: property.StatusSold})
	withStatus := record("a", 100)
	withStatus.Details.Status = property.StatusWithdrawn
	withStatus.Absent = withStatus.Absent.Without(property.StatusField)
	report := s.importing(complete(0, withStatus, record("b", 100), record("sold", 100)))
	if got := s.with(property.StatusActive); got != "b" || s.with(property.StatusSold) != "sold" {
		t.Errorf("active are %q, sold %q: %+v", got, s.with(property.StatusSold), report)
	}
}

func TestTooManyMissingListingsEndTheImportBeforeItStoresAnything(t *testing.T) {
	s := newFeedShop(t, plainly)
	var all []property.Record
	for i := range 20 {
		all = append(all, record(fmt.Sprintf("r-%02d", i), 1))
	}
	s.importing(complete(0, all...))
	cut := slices.Concat(all[:17], []property.Record{record("new", 1)})
	before := s.stored()
	_, err := s.Import(t.Context(), complete(catalog.WithdrawUpTo, cut...))
	missing, ok := errors.AsType[*property.TooManyMissingError](err)
	if !ok || missing.Missing != 3 || missing.Live != 20 ||
		!strings.Contains(err.Error(), "3 of the 20 live listings of the source mls-a; at most 10%") {
		t.Fatalf("%v", err)
	}
	dry := complete(catalog.WithdrawUpTo, cut...)
	dry.DryRun = true
	if w := s.importing(dry).Withdrawal; !w.TooMany || w.Missing != 3 || w.Withdrawn != 0 {
		t.Errorf("the dry run reports %+v", w)
	}
	if diff := cmp.Diff(before, s.stored()); diff != "" {
		t.Fatalf("something was stored:\n%s", diff)
	}
	if r := s.importing(complete(catalog.WithdrawUpTo, all[:18]...)); r.Withdrawal.Withdrawn != 2 {
		t.Errorf("a tenth may go: %+v", r.Withdrawal)
	}
	if r := s.importing(complete(0.29, all[:13]...)); r.Withdrawal.Withdrawn != 5 {
		t.Errorf("5 of 18 is less than 29%%: %+v", r.Withdrawal)
	}
}

func TestAFileThatIsEmptyOrEndsEarlyWithdrawsNothing(t *testing.T) {
	s := newFeedShop(t, plainly)
	s.importing(complete(0, rowsOf("a", "b")...))
	before := s.stored()
	cut := complete(1, record("a", 5))
	cut.Open = func() (catalog.Source, error) {
		return &recordList{rest: []property.Record{record("a", 5)}, err: io.ErrUnexpectedEOF}, nil
	}
	for name, c := range map[string]struct {
		im   catalog.Import
		want error
	}{
		"empty":              {complete(1), property.ErrEmptySource},
		"without references": {complete(1, broken(""), record("", 1)), property.ErrEmptySource},
		"cut":                {cut, io.ErrUnexpectedEOF},
	} {
		if _, err := s.Import(t.Context(), c.im); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, s.stored()); diff != "" {
			t.Errorf("%s: something was stored:\n%s", name, diff)
		}
	}
	for field, im := range map[string]catalog.Import{
		"complete":       {Open: fileOf(), Complete: true},
		"withdraw_up_to": {Open: fileOf(), Complete: true, Source: "mls-a", WithdrawUpTo: 1.5},
	} {
		_, err := s.Import(t.Context(), im)
		if invalid, ok := errors.AsType[*property.InvalidError](err); !ok || invalid.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// The second half of a file can be missing when it is read again.
func TestAFileThatEndsEarlyTheSecondTimeWithdrawsNothing(t *testing.T) {
	s := newFeedShop(t, plainly)
	s.importing(complete(0, rowsOf("a", "b")...))
	opened := 0
	im := complete(1, record("a", 5))
	im.Open = func() (catalog.Source, error) {
		opened++
		list := &recordList{rest: []property.Record{record("a", 5)}}
		if opened == 2 {
			list.err = io.ErrUnexpectedEOF
		}
		return list, nil
	}
	_, err := s.Import(t.Context(), im)
	if got := s.with(property.StatusWithdrawn); got != "" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("withdrawn are %q, %v", got, err)
	}
}

// dying is a repository that is away after so many batches of withdrawals.
type dying struct {
	ports.PropertyRepository

	left int
}

func (d *dying) Upsert(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
	if batch[0].Withdrawal {
		if d.left--; d.left < 0 {
			return nil, ports.ErrUnavailable
		}
	}
	return d.PropertyRepository.Upsert(ctx, batch)
}

func TestAnImportThatBreaksWhileItWithdrawsIsCompletedByTheNext(t *testing.T) {
	store := &dying{left: 1}
	s := newFeedShop(t, func(r ports.PropertyRepository) ports.PropertyRepository {
		store.PropertyRepository = r
		return store
	})
	all := rowsOf("a")
	for i := range 2*ports.MaxBatch + 100 {
		all = append(all, record(fmt.Sprint("r", i), 1))
	}
	s.importing(complete(0, all...))
	s.add(property.Details{Source: "mls-a"}) // without a reference
	s.published.Store(0)
	report, err := s.Import(t.Context(), complete(1, record("a", 100)))
	if !errors.Is(err, ports.ErrUnavailable) || report.Withdrawal.Withdrawn != ports.MaxBatch ||
		len(strings.Fields(s.with(property.StatusWithdrawn))) != ports.MaxBatch || s.published.Load() != ports.MaxBatch {
		t.Fatalf("%+v, %v; %d changes are published", report.Withdrawal, err, s.published.Load())
	}
	store.left = 100
	report = s.importing(complete(1, record("a", 100)))
	if report.Withdrawal.Withdrawn != ports.MaxBatch+101 || s.with(property.StatusActive) != "a" {
		t.Errorf("%+v; active are %s", report.Withdrawal, s.with(property.StatusActive))
	}
}

// meddling changes a listing between the look for missing listings and their withdrawal.
type meddling struct {
	ports.PropertyRepository
	meddle func()
}

func (m *meddling) Upsert(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
	if m.meddle != nil {
		m.meddle()
		m.meddle = nil
	}
	return m.PropertyRepository.Upsert(ctx, batch)
}

func TestWhatIsSoldOrMovedMeanwhileIsNotWithdrawn(t *testing.T) {
	store := &meddling{}
	s := newFeedShop(t, func(r ports.PropertyRepository) ports.PropertyRepository {
		store.PropertyRepository = r
		return store
	})
	s.importing(complete(0, rowsOf("a")...))
	sold := s.add(property.Details{Reference: "sold", Source: "mls-a"})
	moved := s.add(property.Details{Reference: "moved", Source: "mls-a"})
	dearer := s.add(property.Details{Reference: "dearer", Source: "mls-a"})
	gone := s.add(property.Details{Reference: "gone", Source: "mls-a"})
	store.meddle = func() {
		for id, edit := range map[property.ID]func(*property.Details){
			sold:   func(d *property.Details) { d.Status = property.StatusSold },
			moved:  func(d *property.Details) { d.Source = "mls-b" },
			dearer: func(d *property.Details) { d.Price = 9 },
		} {
			_, err := s.Update(t.Context(), id, nil, func(d property.Details) (property.Details, error) {
				edit(&d)
				return d, nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Delete(t.Context(), gone, nil); err != nil {
			t.Error(err)
		}
	}
	report := s.importing(complete(1, record("a", 100)))
	if got := s.with(property.StatusWithdrawn); got != "dearer" || report.Withdrawal.Withdrawn != 1 {
		t.Errorf("withdrawn are %q, %+v", got, report.Withdrawal)
	}
	if got := s.stored()["dearer"]; got.Price != 9 {
		t.Errorf("the withdrawal takes back another change: %+v", got)
	}
}

// Two imports of one source run at the same time. Each listing ends as one of the files says, and one of them again
// makes everything as that file says.
func TestTwoImportsOfOneSourceAtOnceDoNoHarm(t *testing.T) {
	for range 20 {
		s := newFeedShop(t, plainly)
		s.importing(complete(0, rowsOf("both", "left", "right", "neither")...))
		files := [][]property.Record{
			{record("both", 1), record("left", 1), record("new-left", 1)},
			{record("both", 2), record("right", 2), record("new-right", 2)},
		}
		var wait sync.WaitGroup
		for _, file := range files {
			wait.Go(func() {
				if _, err := s.Import(t.Context(), complete(1, file...)); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		for reference, d := range s.stored() {
			inFile := reference != "neither"
			if live := d.Status.Live(); live && !inFile || reference == "both" && !live ||
				live && d.Price != 1 && d.Price != 2 {
				t.Fatalf("%s is %s and costs %s", reference, d.Status, d.Price)
			}
		}
		s.importing(complete(1, files[1]...))
		if got := s.with(property.StatusActive); got != "both new-right right" {
			t.Fatalf("after the second file again, active are %s", got)
		}
	}
}
