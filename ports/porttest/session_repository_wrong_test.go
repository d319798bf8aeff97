package porttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

func TestWrongSessionRepositoriesAreNoticed(t *testing.T) {
	for _, w := range wrongSessions {
		testWrong(t, w, sessionCases, func(r reporter, bend func(ports.SessionRepository) ports.SessionRepository) lobby {
			accounts := memory.NewAccountRepository()
			return lobby{staff{r, accounts}, bend(memory.NewSessionRepository(accounts))}
		})
	}
}

// misled is a session repository with some of its methods replaced.
type misled struct {
	ports.SessionRepository
	find     func(ctx context.Context, hash string) ([]byte, time.Time, error)
	save     func(ctx context.Context, hash, accountID string, data []byte, expires time.Time) error
	remove   func(ctx context.Context, hash string) (bool, error)
	removeOf func(ctx context.Context, accountID, except string) error
	prune    func(ctx context.Context, before time.Time) (int64, error)
	extend   func(ctx context.Context, hash string, expires time.Time) error
	list     func(ctx context.Context, accountID string) ([]ports.StoredSession, error)
}

func (m misled) ExtendSession(ctx context.Context, hash string, expires time.Time) error {
	if m.extend != nil {
		return m.extend(ctx, hash, expires)
	}
	return m.SessionRepository.ExtendSession(ctx, hash, expires)
}

func (m misled) ListSessionsOf(ctx context.Context, accountID string) ([]ports.StoredSession, error) {
	if m.list != nil {
		return m.list(ctx, accountID)
	}
	return m.SessionRepository.ListSessionsOf(ctx, accountID)
}

func (m misled) FindSession(ctx context.Context, hash string) ([]byte, time.Time, error) {
	if m.find != nil {
		return m.find(ctx, hash)
	}
	return m.SessionRepository.FindSession(ctx, hash)
}

func (m misled) SaveSession(ctx context.Context, hash, accountID string, data []byte, expires time.Time) error {
	if m.save != nil {
		return m.save(ctx, hash, accountID, data, expires)
	}
	return m.SessionRepository.SaveSession(ctx, hash, accountID, data, expires)
}

func (m misled) DeleteSession(ctx context.Context, hash string) (bool, error) {
	if m.remove != nil {
		return m.remove(ctx, hash)
	}
	return m.SessionRepository.DeleteSession(ctx, hash)
}

func (m misled) DeleteSessionsOf(ctx context.Context, accountID, except string) error {
	if m.removeOf != nil {
		return m.removeOf(ctx, accountID, except)
	}
	return m.SessionRepository.DeleteSessionsOf(ctx, accountID, except)
}

func (m misled) PruneSessions(ctx context.Context, before time.Time) (int64, error) {
	if m.prune != nil {
		return m.prune(ctx, before)
	}
	return m.SessionRepository.PruneSessions(ctx, before)
}

