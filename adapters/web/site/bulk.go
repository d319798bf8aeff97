package site

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
)

// bulkForm is the body of the page for a bulk edit: the listings, the change, and a preview of the result.
type bulkForm struct {
	IDs    []string
	All    bool   // all listings that the search finds, instead of IDs
	Search string // the query of that search
	Action string // status, percent, amount, price or remove
	Status property.Status
	Value  string // of percent, amount and price, as typed

	Wrong   string
	Count   int64
	Samples []*bulkSample
	Once    string // names the offered change, so that it is made at most once
}

// bulkSample is the preview of one listing.
type bulkSample struct {
	property.Property
	After property.Details
	Wrong string // why the listing will stay as it is; "" if it will be changed
}

// Listing returns the listing as it is now.
func (b *bulkSample) Listing() *property.Property { return &b.Property }

// NewPrice returns the price after the change.
func (b *bulkSample) NewPrice() string { return money(b.After.Price, b.After.Currency) }

// maxBulk limits the listings of a bulk edit. Each of them is changed by itself, as a single edit would.
const maxBulk = 5_000

// maxSamples limits the listings in the preview.
const maxSamples = 8

func newToken() string { return rand.Text() }

// readBulk reads the form.
func readBulk(form url.Values) *bulkForm {
	return &bulkForm{
		IDs: form["id"], All: form.Has("all"), Search: form.Get("search"), Action: form.Get("action"),
		Status: property.Status(form.Get("status")), Value: form.Get("value"),
	}
}

// edit returns the change to each listing; nil for a removal and for an invalid form. For an invalid form, wrong is a
// sentence for the user.
func (f *bulkForm) edit() (edit func(property.Details) (property.Details, error), wrong string) {
	if f.Action == "remove" {
		return nil, ""
	}
	if f.Action == "status" {
		if !f.Status.Known() {
			return nil, "Choose the new status."
		}
		return func(d property.Details) (property.Details, error) {
			d.Status = f.Status
			return d, nil
		}, ""
	}
	if f.Action == "percent" {
		return f.percentEdit()
	}
	return f.amountEdit()
}

// percentEdit returns the change of each price by percent, rounded to what its currency has.
func (f *bulkForm) percentEdit() (edit func(property.Details) (property.Details, error), wrong string) {
	n, wrong := readPercent(f.Value)
	switch {
	case wrong != "":
		return nil, "Say by how much, like 2 or -1.5: it " + wrong + "."
	case n < -property.MaxPercent || n > property.MaxPercent:
		return nil, fmt.Sprintf("A price can be changed by at most %s percent at once.", property.MaxPercent.Short())
	}
	return func(d property.Details) (property.Details, error) {
		d.Price = d.Price.RaisedBy(n, d.Currency.Step())
		return d, nil
	}, ""
}

// amountEdit returns the change of each price by an amount, or to one. An amount with the sign of a currency changes
// only prices in such a currency.
func (f *bulkForm) amountEdit() (edit func(property.Details) (property.Details, error), wrong string) {
	if f.Action != "amount" && f.Action != "price" {
		return nil, "Choose what to change."
	}
	n, err := property.FieldNamed("price").ReadTyped(f.Value)
	switch {
	case err != nil:
		return nil, "Say by how much, like 10,000 or -1250.50: it " + err.Error() + "."
	case n < -property.MaxPrice || n > property.MaxPrice:
		return nil, "No price is as large as that."
	}
	return func(d property.Details) (property.Details, error) {
		if wrong := otherCurrency(f.Value, d.Currency); wrong != "" {
			return d, property.Invalid("price", "stays, because the typed amount %s", wrong)
		}
		if f.Action == "amount" {
			d.Price += n
		} else {
			d.Price = n
		}
		return d, nil
	}, ""
}

// selectListings finds the listings of a bulk edit: the ids of all, and the first few as a whole. It returns
// errTooMany for more than maxBulk listings, errNoPage for a form that no page sends, and errors of the store.
func (s *Site) selectListings(
	ctx context.Context, f *bulkForm,
) (ids []property.ID, first []property.Property, err error) {
	if !f.All {
		if len(f.IDs) > maxBulk {
			return nil, nil, errTooMany
		}
		for _, text := range f.IDs {
			id, err := property.ParseID(text)
			if err != nil {
				return nil, nil, errNoPage
			}
			ids = append(ids, id)
			if len(first) < maxSamples {
				p, _, err := s.Catalog.Get(ctx, id)
				if err != nil && !errors.Is(err, property.ErrNotFound) {
					return nil, nil, err
				}
				if err == nil {
					first = append(first, p)
				}
			}
		}
		return ids, first, nil
	}
	form := readForm(backOffice, f.Search)
	form.values.Del("cursor")
	search, ok := form.search(property.MaxLimit)
	if !ok {
		return nil, nil, errNoPage
	}
	err = s.Catalog.Export(ctx, *search, func(p *property.Property) error {
		if len(ids) == maxBulk {
			return errTooMany
		}
		if ids = append(ids, p.ID); len(first) < maxSamples {
			first = append(first, *p)
		}
		return nil
	})
	return ids, first, err
}

var errTooMany = fmt.Errorf("more than %d listings", maxBulk)

// bulk answers POST /admin/bulk: it previews a bulk edit and changes nothing.
func (s *Site) bulk(w http.ResponseWriter, r *http.Request, who access.Account) error {
	f := readBulk(r.PostForm)
	return s.bulkPage(w, r, who, f)
}

