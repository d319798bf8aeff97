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

// writeHandler answers a request of somebody who may write.
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
	change, err := a.Catalog.Create(r.Context(), details, once(key, who, body))
	if err != nil {
		return err
	}
	w.Header().Set("Location", a.Base+searchRoute+"/"+change.ID.String())
	a.writeItem(w, r, http.StatusCreated, change)
	return nil
}

// idempotencyKey reads the Idempotency-Key header; "" when there is none.
func idempotencyKey(given []string) (string, error) {
	if given == nil {
		return "", nil
	}
	key := strings.TrimSpace(given[0])
	printable := !strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' })
	if len(given) > 1 || key == "" || len(key) > ports.MaxIdempotencyKey || !printable {
		return "", problem.Refuse(problem.InvalidRequest,
			"Idempotency-Key must be given once, with 1 to %d printable ASCII characters.", ports.MaxIdempotencyKey)
	}
	return key, nil
}

// once is a client's key as the store keeps it, nil for none: it belongs to the API key that uses it and to the exact bytes
// of the body.
func once(key string, who access.Key, body []byte) *ports.IdempotencyKey {
	if key == "" {
		return nil
	}
	sum := sha256.Sum256(body)
	return &ports.IdempotencyKey{Owner: who.ID, Key: key, Request: hex.EncodeToString(sum[:])}
}

// replace answers PUT /v1/properties/{id}.
func (a *API) replace(w http.ResponseWriter, r *http.Request, _ access.Key) error {
	return a.revise(w, r, []string{jsonType}, func(body []byte, _ property.Details) (property.Details, error) {
		return propertyjson.DecodeReplacement(body)
	})
}

// change answers PATCH /v1/properties/{id} with a merge patch (RFC 7396).
func (a *API) change(w http.ResponseWriter, r *http.Request, _ access.Key) error {
	return a.revise(w, r, []string{mergePatchType, jsonType}, propertyjson.Merge)
}

func (a *API) revise(
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
	change, err := a.Catalog.Revise(r.Context(), id, expected, func(current property.Details) (property.Details, error) {
		return edit(body, current)
	})
	if err != nil {
		return a.preconditioned(err, expected, r)
	}
	a.writeItem(w, r, http.StatusOK, change)
	return nil
}

// remove answers DELETE /v1/properties/{id}.
func (a *API) remove(w http.ResponseWriter, r *http.Request, _ access.Key) error {
	id, expected, err := a.target(r)
	if err != nil {
		return err
	}
	change, err := a.Catalog.Remove(r.Context(), id, expected)
	if err != nil {
		return a.preconditioned(err, expected, r)
	}
	a.setWriteToken(w, r, change)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// target is the listing that a request wants to change, and whether it may be changed as it is; nil for any state.
func (a *API) target(r *http.Request) (property.ID, func(*property.Property) bool, error) {
	id, err := idOf(r)
	if err != nil {
		return id, nil, err
	}
	if err := refuseParameters(r); err != nil {
		return id, nil, err
	}
	header, given := r.Header["If-Match"]
	if !given && a.RequireIfMatch {
		return id, nil, problem.Refuse(problem.PreconditionRequired, "Send If-Match with the ETag of the version you mean to change.")
	}
	return id, expectedState(header, a.Proxies.Contains(exchange.Peer(r))), nil
}

// expectedState is the states that an If-Match header names; nil when it is absent or "*". The whole tag counts, in
// whichever coding the listing was read. Tags that are not ours match nothing, and weak tags count only where a trusted
// proxy may have made them weak: If-Match compares strongly.
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

// preconditioned turns the error of a failed If-Match into its problem. A change that lost against others stays as it
// is.
func (a *API) preconditioned(err error, expected func(*property.Property) bool, r *http.Request) error {
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

// writeItem answers a change with the listing as it is now: the bytes and entity tag that a GET would get.
func (a *API) writeItem(w http.ResponseWriter, r *http.Request, status int, change property.Change) {
	a.setWriteToken(w, r, change)
	viewcache.WriteUncached(w, r, status, itemAnswer(change.After))
}
