package site

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/domain/access"
)

// keyPage is the body of the page about API keys.
type keyPage struct {
	Keys   []listedKey
	Name   string
	Scope  access.Scope
	Wrong  string
	Made   string // the name of the key just made
	Secret string // its secret, shown on this page only
}

// listedKey is a key as the page shows it.
type listedKey struct {
	access.Key
	OwnerName string // "" when the key has no owner, or its owner was removed
	OwnerGone bool   // the owner was removed, and the key ended with the account
}

// Scopes lists the scopes of keys.
func (*keyPage) Scopes() []access.Scope { return []access.Scope{access.ScopeWrite, access.ScopeAdmin} }

func (s *Site) keyList(w http.ResponseWriter, r *http.Request, who access.Account) error {
	return s.showKeys(w, r, who, http.StatusOK, &keyPage{Scope: access.ScopeWrite})
}

func (s *Site) showKeys(w http.ResponseWriter, r *http.Request, who access.Account, status int, page *keyPage) error {
	keys, err := s.Keys.List(r.Context())
	if err != nil {
		return err
	}
	accounts, err := s.Accounts.List(r.Context())
	if err != nil {
		return err
	}
	for _, key := range keys {
		name, found := key.OwnerAmong(accounts)
		page.Keys = append(page.Keys, listedKey{key, name, !found})
	}
	return s.staffPage(w, r, who, status, "keys", "keys", "API keys", page)
}

// createKey answers POST /admin/keys. Its answer is the only page that ever shows the secret.
func (s *Site) createKey(w http.ResponseWriter, r *http.Request, who access.Account) error {
	page := &keyPage{Name: r.PostForm.Get("name"), Scope: access.Scope(r.PostForm.Get("scope"))}
	key, secret, err := s.Keys.Create(r.Context(), page.Name, page.Scope, who.ID)
	switch {
	case errors.Is(err, access.ErrNameTaken):
		page.Wrong = "A key of that name exists, in force or revoked. Choose another name."
	case errors.Is(err, access.ErrInvalidKey):
		page.Wrong = "The name must have 1 to 100 characters and no control characters, and the scope must be write or admin."
	case err != nil:
		return err
	default:
		s.Log.Info("API key created", zap.String("key", key.Name), zap.String("scope", string(key.Scope)),
			zap.String("by", who.Name))
		return s.showKeys(w, r, who, http.StatusCreated, &keyPage{Scope: access.ScopeWrite, Made: key.Name, Secret: secret})
	}
	return s.showKeys(w, r, who, http.StatusUnprocessableEntity, page)
}

// revokeKey answers POST /admin/keys/revoke.
func (s *Site) revokeKey(w http.ResponseWriter, r *http.Request, who access.Account) error {
	name := r.PostForm.Get("name")
	switch err := s.Keys.Revoke(r.Context(), name); {
	case errors.Is(err, access.ErrUnknownKey):
		return s.finish(w, r, "/admin/keys", "That key is not in force any more.")
	case err != nil:
		return err
	}
	s.Log.Info("API key revoked", zap.String("key", name), zap.String("by", who.Name))
	return s.finish(w, r, "/admin/keys",
		"The key “"+name+"” has been revoked. Requests with it are refused from now on.")
}
