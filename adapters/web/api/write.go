package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// writeHandler answers a request of a client that may write.
type writeHandler func(w http.ResponseWriter, r *http.Request, who access.Key) error

const mergePatchType = "application/merge-patch+json"

// create answers POST /v1/properties.
func (a *API) create(w http.ResponseWriter, r *http.Request, who access.Key) error {
	if err := refuseParameters(r); err != nil {
		return err
	}
	body, err := a.readBody(w, r, jsonType)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r.Header["Idempotency-Key"])
	if err != nil {
		return err
	}
	details, err := propertyjson.Decode(body)
	if err != nil {
		return err
	}
	change, err := a.Catalog.Create(r.Context(), details, storedKey(key, who, body))
	if err != nil {
		return err
	}
	w.Header().Set("Location", a.Base+searchRoute+"/"+change.ID.String())
	a.writeItem(w, r, http.StatusCreated, change)
	return nil
}

// idempotencyKey reads the Idempotency-Key header; "" for none.
func idempotencyKey(header []string) (string, error) {
	if header == nil {
		return "", nil
	}
	key := strings.TrimSpace(header[0])
	printable := !strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' })
	if len(header) > 1 || key == "" || len(key) > ports.MaxIdempotencyKey || !printable {
		return "", problem.Refuse(problem.InvalidRequest,
			"Idempotency-Key must appear once, with 1 to %d printable ASCII characters.", ports.MaxIdempotencyKey)
	}
	return key, nil
}

// storedKey returns a client's idempotency key as the store holds it, or nil for none. It is bound to the API key that
// uses it and to the exact bytes of the body.
func storedKey(key string, who access.Key, body []byte) *ports.IdempotencyKey {
	if key == "" {
		return nil
	}
	sum := sha256.Sum256(body)
	return &ports.IdempotencyKey{Owner: who.ID, Key: key, Request: hex.EncodeToString(sum[:])}
}

// replace answers PUT /v1/properties/{id}.
func (a *API) replace(w http.ResponseWriter, r *http.Request, _ access.Key) error {
	return a.update(w, r, []string{jsonType}, func(body []byte, _ property.Details) (property.Details, error) {
		return propertyjson.DecodeReplacement(body)
	})
}

// patch answers PATCH /v1/properties/{id} with a merge patch (RFC 7396).
func (a *API) patch(w http.ResponseWriter, r *http.Request, _ access.Key) error {
	return a.update(w, r, []string{mergePatchType, jsonType}, propertyjson.Merge)
}

func (a *API) update(
	w http.ResponseWriter, r *http.Request, types []string,
	edit func(body []byte, current property.Details) (property.Details, error),
) error {
	id, expected, err := a.target(r)
	if err != nil {
		return err
	}
	body, err := a.readBody(w, r, types...)
	if err != nil {
		return err
	}
	change, err := a.Catalog.Update(r.Context(), id, expected, func(current property.Details) (property.Details, error) {
		return edit(body, current)
	})
	if err != nil {
		return a.preconditionError(err, expected, r)
	}
	a.writeItem(w, r, http.StatusOK, change)
	return nil
}

// delete answers DELETE /v1/properties/{id}.
func (a *API) delete(w http.ResponseWriter, r *http.Request, _ access.Key) error {
	id, expected, err := a.target(r)
	if err != nil {
		return err
	}
	change, err := a.Catalog.Delete(r.Context(), id, expected)
	if err != nil {
		return a.preconditionError(err, expected, r)
	}
	a.setWriteToken(w, r, change)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// target returns the listing that a request wants to change, and the condition on its current state. The condition is
// nil when any state may be changed.
func (a *API) target(r *http.Request) (property.ID, func(*property.Property) bool, error) {
	id, err := idOf(r)
	if err != nil {
		return id, nil, err
	}
	if err := refuseParameters(r); err != nil {
		return id, nil, err
	}
	header, present := r.Header["If-Match"]
	if !present && a.RequireIfMatch {
		return id, nil, problem.Refuse(problem.PreconditionRequired,
			"Send If-Match with the ETag of the version you mean to change.")
	}
	return id, expectedState(header, a.Proxies.Contains(exchange.Peer(r))), nil
}

// expectedState returns a function that matches the states in an If-Match header; nil when the header is absent or "*".
// The whole tag counts, in any coding in which the listing was read. Foreign tags match nothing. Weak tags count only
// if a trusted proxy may have made them weak, since If-Match compares strongly.
func expectedState(header []string, weak bool) func(*property.Property) bool {
	if len(header) == 0 {
		return nil
	}
	var tags []string
	for tag := range strings.SplitSeq(strings.Join(header, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			return nil
		}
		if weak {
			tag = strings.TrimPrefix(tag, "W/")
		}
		if inner, quoted := strings.CutPrefix(tag, `"`); quoted && strings.HasSuffix(inner, `"`) {
			tags = append(tags, strings.TrimSuffix(inner, `"`)+"-")
		}
	}
	return func(current *property.Property) bool {
		answer := itemAnswer(current)
		own := answer.Tag() + "-"
		return slices.ContainsFunc(tags, func(tag string) bool { return strings.HasPrefix(tag, own) })
	}
}

// preconditionError turns the error of a failed If-Match into its problem. Without If-Match the error of a lost race
// stays as it is.
func (a *API) preconditionError(err error, expected func(*property.Property) bool, r *http.Request) error {
	if !errors.Is(err, property.ErrVersionConflict) || expected == nil {
		return err
	}
	if onlyWeak(r.Header["If-Match"]) && !a.Proxies.Contains(exchange.Peer(r)) {
		return problem.Refuse(problem.PreconditionFailed,
			"If-Match compares strong tags, and this one is weak (W/): a proxy that http.trusted_proxies does not list has "+
				"changed the answer on its way. Read the listing with Accept-Encoding: identity and send the tag of that answer.")
	}
	return problem.Refuse(problem.PreconditionFailed,
		"The listing is not in the state that If-Match names; read it again.")
}

// onlyWeak reports whether all tags of an If-Match header are weak.
func onlyWeak(header []string) bool {
	for tag := range strings.SplitSeq(strings.Join(header, ","), ",") {
		if !strings.HasPrefix(strings.TrimSpace(tag), "W/") {
			return false
		}
	}
	return true
}

// setWriteToken sets the token of a change.
func (a *API) setWriteToken(w http.ResponseWriter, r *http.Request, change property.Change) {
	a.Consistency.SetWriteToken(r.Context(), exchange.DirectivesOf(w), change, w.Header())
}

// writeItem answers a change with the current listing: the bytes and entity tag that a GET would return.
func (a *API) writeItem(w http.ResponseWriter, r *http.Request, status int, change property.Change) {
	a.setWriteToken(w, r, change)
	viewcache.WriteUncached(w, r, status, itemAnswer(change.After))
}
