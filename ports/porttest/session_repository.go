package porttest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// SessionRepository checks that a repository keeps every promise of ports.SessionRepository, and that sessions end
// with their accounts. newRepos returns two empty repositories over the same store at each call.
func SessionRepository(t *testing.T, newRepos func(t *testing.T) (ports.AccountRepository, ports.SessionRepository)) {
	runCases(t, sessionCases, func(t *testing.T) lobby {
		accounts, sessions := newRepos(t)
		return lobby{staff{t, accounts}, sessions}
	})
}

// lobby is a session repository under test with the steps that cases are made of.
type lobby struct {
	staff
	sessions ports.SessionRepository
}

// visit is a session as saved.
type visit struct {
	hash    string
	data    string
	expires time.Time
}

// begin saves a session that expires so many minutes after birth, and returns it. The account may be "".
func (l lobby) begin(token, accountID string, minutes int) visit {
	l.t.Helper()
	v := visit{access.HashSecret(token), "data of " + token, birth.Add(time.Duration(minutes) * time.Minute)}
	l.save(v, accountID)
	return v
}

func (l lobby) save(v visit, accountID string) {
	l.t.Helper()
	l.wantDone("save session", l.sessions.SaveSession(l.t.Context(), v.hash, accountID, []byte(v.data), v.expires))
}

func (l lobby) wantFound(want visit) {
	l.t.Helper()
	data, expires, err := l.sessions.FindSession(l.t.Context(), want.hash)
	l.wantDone("find session", err)
	if string(data) != want.data || !expires.Equal(want.expires) || expires.Location() != time.UTC {
		l.t.Fatalf("the session is %q until %v, not %q until %v", data, expires, want.data, want.expires)
	}
}

func (l lobby) wantGone(v visit) {
	l.t.Helper()
	_, _, err := l.sessions.FindSession(l.t.Context(), v.hash)
	l.wantError("find a missing session", err, access.ErrUnknownSession)
}

func (l lobby) prune(before time.Time) int64 {
	l.t.Helper()
	removed, err := l.sessions.PruneSessions(l.t.Context(), before)
	l.wantDone("prune sessions", err)
	return removed
}

