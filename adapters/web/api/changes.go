package api

import (
	"net/http"
	"strconv"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

const (
	maxChanges = 1_000
	// afterNow stands for the cursor behind the newest change.
	afterNow = "now"
)

// changes answers GET /v1/changes.
func (a *API) changes(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r)
	if err != nil {
		return err
	}
	after, err := takeOne(values, "after", "")
	if err != nil {
		return err
	}
	if after == afterNow {
		head, _, err := a.Feed.Head(r.Context(), 0)
		if err != nil {
			return err
		}
		after = string(head)
	}
	limitText, err := takeOne(values, "limit", "100")
	if err != nil {
		return err
	}
	limit, err := property.ParseWhole(limitText, 1, maxChanges)
	if err != nil {
		return badParameter("limit", "must be a whole number from 1 to %d", maxChanges)
	}
	if err := refuseOthers(values); err != nil {
		return err
	}
	if IsStream(r) {
		return a.stream(w, r, ports.FeedCursor(after))
	}
	return a.writeChanges(w, r, after, limit)
}

// writeChanges answers with a page of the change feed.
func (a *API) writeChanges(w http.ResponseWriter, r *http.Request, after string, limit int) error {
	page, err := a.Feed.Changes(r.Context(), ports.FeedCursor(after), limit)
	if err != nil {
		return err
	}
	weight := 0
	for i := range page.Changes {
		weight += page.Changes[i].Weight()
	}
	sent, err := a.Views.Send(2 * weight) // the page and its text
	if err != nil {
		return err
	}
	defer sent()
	b := append([]byte(nil), `{"changes":[`...)
	for i := range page.Changes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendChange(b, &page.Changes[i])
	}
	b = append(b, `],"next":`...)
	b = propertyjson.AppendString(b, string(page.Next))
	b = append(b, `,"more":`...)
	b = strconv.AppendBool(b, page.More)
	return writeBody(w, r, append(b, '}', '\n'))
}

func appendChange(b []byte, c *property.Change) []byte {
	b = append(b, `{"op":"`...)
	b = append(b, c.Op...)
	b = append(b, `","id":`...)
	if c.Op == property.OpReset {
		b = append(b, `null,"version":null`...)
	} else {
		b = propertyjson.AppendString(b, c.ID.String())
		b = append(b, `,"version":`...)
		b = strconv.AppendInt(b, c.Version, 10)
	}
	b = append(b, `,"changed_at":"`...)
	b = c.At.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	b = append(b, `","property":`...)
	if c.After == nil {
		return append(b, "null}"...)
	}
	return append(propertyjson.Append(b, c.After), '}')
}