func (s *Site) bulkPage(w http.ResponseWriter, r *http.Request, who access.Account, f *bulkForm) error {
	ids, first, err := s.selectListings(r.Context(), f)
	if err != nil && !errors.Is(err, errTooMany) {
		return err
	}
	edit, wrong := f.edit()
	f.Count = int64(len(ids))
	switch {
	case err != nil:
		f.Wrong = "That is more than " + grouped(strconv.Itoa(maxBulk)) +
			" listings. Narrow the search, and change them in several steps."
	case len(ids) == 0:
		f.Wrong = "No listing has been chosen. Go back and tick some, or all that the search finds."
	case wrong != "":
		f.Wrong = wrong
	}
	status := http.StatusUnprocessableEntity
	if f.Wrong == "" {
		status = http.StatusOK
		for _, p := range first {
			f.Samples = append(f.Samples, sampleOf(p, edit))
		}
		if f.Once, err = s.offerOnce(r.Context(), who); err != nil {
			return err
		}
	}
	return s.staffPage(w, r, who, status, "listings", "bulk", "Change many listings", f)
}

// sampleOf previews a change to a listing; edit is nil for a removal.
func sampleOf(p property.Property, edit func(property.Details) (property.Details, error)) *bulkSample {
	sample := &bulkSample{Property: p, After: p.Details}
	if edit == nil {
		return sample
	}
	after, err := edit(p.Details)
	if err == nil {
		_, err = p.Update(after)
	}
	if invalid, ok := errors.AsType[*property.InvalidError](err); ok {
		sample.Wrong = invalid.Fields[0].Field + " " + invalid.Fields[0].Reason
		return sample
	}
	sample.After = after
	return sample
}

// offerTime is how long an offered change can still be made.
const offerTime = time.Hour

// offerOnce makes and stores the name of a change that may be made once. It is stored beside the sessions, where all
// processes see it, under a hash that no session's token has.
func (s *Site) offerOnce(ctx context.Context, who access.Account) (string, error) {
	once := newToken()
	return once, s.Sessions.SaveSession(ctx, offerHash(once), who.ID, nil, time.Now().Add(offerTime))
}

// takeOffer reports whether the named change may be made now. It returns true for one caller only.
func (s *Site) takeOffer(ctx context.Context, once string) (bool, error) {
	return s.Sessions.DeleteSession(ctx, offerHash(once))
}

func offerHash(once string) string { return access.HashSecret("offer " + once) }

// bulkDone is the body of the page with the result of a bulk edit.
type bulkDone struct {
	property.BulkResult
	Remove  bool
	Back    string
	Stopped bool // the database became unreachable before the end
}

// bulkTimeout limits the time of a bulk edit.
const bulkTimeout = 2 * time.Minute

// applyBulk answers POST /admin/bulk/apply: it makes the previewed change, once.
func (s *Site) applyBulk(w http.ResponseWriter, r *http.Request, who access.Account) error {
	f := readBulk(r.PostForm)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bulkTimeout + exchange.IdleTimeout))
	// The change runs to its end, even if the browser goes away or the button is pressed twice.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), bulkTimeout)
	defer cancel()
	ids, _, err := s.selectListings(ctx, f)
	edit, wrong := f.edit()
	switch {
	case errors.Is(err, errTooMany), wrong != "":
		return s.bulkPage(w, r, who, f)
	case err != nil:
		return err
	}
	f.Count = int64(len(ids))
	again := func(reason string) error {
		f.Wrong = reason
		return s.staffPage(w, r, who, http.StatusConflict, "listings", "bulk", "Change many listings", f)
	}
	if r.PostForm.Get("count") != strconv.FormatInt(f.Count, 10) {
		return again("The search finds other listings now than it did when you looked. " +
			"Look again before making the change.")
	}
	switch offered, err := s.takeOffer(ctx, r.PostForm.Get("once")); {
	case err != nil:
		return err
	case !offered:
		return again("This change has been made already, or was offered too long ago. Look again before making it.")
	}
	done := &bulkDone{Remove: edit == nil, Back: backOffice}
	if f.Search != "" {
		done.Back += "?" + f.Search
	}
	if edit == nil {
		done.BulkResult, err = s.Catalog.DeleteAll(ctx, ids)
	} else {
		done.BulkResult, err = s.Catalog.UpdateAll(ctx, ids, edit)
	}
	done.Stopped = err != nil
	s.setBulkToken(w, r, done.Changed > 0)
	status := http.StatusOK
	if done.Stopped {
		status = http.StatusServiceUnavailable
	}
	return s.staffPage(w, r, who, status, "listings", "bulk-done", "Changed", done)
}

// Actions lists the changes that a bulk edit can make.
func (*bulkForm) Actions() []sortChoice {
	return []sortChoice{
		{"status", "Set the status"}, {"percent", "Change the price by percent"}, {"amount", "Change the price by an amount"},
		{"price", "Set the price"}, {"remove", "Remove them"},
	}
}

// Button returns the label of the button that makes the change.
func (f *bulkForm) Button() string {
	verb := "Change "
	if f.Action == "remove" {
		verb = "Remove "
	}
	return verb + count(f.Count, "listing", "listings")
}

// More returns the number of listings beyond the preview; "" for none.
func (f *bulkForm) More() string {
	if more := f.Count - int64(len(f.Samples)); more > 0 {
		return strconv.FormatInt(more, 10)
	}
	return ""
}
