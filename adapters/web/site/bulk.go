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

// bulkForm is the body of the page on which many listings are changed at once: which ones, how, and what would come of it.
type bulkForm struct {
	IDs    []string
	All    bool   // all that the search finds, instead of IDs
	Search string // the query of that search
	Action string // status, percent, amount, price or remove
	Status property.Status
	Value  string // of percent, amount and price, as typed

	Wrong   string
	Count   int64
	Samples []*bulkSample
	Once    string // names the change that is offered, so that it is made once
}

// bulkSample is what would become of one listing.
type bulkSample struct {
	property.Property
	After property.Details
}

// Listing is the listing as it is now.
func (b *bulkSample) Listing() *property.Property { return &b.Property }

// NewPrice is what its price would be.
func (b *bulkSample) NewPrice() string { return money(b.After.Price, b.After.Currency) }

// maxBulk is how many listings can be changed at once; they are changed one by one, as each would be by itself.
const maxBulk = 5_000

// sampled is how many listings the page shows beforehand.
const sampled = 8

func newToken() string { return rand.Text() }

// readBulk reads the form.
func readBulk(form url.Values) *bulkForm {
	return &bulkForm{
		IDs: form["id"], All: form.Has("all"), Search: form.Get("search"), Action: form.Get("action"),
		Status: property.Status(form.Get("status")), Value: form.Get("value"),
	}
}

// edit is what is to be done to each listing; nil for a removal, and when it cannot be done: wrong is then a sentence for
// the person who asked.
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
	n, wrong := readNumber(f.Value, f.Action != "percent")
	if wrong != "" {
		return nil, "Say by how much, like 2 or -1.5 or 10,000: the number " + wrong + "."
	}
	set := map[string]func(property.Decimal) property.Decimal{
		"percent": func(p property.Decimal) property.Decimal { return p.RaisedBy(n) },
		"amount":  func(p property.Decimal) property.Decimal { return p + n },
		"price":   func(property.Decimal) property.Decimal { return n },
	}[f.Action]
	switch {
	case set == nil:
		return nil, "Choose what to change."
	case f.Action == "percent" && (n < -property.MaxPercent || n > property.MaxPercent):
		return nil, fmt.Sprintf("A price can be changed by at most %s percent at once.", property.MaxPercent.Short())
	case n < -property.MaxPrice || n > property.MaxPrice:
		return nil, "No price is as large as that."
	}
	return func(d property.Details) (property.Details, error) {
		d.Price = set(d.Price)
		return d, nil
	}, ""
}

// chosen is the ids of the listings meant, and the first few of them whole. The error is a sentence for the person who
// asked, or of the store.
func (s *Site) chosen(ctx context.Context, f *bulkForm) (ids []property.ID, first []property.Property, err error) {
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
			if len(first) < sampled {
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
		if ids = append(ids, p.ID); len(first) < sampled {
			first = append(first, *p)
		}
		return nil
	})
	return ids, first, err
}

var errTooMany = fmt.Errorf("that is more than %d listings", maxBulk)

// bulk answers POST /admin/bulk: it shows what would come of a change, and changes nothing.
func (s *Site) bulk(w http.ResponseWriter, r *http.Request, who access.Account) error {
	f := readBulk(r.PostForm)
	return s.bulkPage(w, r, who, f)
}

func (s *Site) bulkPage(w http.ResponseWriter, r *http.Request, who access.Account, f *bulkForm) error {
	ids, first, err := s.chosen(r.Context(), f)
	if err != nil && !errors.Is(err, errTooMany) {
		return err
	}
	edit, wrong := f.edit()
	f.Count = int64(len(ids))
	switch {
	case err != nil:
		f.Wrong = "That is more than " + grouped(strconv.Itoa(maxBulk)) + " listings. Narrow the search, and change them in several steps."
	case len(ids) == 0:
		f.Wrong = "No listing has been chosen. Go back and tick some, or all that the search finds."
	case wrong != "":
		f.Wrong = wrong
	}
	status := http.StatusUnprocessableEntity
	if f.Wrong == "" {
		status = http.StatusOK
		for _, p := range first {
			after := p.Details
			if edit != nil {
				after, _ = edit(p.Details) // whether it keeps the rules is seen when it is stored
			}
			f.Samples = append(f.Samples, &bulkSample{p, after})
		}
		if f.Once, err = s.offerOnce(r.Context(), who); err != nil {
			return err
		}
	}
	return s.staffPage(w, r, who, status, "listings", "bulk", "Change many listings", f)
}

// offerTime is how long a change may be looked at before it is made.
const offerTime = time.Hour

// offerOnce makes the name of something that may be done once. It is kept beside the sessions, where all processes see it,
// under a hash that no session's token has.
func (s *Site) offerOnce(ctx context.Context, who access.Account) (string, error) {
	once := newToken()
	return once, s.Sessions.SaveSession(ctx, offerHash(once), who.ID, nil, time.Now().Add(offerTime))
}

// takeOffer reports whether what has the name may be done now: of all who ask, one is told so.
func (s *Site) takeOffer(ctx context.Context, once string) (bool, error) {
	return s.Sessions.DeleteSession(ctx, offerHash(once))
}

func offerHash(once string) string { return access.HashSecret("offer " + once) }

// bulkDone is the body of the page that tells what has come of it.
type bulkDone struct {
	property.Tally
	Remove  bool
	Back    string
	Stopped bool // the database went away in the midst of it
}

// bulkPatience is how long a change of many listings may take.
const bulkPatience = 2 * time.Minute

// applyBulk answers POST /admin/bulk/apply: it makes the change that the page before has shown, once.
func (s *Site) applyBulk(w http.ResponseWriter, r *http.Request, who access.Account) error {
	f := readBulk(r.PostForm)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bulkPatience + exchange.Patience))
	// Once begun it is made as a whole, even for somebody who has gone away or pressed the button twice.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), bulkPatience)
	defer cancel()
	ids, _, err := s.chosen(ctx, f)
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
		return again("The search finds other listings by now than it did when you looked. Look again before making the change.")
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
		done.Tally, err = s.Catalog.RemoveAll(ctx, ids)
	} else {
		done.Tally, err = s.Catalog.ReviseAll(ctx, ids, edit)
	}
	done.Stopped = err != nil
	s.setBulkToken(w, r, done.Changed > 0)
	status := http.StatusOK
	if done.Stopped {
		status = http.StatusServiceUnavailable
	}
	return s.staffPage(w, r, who, status, "listings", "bulk-done", "Changed", done)
}

// Actions are what can be done to many listings.
func (*bulkForm) Actions() []sortChoice {
	return []sortChoice{
		{"status", "Set the status"}, {"percent", "Change the price by percent"}, {"amount", "Change the price by an amount"},
		{"price", "Set the price"}, {"remove", "Remove them"},
	}
}

// Button says what the button does that makes the change.
func (f *bulkForm) Button() string {
	verb := "Change "
	if f.Action == "remove" {
		verb = "Remove "
	}
	return verb + count(f.Count, "listing", "listings")
}

// More is how many listings are not shown beforehand.
func (f *bulkForm) More() string {
	if more := f.Count - int64(len(f.Samples)); more > 0 {
		return strconv.FormatInt(more, 10)
	}
	return ""
}
