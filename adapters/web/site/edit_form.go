package site

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// editForm is the body of the page on which a listing is created or edited. It holds the text of each field, as
// typed, and what is wrong with it.
type editForm struct {
	ID     string // "" for a new listing
	State  string // of the listing as the page showed it: see stateOf
	Once   string // names the creation, so that a form sent twice makes one listing
	Values url.Values
	Wrong  map[string]string
	Banner string
	// Default is the currency of listings that name none.
	Default property.Currency
	// Theirs is the listing as another user has saved it meanwhile. Differences are those between it and the typed text.
	Theirs      *property.Property
	Differences []property.Difference
}

// Value returns the text of a field.
func (f *editForm) Value(name string) string { return f.Values.Get(name) }

// formOf returns the form for a stored listing, or for a new one if p is nil.
func formOf(p *property.Property) *editForm {
	f := &editForm{Values: url.Values{}, Wrong: map[string]string{}}
	if p == nil {
		f.Once = newToken()
		return f
	}
	f.ID, f.State = p.ID.String(), stateOf(p)
	for _, d := range property.Differences(nil, p) {
		f.Values.Set(d.Field, d.After)
	}
	return f
}

// explain copies the errors of the listing rules to their fields; all photos share one field. It reports whether err is
// such an error.
func (f *editForm) explain(err error) bool {
	var invalid *property.InvalidError
	switch {
	case errors.As(err, &invalid):
		for _, wrong := range invalid.Fields {
			name, line, nested := strings.Cut(wrong.Field, "/")
			reason := wrong.Reason
			if n, err := strconv.Atoi(line); nested && err == nil {
				reason = "line " + strconv.Itoa(n+1) + ": " + reason
			}
			if f.Wrong[name] == "" {
				f.Wrong[name] = reason
			}
		}
	case errors.Is(err, property.ErrReferenceTaken):
		f.Wrong["reference"] = "belongs to another listing"
	default:
		return false
	}
	return true
}

func (s *Site) editPage(w http.ResponseWriter, r *http.Request, who access.Account, status int, f *editForm) error {
	title := "New listing"
	if f.ID != "" {
		title = "Edit listing"
	}
	return s.staffPage(w, r, who, status, "listings", "edit", title, f)
}

// newListing answers GET /admin/listings/new.
func (s *Site) newListing(w http.ResponseWriter, r *http.Request, who access.Account) error {
	return s.editPage(w, r, who, http.StatusOK, formOf(nil))
}

// createListing answers POST /admin/listings/new.
func (s *Site) createListing(w http.ResponseWriter, r *http.Request, who access.Account) error {
	f := &editForm{Once: r.PostForm.Get("once"), Default: s.DefaultCurrency}
	if len(f.Once) > ports.MaxIdempotencyKey {
		return problem.Refuse(problem.InvalidRequest,
			"The field \"once\" must have at most %d bytes. Nothing has been changed.",
			ports.MaxIdempotencyKey)
	}
	d := f.read(r.PostForm)
	if len(f.Wrong) > 0 {
		_, err := d.Checked()
		f.explain(err)
		return s.editPage(w, r, who, http.StatusUnprocessableEntity, f)
	}
	var once *ports.IdempotencyKey
	if f.Once != "" {
		once = &ports.IdempotencyKey{Owner: who.ID, Key: f.Once, Request: access.HashSecret(r.PostForm.Encode())}
	}
	change, err := s.Catalog.Create(r.Context(), d, once)
	switch {
	case errors.Is(err, ports.ErrIdempotencyKeyReused):
		// The form was sent, changed after going back, and sent again: that is another listing.
		f.Once = newToken()
		f.Banner = "A listing was already made from this form. Save again to make a second one from what stands here now."
		return s.editPage(w, r, who, http.StatusConflict, f)
	case err == nil:
		return s.finishWrite(w, r, change, editPath(change.ID), "“"+change.After.Title+"” has been added.")
	}
	return s.showNotSaved(w, r, who, f, err)
}

// showNotSaved shows the form again with all typed text and the reason why it was not saved.
func (s *Site) showNotSaved(w http.ResponseWriter, r *http.Request, who access.Account, f *editForm, err error) error {
	if f.explain(err) {
		return s.editPage(w, r, who, http.StatusUnprocessableEntity, f)
	}
	if errors.Is(err, ports.ErrUnavailable) {
		markUnavailable(w, err)
		f.Banner = "It could not be saved, because the database cannot be reached. " +
			"What you typed is still here: try again in a moment."
		return s.editPage(w, r, who, http.StatusServiceUnavailable, f)
	}
	return err
}

func editPath(id property.ID) string { return "/admin/listings/" + id.String() }

// stateOf names the state of a listing: its version, and a digest of all its fields.
func stateOf(p *property.Property) string {
	answer := viewcache.Answer{TagPrefix: strconv.FormatInt(p.Version, 10) + "-", Body: propertyjson.AppendState(nil, p)}
	return answer.Tag()
}

