package site

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
)

// historyLength is how many changes a page of a listing's history shows.
const historyLength = 50

// history is the body of the page with the past changes of a listing.
type history struct {
	ID      property.ID
	Title   string // the last known one
	Gone    bool   // the listing has been removed
	Changes []*pastChange
	Next    string
}

// pastChange is a change with its differences.
type pastChange struct {
	property.Change
	Differences []property.Difference
}

// Who returns the actor of the change, or "not known".
func (c *pastChange) Who() string {
	if c.Actor == "" {
		return "not known"
	}
	return c.Actor
}

// listingHistory answers GET /admin/listings/{id}/history.
func (s *Site) listingHistory(w http.ResponseWriter, r *http.Request, who access.Account) error {
	id, err := listingID(r)
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // the newest if invalid
	page, err := s.Catalog.History(r.Context(), id, max(before, 0), historyLength)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(page.Changes, func(c property.Change) bool { return c.ID == id }) {
		// The page may hold only resets. They are shown if the listing exists; otherwise the answer is not found.
		if _, _, err := s.Catalog.Get(r.Context(), id); err != nil {
			return err
		}
	}
	body := &history{ID: id, Title: id.String()}
	for _, c := range page.Changes {
		shown := &pastChange{Change: c}
		if c.Op == property.OpUpdate {
			shown.Differences = property.Differences(c.Before, c.After)
		}
		body.Changes = append(body.Changes, shown)
	}
	for _, c := range page.Changes {
		last := c.After
		if body.Gone = before == 0 && c.Op == property.OpDelete; c.Op == property.OpDelete {
			last = c.Before
		}
		if last != nil {
			body.Title = last.Title
			break
		}
	}
	if page.Next != 0 {
		body.Next = editPath(id) + "/history?before=" + strconv.FormatInt(page.Next, 10)
	}
	return s.staffPage(w, r, who, http.StatusOK, "listings", "history", "History", body)
}