var sessionCases = []suiteCase[lobby]{
	{"a_session_comes_back_as_saved",
		"FindSession returns the data to the byte, and the microsecond at which it expires.", func(l lobby) {
			anna := l.hire("anna", access.RoleEditor, 1)
			every := make([]byte, 256)
			for i := range every {
				every[i] = byte(i)
			}
			odd := visit{access.HashSecret("odd"), string(every) + `\x00'"`, birth.Add(123 * time.Microsecond)}
			empty := visit{access.HashSecret("empty"), "", birth}
			l.save(odd, anna.ID)
			l.save(empty, "")
			l.wantFound(odd)
			l.wantFound(empty)
			l.wantDone("save nil", l.sessions.SaveSession(l.t.Context(), odd.hash, "", nil, odd.expires))
			l.wantFound(visit{odd.hash, "", odd.expires})
		}},
	{"an_unknown_session_is_unknown", "FindSession of an unknown hash is ErrUnknownSession.", func(l lobby) {
		v := l.begin("a", "", 1)
		l.wantGone(visit{hash: access.HashSecret("b")})
		l.wantGone(visit{hash: v.hash[:63]})
		l.wantGone(visit{})
	}},
	{"expired_sessions_are_found", "Expired sessions are found until they are pruned.", func(l lobby) {
		long := visit{access.HashSecret("a"), "long ago", time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC)}
		l.save(long, "")
		l.wantFound(long)
	}},
	{"saving_again_replaces_all", "SaveSession of a hash that exists replaces data, expiry and owner.", func(l lobby) {
		anna, bob := l.hire("anna", access.RoleEditor, 1), l.hire("bob", access.RoleEditor, 2)
		v, other := l.begin("a", anna.ID, 1), l.begin("b", "", 1)
		v.data, v.expires = "something else", birth.Add(time.Hour)
		l.save(v, bob.ID)
		l.wantFound(v)
		l.wantFound(other)
		l.wantDone("delete sessions of the owner before", l.sessions.DeleteSessionsOf(l.t.Context(), anna.ID, ""))
		l.wantFound(v)
		l.save(v, "")
		l.wantDone("delete sessions of the owner before", l.sessions.DeleteSessionsOf(l.t.Context(), bob.ID, ""))
		l.wantFound(v)
		l.save(v, anna.ID)
		l.wantDone("delete sessions of the owner", l.sessions.DeleteSessionsOf(l.t.Context(), anna.ID, ""))
		l.wantGone(v)
	}},
	{"a_session_needs_its_account",
		"SaveSession for an account that does not exist is ErrUnknownAccount, and changes nothing.", func(l lobby) {
			unknown := l.account("unknown", access.RoleEditor, 1)
			v := visit{access.HashSecret("a"), "x", birth}
			for _, id := range []string{unknown.ID, "unknown"} {
				err := l.sessions.SaveSession(l.t.Context(), v.hash, id, []byte(v.data), v.expires)
				l.wantError("save a session of an unknown account", err, access.ErrUnknownAccount)
			}
			l.wantGone(v)
			other := l.begin("b", "", 1)
			err := l.sessions.SaveSession(l.t.Context(), other.hash, unknown.ID, []byte("other"), birth)
			l.wantError("move a session to an unknown account", err, access.ErrUnknownAccount)
			l.wantFound(other)
		}},
	{"sessions_end_with_their_account", "DeleteAccount removes the account's sessions and no others.", func(l lobby) {
		anna, bob := l.hire("anna", access.RoleEditor, 1), l.hire("bob", access.RoleEditor, 2)
		first, second := l.begin("a", anna.ID, 1), l.begin("b", anna.ID, 2)
		his, anonymous := l.begin("c", bob.ID, 1), l.begin("d", "", 1)
		l.wantDone("delete account", l.repo.DeleteAccount(l.t.Context(), anna.ID))
		l.wantGone(first)
		l.wantGone(second)
		l.wantFound(his)
		l.wantFound(anonymous)
	}},
	{"a_deleted_session_is_unknown",
		"DeleteSession removes the session and no other, and reports whether it existed; a missing session is not an error.",
		func(l lobby) {
			v, other := l.begin("a", "", 1), l.begin("b", "", 1)
			for _, was := range []bool{true, false} {
				removed, err := l.sessions.DeleteSession(l.t.Context(), v.hash)
				l.wantDone("delete session", err)
				if removed != was {
					l.t.Fatalf("a session existed: %t; it was removed: %t", was, removed)
				}
				l.wantGone(v)
			}
			l.wantFound(other)
		}},
	{"a_session_is_extended_while_it_lasts",
		"ExtendSession only moves the expiry forward, changes nothing else, and never revives an ended session.",
		func(l lobby) {
			anna := l.hire("anna", access.RoleEditor, 1)
			v, other := l.begin("a", anna.ID, 1), l.begin("b", anna.ID, 1)
			extend := func(to time.Time) {
				l.t.Helper()
				l.wantDone("extend session", l.sessions.ExtendSession(l.t.Context(), v.hash, to))
			}
			extend(birth)
			l.wantFound(v)
			v.expires = birth.Add(time.Hour + time.Microsecond)
			extend(v.expires)
			l.wantFound(v)
			l.wantFound(other)
			l.wantDone("end the owner's sessions", l.sessions.DeleteSessionsOf(l.t.Context(), anna.ID, ""))
			extend(birth.Add(2 * time.Hour))
			l.wantGone(v)
		}},
	{"an_accounts_sessions_are_listed",
		"ListSessionsOf returns the account's sessions alone, in every field, expired ones included, the last to expire " +
			"first, ties by hash.", func(l lobby) {
			anna, bob := l.hire("anna", access.RoleEditor, 1), l.hire("bob", access.RoleEditor, 2)
			want := []visit{l.begin("a", anna.ID, 3), l.begin("b", anna.ID, -1), l.begin("c", anna.ID, 2),
				l.begin("d", anna.ID, 2)}
			l.begin("e", bob.ID, 1)
			l.begin("f", "", 1)
			slices.SortFunc(want, func(a, b visit) int {
				return cmp.Or(b.expires.Compare(a.expires), cmp.Compare(a.hash, b.hash))
			})
			got, err := l.sessions.ListSessionsOf(l.t.Context(), anna.ID)
			l.wantDone("list sessions", err)
			if !slices.EqualFunc(got, want, func(a ports.StoredSession, b visit) bool {
				return a.TokenHash == b.hash && string(a.Data) == b.data && a.Expires.Equal(b.expires)
			}) {
				l.t.Fatalf("the sessions are %v, not %v", got, want)
			}
			for _, id := range []string{"", "unknown"} {
				got, err := l.sessions.ListSessionsOf(l.t.Context(), id)
				l.wantDone("list sessions of an unknown account", err)
				if len(got) > 0 {
					l.t.Fatalf("%q has the sessions %v", id, got)
				}
			}
		}},
	{"one_of_many_removes_a_session",
		"Of concurrent DeleteSessions of one session, exactly one reports that it removed it.",
		func(l lobby) {
			for i := range 8 {
				v := l.begin(fmt.Sprint(i), "", 1)
				var removals atomic.Int64
				for _, err := range together(8, func(int) error {
					removed, err := l.sessions.DeleteSession(l.t.Context(), v.hash)
					if removed {
						removals.Add(1)
					}
					return err
				}) {
					l.wantDone("delete session", err)
				}
				if removals.Load() != 1 {
					l.t.Fatalf("%d of 8 report that they removed the session", removals.Load())
				}
			}
		}},
	{"an_accounts_other_sessions_can_be_ended",
		"DeleteSessionsOf removes all of the account's sessions but the one with this hash, and no others.", func(l lobby) {
			anna, bob := l.hire("anna", access.RoleEditor, 1), l.hire("bob", access.RoleEditor, 2)
			this, first, second := l.begin("a", anna.ID, 1), l.begin("b", anna.ID, 2), l.begin("c", anna.ID, 3)
			his, anonymous := l.begin("d", bob.ID, 1), l.begin("e", "", 1)
			l.wantDone("end other sessions", l.sessions.DeleteSessionsOf(l.t.Context(), anna.ID, this.hash))
			l.wantGone(first)
			l.wantGone(second)
			for _, v := range []visit{this, his, anonymous} {
				l.wantFound(v)
			}
			l.wantDone("end all sessions without an account", l.sessions.DeleteSessionsOf(l.t.Context(), "", ""))
			l.wantDone("end all sessions", l.sessions.DeleteSessionsOf(l.t.Context(), anna.ID, ""))
			l.wantGone(this)
			l.wantFound(his)
			l.wantFound(anonymous)
		}},
	{"pruning_removes_what_expires_before",
		"PruneSessions removes the sessions that expire before the time, and returns how many; the others stay.",
		func(l lobby) {
			anna := l.hire("anna", access.RoleEditor, 1)
			first, second := l.begin("a", anna.ID, 1), l.begin("b", "", 2)
			third, fourth := l.begin("c", "", 3), l.begin("d", anna.ID, 4)
			if removed := l.prune(third.expires); removed != 2 {
				l.t.Fatalf("%d sessions were removed, not 2", removed)
			}
			l.wantGone(first)
			l.wantGone(second)
			l.wantFound(third)
			l.wantFound(fourth)
			if again := l.prune(third.expires); again != 0 {
				l.t.Fatalf("pruning again removed %d sessions", again)
			}
		}},
	{"data_belongs_to_its_holder", "A caller may change data it passed or received; the stored data stays the same.",
		func(l lobby) {
			v := visit{access.HashSecret("a"), "data", birth}
			data := []byte(v.data)
			l.wantDone("save session", l.sessions.SaveSession(l.t.Context(), v.hash, "", data, v.expires))
			copy(data, "xxxx")
			got, _, err := l.sessions.FindSession(l.t.Context(), v.hash)
			l.wantDone("find session", err)
			copy(got, "yyyy")
			l.wantFound(v)
		}},
	{"one_session_may_be_saved_at_once",
		"Concurrent SaveSessions of one hash all succeed, and one of them is stored whole.", func(l lobby) {
			hash := access.HashSecret("a")
			for i, err := range together(8, func(i int) error {
				return l.sessions.SaveSession(l.t.Context(), hash, "", []byte(fmt.Sprint(i)),
					birth.Add(time.Duration(i)*time.Second))
			}) {
				l.wantDone(fmt.Sprintf("save %d", i), err)
			}
			data, expires, err := l.sessions.FindSession(l.t.Context(), hash)
			l.wantDone("find session", err)
			if string(data) != fmt.Sprint(int(expires.Sub(birth)/time.Second)) {
				l.t.Fatalf("the session is %q until %v, which was never saved", data, expires)
			}
		}},
	{"a_session_does_not_outlive_its_account",
		"When SaveSession and DeleteAccount run at once, the session ends or SaveSession is ErrUnknownAccount.",
		func(l lobby) {
			for i := range 8 {
				account := l.hire(fmt.Sprint("anna", i), access.RoleEditor, i)
				v := visit{access.HashSecret(fmt.Sprint(i)), "x", birth}
				results := together(2, func(i int) error {
					if i == 0 {
						return l.repo.DeleteAccount(l.t.Context(), account.ID)
					}
					return l.sessions.SaveSession(l.t.Context(), v.hash, account.ID, []byte(v.data), v.expires)
				})
				l.wantDone("delete account", results[0])
				if results[1] != nil {
					l.wantError("save session", results[1], access.ErrUnknownAccount)
				}
				l.wantGone(v)
			}
		}},
	{"a_cancelled_context_ends_every_call_about_sessions",
		"Every method returns with an error that wraps context.Canceled when its context is cancelled.", func(l lobby) {
			anna := l.hire("anna", access.RoleEditor, 1)
			v := l.begin("a", anna.ID, 1)
			ctx, cancel := context.WithCancel(l.t.Context())
			cancel()
			_, _, err := l.sessions.FindSession(ctx, v.hash)
			l.wantError("FindSession", err, context.Canceled)
			l.wantError("SaveSession", l.sessions.SaveSession(ctx, v.hash, "", nil, birth), context.Canceled)
			l.wantError("ExtendSession", l.sessions.ExtendSession(ctx, v.hash, birth.AddDate(1, 0, 0)), context.Canceled)
			_, err = l.sessions.ListSessionsOf(ctx, anna.ID)
			l.wantError("ListSessionsOf", err, context.Canceled)
			_, err = l.sessions.DeleteSession(ctx, v.hash)
			l.wantError("DeleteSession", err, context.Canceled)
			l.wantError("DeleteSessionsOf", l.sessions.DeleteSessionsOf(ctx, anna.ID, ""), context.Canceled)
			removed, err := l.sessions.PruneSessions(ctx, birth.AddDate(1, 0, 0))
			l.wantError("PruneSessions", err, context.Canceled)
			if errors.Is(err, ports.ErrUnavailable) || removed != 0 {
				l.t.Fatalf("a cancelled pruning removed %d sessions: %v", removed, err)
			}
			l.wantFound(v)
		}},
}
