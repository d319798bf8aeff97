package site

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/domain/access"
)

// peoplePage is the body of the page about accounts.
type peoplePage struct {
	Accounts []access.Account
	Self     string // id of the signed-in account
	Name     string
	Role     access.Role
	Wrong    map[string]string
	Banner   string
	// KeysOf are the names of each account's keys in force, by account id. They end with the account.
	KeysOf map[string][]string
}

// Roles lists the roles of accounts.
func (*peoplePage) Roles() []access.Role { return access.Roles() }

const peoplePath = "/admin/people"

func (s *Site) people(w http.ResponseWriter, r *http.Request, who access.Account) error {
	return s.showPeople(w, r, who, http.StatusOK, &peoplePage{Role: access.RoleEditor})
}

func (s *Site) showPeople(
	w http.ResponseWriter, r *http.Request, who access.Account, status int, page *peoplePage,
) (err error) {
	if page.Accounts, err = s.Accounts.List(r.Context()); err != nil {
		return err
	}
	keys, err := s.Keys.List(r.Context())
	if err != nil {
		return err
	}
	page.Self, page.KeysOf = who.ID, map[string][]string{}
	for _, key := range keys {
		if key.Owner != "" && key.RevokedAt.IsZero() {
			page.KeysOf[key.Owner] = append(page.KeysOf[key.Owner], key.Name)
		}
	}
	return s.staffPage(w, r, who, status, "people", "people", "People", page)
}

// addPerson answers POST /admin/people.
func (s *Site) addPerson(w http.ResponseWriter, r *http.Request, who access.Account) error {
	page := &peoplePage{
		Name: r.PostForm.Get("name"), Role: access.Role(r.PostForm.Get("role")), Wrong: map[string]string{},
	}
	made, err := s.Accounts.Create(r.Context(), page.Name, r.PostForm.Get("password"), page.Role)
	var invalid *access.InvalidAccountError
	switch {
	case errors.As(err, &invalid):
		page.Wrong[invalid.Field] = invalid.Reason
	case errors.Is(err, access.ErrAccountNameTaken):
		page.Wrong["name"] = "is already taken"
	case err != nil:
		return err
	default:
		s.Log.Info("account created", zap.String("name", made.Name), zap.String("role", string(made.Role)),
			zap.String("by", who.Name))
		return s.finish(w, r, peoplePath, made.Name+" can sign in now.")
	}
	return s.showPeople(w, r, who, http.StatusUnprocessableEntity, page)
}

// changePerson answers POST /admin/people/change: it changes the role of an account, ends its sessions, removes its
// second factor, or removes it.
func (s *Site) changePerson(w http.ResponseWriter, r *http.Request, who access.Account) error {
	id, role := r.PostForm.Get("id"), access.Role(r.PostForm.Get("role"))
	other, err := s.Accounts.Account(r.Context(), id)
	if errors.Is(err, access.ErrUnknownAccount) {
		return s.finish(w, r, peoplePath, "This account no longer exists.")
	}
	if err != nil {
		return err
	}
	if id == who.ID {
		return s.showPeople(w, r, who, http.StatusConflict, &peoplePage{
			Role: access.RoleEditor, Banner: "You cannot change your own role or remove yourself; ask another administrator.",
		})
	}
	if r.PostForm.Has("sign_out") {
		return s.signOutPerson(w, r, who, other)
	}
	if r.PostForm.Has("factor_off") {
		return s.takeFactorOff(w, r, who, other)
	}
	notice := other.Name + " cannot sign in any more."
	handOver := r.PostForm.Get("keys") == "hand over"
	switch {
	case !r.PostForm.Has("remove"):
		err, notice = s.Accounts.SetRole(r.Context(), id, role), other.Name+" is "+string(role)+" now."
	case handOver:
		notice += " The keys belong to you now."
		if err = s.Keys.HandOver(r.Context(), id, who.ID); err == nil { // before the account goes, so that no key ends
			err = s.Accounts.Remove(r.Context(), id)
		}
	default:
		err = s.Accounts.Remove(r.Context(), id)
	}
	switch {
	case errors.Is(err, access.ErrUnknownAccount):
		return s.finish(w, r, peoplePath, "This account no longer exists.")
	case errors.Is(err, access.ErrInvalidAccount):
		return s.showPeople(w, r, who, http.StatusUnprocessableEntity, &peoplePage{
			Role: access.RoleEditor, Banner: "Unknown role. Nothing has been changed.",
		})
	case errors.Is(err, access.ErrLastAdministrator):
		return s.showPeople(w, r, who, http.StatusConflict, &peoplePage{
			Role:   access.RoleEditor,
			Banner: other.Name + " is the last administrator. Make another person an administrator first.",
		})
	case err != nil:
		return err
	}
	s.Log.Info("account changed", zap.String("name", other.Name), zap.Bool("removed", r.PostForm.Has("remove")),
		zap.Bool("keys_handed_over", handOver && r.PostForm.Has("remove")),
		zap.String("role", string(role)), zap.String("by", who.Name))
	return s.finish(w, r, peoplePath, notice)
}

// signOutPerson ends all sessions of another account.
func (s *Site) signOutPerson(w http.ResponseWriter, r *http.Request, who, other access.Account) error {
	if err := s.Sessions.DeleteSessionsOf(r.Context(), other.ID, ""); err != nil {
		return err
	}
	s.Log.Info("sessions ended", zap.String("name", other.Name), zap.String("by", who.Name))
	return s.finish(w, r, peoplePath, other.Name+" has been signed out everywhere.")
}

// takeFactorOff removes the second factor of another account, whose owner has lost the app and the recovery codes.
func (s *Site) takeFactorOff(w http.ResponseWriter, r *http.Request, who, other access.Account) error {
	err := s.Accounts.RemoveSecondFactor(r.Context(), other.Name)
	if errors.Is(err, access.ErrUnknownAccount) {
		return s.finish(w, r, peoplePath, "This account no longer exists.")
	}
	if err != nil {
		return err
	}
	s.Log.Info("second factor removed", zap.String("name", other.Name), zap.String("by", who.Name))
	return s.finish(w, r, peoplePath, other.Name+" has no second factor now and has been signed out everywhere.")
}
