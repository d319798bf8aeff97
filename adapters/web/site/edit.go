package site

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gorilla/mux"
)

// editForm is the body of the page on which a listing is made or changed: what stands in each field, as it was typed, and
// what is wrong with it.
type editForm struct {
	ID     string // "" for a new listing
	State  string // of the listing that the person has seen: see stateOf
	Once   string // names the creation, so that a form sent twice makes one listing
	Values url.Values
	Wrong  map[string]string
	Banner string
	// Theirs is the listing as somebody else has left it meanwhile, and Differences how what was typed differs from it.
	Theirs      *property.Property
	Differences []property.Difference
}

// Value is what stands in a field.
func (f *editForm) Value(name string) string { return f.Values.Get(name) }

// formOf is the form for a listing as it is.
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

// explain takes over what the rules of listings say; a list of photos has one field.
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
	f := &editForm{Once: r.PostForm.Get("once")}
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
		// Sent, changed after going back, and sent again: that is another listing.
		f.Once, f.Banner = newToken(), "A listing was already made from this form. Save again to make a second one from what stands here now."
		return s.editPage(w, r, who, http.StatusConflict, f)
	case err == nil:
		return s.written(w, r, change, editPath(change.ID), "“"+change.After.Title+"” has been added.")
	}
	return s.notSaved(w, r, who, f, err)
}

// notSaved shows the form again with all that was typed, whatever went wrong.
func (s *Site) notSaved(w http.ResponseWriter, r *http.Request, who access.Account, f *editForm, err error) error {
	if f.explain(err) {
		return s.editPage(w, r, who, http.StatusUnprocessableEntity, f)
	}
	if errors.Is(err, ports.ErrUnavailable) {
		unavailable(w, err)
		f.Banner = "It could not be saved, because the database cannot be reached. What you typed is still here: try again in a moment."
		return s.editPage(w, r, who, http.StatusServiceUnavailable, f)
	}
	return err
}

func editPath(id property.ID) string { return "/admin/listings/" + id.String() }

// stateOf names the state of a listing: its version, and a digest of all that it says.
func stateOf(p *property.Property) string {
	answer := viewcache.Answer{TagPrefix: strconv.FormatInt(p.Version, 10) + "-", Body: propertyjson.AppendState(nil, p)}
	return answer.Tag()
}

// inState reports of a listing whether it is in the state that a form names.
func inState(state string) func(*property.Property) bool {
	return func(current *property.Property) bool { return stateOf(current) == state }
}

// listingID is the listing that the address names.
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
	f := &editForm{ID: id.String(), State: r.PostForm.Get("state")}
	d := f.read(r.PostForm)
	if len(f.Wrong) > 0 {
		_, err := d.Checked()
		f.explain(err)
		return s.editPage(w, r, who, http.StatusUnprocessableEntity, f)
	}
	change, err := s.Catalog.Revise(r.Context(), id, inState(f.State), func(property.Details) (property.Details, error) {
		return d, nil
	})
	switch {
	case errors.Is(err, property.ErrVersionConflict):
		return s.conflict(w, r, who, id, f, d)
	case errors.Is(err, property.ErrNotFound):
		return s.removedMeanwhile(w, r, who, f)
	case err == nil:
		return s.written(w, r, change, editPath(id), "“"+change.After.Title+"” has been saved.")
	}
	return s.notSaved(w, r, who, f, err)
}

// conflict shows what somebody else has saved meanwhile beside what was typed. To save again is then to overrule it.
func (s *Site) conflict(
	w http.ResponseWriter, r *http.Request, who access.Account, id property.ID, f *editForm, mine property.Details,
) error {
	theirs, _, err := s.Catalog.Get(r.Context(), id)
	if errors.Is(err, property.ErrNotFound) {
		return s.removedMeanwhile(w, r, who, f)
	}
	if err != nil {
		return s.notSaved(w, r, who, f, err)
	}
	revised, err := theirs.Revise(mine)
	if err != nil {
		return s.notSaved(w, r, who, f, err)
	}
	f.Theirs, f.State, f.Differences = &theirs, stateOf(&theirs), property.Differences(&theirs, &revised)
	if f.Values.Set("state", f.State); len(f.Differences) == 0 {
		return s.written(w, r, property.Change{}, editPath(id), "Somebody else has saved just the same meanwhile.")
	}
	return s.editPage(w, r, who, http.StatusConflict, f)
}

func (s *Site) removedMeanwhile(w http.ResponseWriter, r *http.Request, who access.Account, f *editForm) error {
	f.ID, f.Once = "", newToken()
	f.Banner = "Somebody has removed this listing meanwhile. What you typed is still here: save it to add it as a new listing."
	return s.editPage(w, r, who, http.StatusConflict, f)
}

// removal is the body of the page that asks whether a listing is really to go.
type removal struct {
	*property.Property
	State   string
	Changed bool // somebody has changed it since it was looked at
}

// askToRemove answers GET /admin/listings/{id}/remove.
func (s *Site) askToRemove(w http.ResponseWriter, r *http.Request, who access.Account) error {
	id, err := listingID(r)
	if err != nil {
		return err
	}
	p, _, err := s.Catalog.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return s.staffPage(w, r, who, http.StatusOK, "listings", "remove", "Remove listing",
		&removal{Property: &p, State: stateOf(&p)})
}

// removeListing answers POST /admin/listings/{id}/remove.
func (s *Site) removeListing(w http.ResponseWriter, r *http.Request, who access.Account) error {
	id, err := listingID(r)
	if err != nil {
		return err
	}
	change, err := s.Catalog.Remove(r.Context(), id, inState(r.PostForm.Get("state")))
	switch {
	case errors.Is(err, property.ErrNotFound):
		return s.written(w, r, property.Change{}, backOffice, "The listing had been removed already.")
	case errors.Is(err, property.ErrVersionConflict):
		now, _, err := s.Catalog.Get(r.Context(), id)
		if err != nil {
			return err
		}
		return s.staffPage(w, r, who, http.StatusConflict, "listings", "remove", "Remove listing",
			&removal{&now, stateOf(&now), true})
	case err != nil:
		return err
	}
	return s.written(w, r, change, backOffice, "The listing has been removed.")
}
