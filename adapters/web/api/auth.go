package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

const challenge = `Bearer realm="gable"`

// writing lets through who may change listings. A Consistency-Token that is none is refused while nothing is written yet.
func (a *API) writing(h writeHandler) route.Handler {
	return a.allowed(access.ScopeWrite, func(w http.ResponseWriter, r *http.Request, key access.Key) error {
		if d := exchange.DirectivesOf(w); d.Err != nil {
			return d.Err
		}
		return h(w, r, key)
	})
}

// allowed lets through who holds a key in force with the scope.
func (a *API) allowed(needed access.Scope, h writeHandler) route.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		key, err := a.authenticate(r)
		if err != nil {
			if errors.Is(err, access.ErrUnknownKey) {
				w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
			}
			return a.explained(w, r, err)
		}
		actor := Actor(key)
		exchange.SetActor(w, actor)
		if !key.Scope.Allows(needed) {
			return problem.Refuse(problem.Forbidden, "The API key %q has the scope %s; this needs %s.", key.Name, key.Scope, needed)
		}
		return h(w, r.WithContext(ports.WithActor(r.Context(), actor)), key)
	}
}

var errNoKey = errors.New("no API key")

func (a *API) authenticate(r *http.Request) (access.Key, error) {
	secret, ok := Secret(r)
	if !ok {
		return access.Key{}, errNoKey
	}
	return a.Keys.Authenticate(r.Context(), secret)
}

// Secret is what a request shows as the secret of an API key, if it shows anything.
func Secret(r *http.Request) (string, bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(secret), strings.EqualFold(scheme, "Bearer")
}

// Actor is how logs and histories name the holder of a key.
func Actor(key access.Key) string { return "key " + key.Name }

// explained is the answer to a request whose key does not open anything.
func (a *API) explained(w http.ResponseWriter, _ *http.Request, err error) error {
	switch {
	case errors.Is(err, errNoKey):
		w.Header().Set("WWW-Authenticate", challenge)
		return problem.Refuse(problem.Unauthorized, "Send an API key: Authorization: Bearer gable_…")
	case errors.Is(err, access.ErrUnknownKey):
		return problem.Refuse(problem.Unauthorized, "No API key in force has this secret.")
	}
	return err
}