var wrongSessions = []wrong[ports.SessionRepository]{
	{"data ends at its first zero", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, save: func(ctx context.Context, hash, accountID string, data []byte,
			expires time.Time) error {
			text, _, _ := strings.Cut(string(data), "\x00")
			return right.SaveSession(ctx, hash, accountID, []byte(text), expires)
		}}
	}, []string{"a_session_comes_back_as_saved"}, nil},
	{"times are stored to the second", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, save: func(ctx context.Context, hash, accountID string, data []byte,
			expires time.Time) error {
			return right.SaveSession(ctx, hash, accountID, data, expires.Truncate(time.Second))
		}}
	}, []string{"a_session_comes_back_as_saved"}, []string{"*"}},
	{"an unknown session is an empty one", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, find: func(ctx context.Context, hash string) ([]byte, time.Time, error) {
			data, expires, err := right.FindSession(ctx, hash)
			return data, expires, silently(err, access.ErrUnknownSession)
		}}
	}, []string{"an_unknown_session_is_unknown", "a_deleted_session_is_unknown"}, []string{"*"}},
	{"expired sessions are not found", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, find: func(ctx context.Context, hash string) ([]byte, time.Time, error) {
			data, expires, err := right.FindSession(ctx, hash)
			if err == nil && expires.Before(birth) {
				return nil, time.Time{}, access.ErrUnknownSession
			}
			return data, expires, err
		}}
	}, []string{"expired_sessions_are_found"}, nil},
	{"a session stays with its first owner", func(right ports.SessionRepository) ports.SessionRepository {
		var owners sync.Map
		return misled{SessionRepository: right, save: func(ctx context.Context, hash, accountID string, data []byte,
			expires time.Time) error {
			first, _ := owners.LoadOrStore(hash, accountID)
			return right.SaveSession(ctx, hash, first.(string), data, expires)
		}}
	}, []string{"saving_again_replaces_all"}, []string{"*"}},
	{"a session is saved once", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, save: func(ctx context.Context, hash, accountID string, data []byte,
			expires time.Time) error {
			if _, _, err := right.FindSession(ctx, hash); err == nil {
				return nil
			}
			return right.SaveSession(ctx, hash, accountID, data, expires)
		}}
	}, []string{"saving_again_replaces_all"}, []string{"a_session_comes_back_as_saved", "a_session_needs_its_account"}},
	{"sessions have no account", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, save: func(ctx context.Context, hash, _ string, data []byte,
			expires time.Time) error {
			return right.SaveSession(ctx, hash, "", data, expires)
		}}
	}, []string{
		"a_session_needs_its_account", "sessions_end_with_their_account", "an_accounts_other_sessions_can_be_ended",
		"saving_again_replaces_all", "a_session_does_not_outlive_its_account",
	}, []string{"a_session_is_extended_while_it_lasts", "an_accounts_sessions_are_listed"}},
	{"deleted sessions stay", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, remove: func(ctx context.Context, hash string) (bool, error) {
			_, _, err := right.FindSession(ctx, hash)
			return err == nil, nil
		}}
	}, []string{
		"a_deleted_session_is_unknown", "one_of_many_removes_a_session",
	}, []string{"a_cancelled_context_ends_every_call_about_sessions"}},
	{"deleting nothing is an error", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, remove: func(ctx context.Context, hash string) (bool, error) {
			removed, err := right.DeleteSession(ctx, hash)
			if err == nil && !removed {
				err = access.ErrUnknownSession
			}
			return removed, err
		}}
	}, []string{"a_deleted_session_is_unknown", "one_of_many_removes_a_session"}, nil},
	{"every caller has removed it", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, remove: func(ctx context.Context, hash string) (bool, error) {
			_, err := right.DeleteSession(ctx, hash)
			return err == nil, err
		}}
	}, []string{"a_deleted_session_is_unknown", "one_of_many_removes_a_session"}, nil},
	{"every caller that has just seen it has removed it", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, remove: func(ctx context.Context, hash string) (bool, error) {
			_, _, seen := right.FindSession(ctx, hash)
			time.Sleep(time.Millisecond) // others see it, too
			_, err := right.DeleteSession(ctx, hash)
			return seen == nil, err
		}}
	}, []string{"one_of_many_removes_a_session"}, nil},
	{"every session of an account ends", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, removeOf: func(ctx context.Context, accountID, _ string) error {
			return right.DeleteSessionsOf(ctx, accountID, "")
		}}
	}, []string{"an_accounts_other_sessions_can_be_ended"}, nil},
	{"one session more is pruned", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, prune: func(ctx context.Context, before time.Time) (int64, error) {
			return right.PruneSessions(ctx, before.Add(time.Microsecond))
		}}
	}, []string{"pruning_removes_what_expires_before"}, nil},
	{"prunings are not counted", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, prune: func(ctx context.Context, before time.Time) (int64, error) {
			_, err := right.PruneSessions(ctx, before)
			return 0, err
		}}
	}, []string{"pruning_removes_what_expires_before"}, nil},
	{"stored data is returned without a copy", func(right ports.SessionRepository) ports.SessionRepository {
		handed := map[string][]byte{}
		return misled{SessionRepository: right, find: func(ctx context.Context, hash string) ([]byte, time.Time, error) {
			data, expires, err := right.FindSession(ctx, hash)
			if same, ok := handed[hash]; ok && err == nil {
				return same, expires, nil
			}
			handed[hash] = data
			return data, expires, err
		}}
	}, []string{"data_belongs_to_its_holder"}, []string{"*"}},
	{"an ended session comes back when it is extended", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, extend: func(ctx context.Context, hash string, expires time.Time) error {
			if _, _, err := right.FindSession(ctx, hash); errors.Is(err, access.ErrUnknownSession) {
				return right.SaveSession(ctx, hash, "", nil, expires)
			}
			return right.ExtendSession(ctx, hash, expires)
		}}
	}, []string{"a_session_is_extended_while_it_lasts"}, nil},
	{"extending goes back", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, extend: func(ctx context.Context, hash string, expires time.Time) error {
			data, _, err := right.FindSession(ctx, hash)
			if err != nil {
				return silently(err, access.ErrUnknownSession)
			}
			return right.SaveSession(ctx, hash, "", data, expires)
		}}
	}, []string{"a_session_is_extended_while_it_lasts"}, nil},
	{"expired sessions are not listed", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right,
			list: func(ctx context.Context, accountID string) ([]ports.StoredSession, error) {
				list, err := right.ListSessionsOf(ctx, accountID)
				return slices.DeleteFunc(list, func(s ports.StoredSession) bool { return s.Expires.Before(birth) }), err
			}}
	}, []string{"an_accounts_sessions_are_listed"}, nil},
	{"the first to expire comes first", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right,
			list: func(ctx context.Context, accountID string) ([]ports.StoredSession, error) {
				list, err := right.ListSessionsOf(ctx, accountID)
				slices.Reverse(list)
				return list, err
			}}
	}, []string{"an_accounts_sessions_are_listed"}, nil},
	{"contexts are ignored", func(right ports.SessionRepository) ports.SessionRepository {
		return misled{SessionRepository: right, find: func(ctx context.Context, hash string) ([]byte, time.Time, error) {
			return right.FindSession(context.WithoutCancel(ctx), hash)
		}}
	}, []string{"a_cancelled_context_ends_every_call_about_sessions"}, nil},
}
