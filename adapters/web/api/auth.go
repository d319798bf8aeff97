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

// requireWrite lets clients through that may change listings. It refuses an invalid Consistency-Token before anything
// is written.
func (a *API) requireWrite(h writeHandler) route.Handler {
	return a.requireScope(access.ScopeWrite, func(w http.ResponseWriter, r *http.Request, key access.Key) error {
		if d := exchange.DirectivesOf(w); d.Err != nil {
			return d.Err
		}
		return h(w, r, key)
	})
}

// requireScope lets clients through that hold a key in force with the scope.
func (a *API) requireScope(needed access.Scope, h writeHandler) route.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		key, err := a.authenticate(r)
		if err != nil {
			if errors.Is(err, access.ErrUnknownKey) {
				w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
			}
			return authError(w, err)
		}
		actor := Actor(key)
		exchange.SetActor(w, actor)
		if !key.Scope.Allows(needed) {
			return problem.Refuse(problem.Forbidden,
				"The API key %q has the scope %s; this needs %s.", key.Name, key.Scope, needed)
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

// Secret returns the bearer token of a request, and whether it has one.
func Secret(r *http.Request) (string, bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(secret), strings.EqualFold(scheme, "Bearer")
}

// Actor returns the name of a key's holder in logs and histories.
func Actor(key access.Key) string { return "key " + key.Name }

// authError returns the answer to a request that could not be authenticated.
func authError(w http.ResponseWriter, err error) error {
	switch {
	case errors.Is(err, errNoKey):
		w.Header().Set("WWW-Authenticate", challenge)
		return problem.Refuse(problem.Unauthorized, "Send an API key: Authorization: Bearer gable_…")
	case errors.Is(err, access.ErrUnknownKey):
		return problem.Refuse(problem.Unauthorized, "No API key in force has this secret.")
	}
	return err
}