// inState returns a check whether a listing is in the state that a form names.
func inState(state string) func(*property.Property) bool {
	return func(current *property.Property) bool { return stateOf(current) == state }
}

// listingID returns the id in the address; errNoPage if it is invalid.
func listingID(r *http.Request) (property.ID, error) {
	id, err := property.ParseID(mux.Vars(r)["id"])
	if err != nil {
		return id, errNoPage
	}
	return id, nil
}

// editListing answers GET /admin/listings/{id}.
func (s *Site) editListing(w http.ResponseWriter, r *http.Request, who access.Account) error {
	id, err := listingID(r)
	if err != nil {
		return err
	}
	p, _, err := s.Catalog.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return s.editPage(w, r, who, http.StatusOK, formOf(&p))
}

// saveListing answers POST /admin/listings/{id}.
func (s *Site) saveListing(w http.ResponseWriter, r *http.Request, who access.Account) error {
	id, err := listingID(r)
	if err != nil {
		return err
	}
	f := &editForm{ID: id.String(), State: r.PostForm.Get("state"), Default: s.DefaultCurrency}
	d := f.read(r.PostForm)
	if len(f.Wrong) > 0 {
		_, err := d.Checked()
		f.explain(err)
		return s.editPage(w, r, who, http.StatusUnprocessableEntity, f)
	}
	change, err := s.Catalog.Update(r.Context(), id, inState(f.State), func(property.Details) (property.Details, error) {
		return d, nil
	})
	switch {
	case errors.Is(err, property.ErrVersionConflict):
		return s.showConflict(w, r, who, id, f, d)
	case errors.Is(err, property.ErrNotFound):
		return s.showDeleted(w, r, who, f)
	case err == nil:
		return s.finishWrite(w, r, change, editPath(id), "“"+change.After.Title+"” has been saved.")
	}
	return s.showNotSaved(w, r, who, f, err)
}

// showConflict shows the listing as another user has saved it meanwhile beside the typed text. Saving again
// overwrites it.
func (s *Site) showConflict(
	w http.ResponseWriter, r *http.Request, who access.Account, id property.ID, f *editForm, mine property.Details,
) error {
	theirs, _, err := s.Catalog.Get(r.Context(), id)
	if errors.Is(err, property.ErrNotFound) {
		return s.showDeleted(w, r, who, f)
	}
	if err != nil {
		return s.showNotSaved(w, r, who, f, err)
	}
	revised, err := theirs.Update(mine)
	if err != nil {
		return s.showNotSaved(w, r, who, f, err)
	}
	f.Theirs, f.State, f.Differences = &theirs, stateOf(&theirs), property.Differences(&theirs, &revised)
	if f.Values.Set("state", f.State); len(f.Differences) == 0 {
		return s.finishWrite(w, r, property.Change{}, editPath(id), "Another person has already saved the same values.")
	}
	return s.editPage(w, r, who, http.StatusConflict, f)
}

func (s *Site) showDeleted(w http.ResponseWriter, r *http.Request, who access.Account, f *editForm) error {
	f.ID, f.Once = "", newToken()
	f.Banner = "Another person has removed this listing. " +
		"What you typed is still here: save it to add it as a new listing."
	return s.editPage(w, r, who, http.StatusConflict, f)
}

// deletion is the body of the page that asks for confirmation before a listing is deleted.
type deletion struct {
	*property.Property
	State   string
	Changed bool // it was changed after the page was shown
}

// askToDelete answers GET /admin/listings/{id}/remove.
func (s *Site) askToDelete(w http.ResponseWriter, r *http.Request, who access.Account) error {
	id, err := listingID(r)
	if err != nil {
		return err
	}
	p, _, err := s.Catalog.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return s.staffPage(w, r, who, http.StatusOK, "listings", "remove", "Remove listing",
		&deletion{Property: &p, State: stateOf(&p)})
}

// deleteListing answers POST /admin/listings/{id}/remove.
func (s *Site) deleteListing(w http.ResponseWriter, r *http.Request, who access.Account) error {
	id, err := listingID(r)
	if err != nil {
		return err
	}
	change, err := s.Catalog.Delete(r.Context(), id, inState(r.PostForm.Get("state")))
	switch {
	case errors.Is(err, property.ErrNotFound):
		return s.finishWrite(w, r, property.Change{}, backOffice, "The listing had been removed already.")
	case errors.Is(err, property.ErrVersionConflict):
		now, _, err := s.Catalog.Get(r.Context(), id)
		if err != nil {
			return err
		}
		return s.staffPage(w, r, who, http.StatusConflict, "listings", "remove", "Remove listing",
			&deletion{&now, stateOf(&now), true})
	case err != nil:
		return err
	}
	return s.finishWrite(w, r, change, backOffice, "The listing has been removed.")
}
