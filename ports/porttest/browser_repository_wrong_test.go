package porttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

func TestWrongBrowserRepositoriesAreNoticed(t *testing.T) {
	for _, w := range wrongBrowsers {
		testWrong(t, w, browserCases, func(r reporter, bend func(ports.BrowserRepository) ports.BrowserRepository) porch {
			accounts := memory.NewAccountRepository()
			return porch{staff{r, accounts}, bend(memory.NewBrowserRepository(accounts))}
		})
	}
}

// forgetful is a browser repository with some of its methods replaced.
type forgetful struct {
	ports.BrowserRepository
	remember func(ctx context.Context, tokenHash, accountID string, expires time.Time, atMost int) error
	knows    func(ctx context.Context, tokenHash, accountID string, now time.Time) (bool, error)
	prune    func(ctx context.Context, before time.Time) (int64, error)
}

func (f forgetful) RememberBrowser(ctx context.Context, tokenHash, accountID string, expires time.Time,
	atMost int) error {
	if f.remember != nil {
		return f.remember(ctx, tokenHash, accountID, expires, atMost)
	}
	return f.BrowserRepository.RememberBrowser(ctx, tokenHash, accountID, expires, atMost)
}

func (f forgetful) KnowsBrowser(ctx context.Context, tokenHash, accountID string, now time.Time) (bool, error) {
	if f.knows != nil {
		return f.knows(ctx, tokenHash, accountID, now)
	}
	return f.BrowserRepository.KnowsBrowser(ctx, tokenHash, accountID, now)
}

func (f forgetful) PruneBrowsers(ctx context.Context, before time.Time) (int64, error) {
	if f.prune != nil {
		return f.prune(ctx, before)
	}
	return f.BrowserRepository.PruneBrowsers(ctx, before)
}

var wrongBrowsers = []wrong[ports.BrowserRepository]{
	{"a browser is known to every account", func(right ports.BrowserRepository) ports.BrowserRepository {
		var owners sync.Map
		return forgetful{BrowserRepository: right,
			remember: func(ctx context.Context, tokenHash, accountID string, expires time.Time, atMost int) error {
				owners.Store(tokenHash, accountID)
				return right.RememberBrowser(ctx, tokenHash, accountID, expires, atMost)
			},
			knows: func(ctx context.Context, tokenHash, _ string, now time.Time) (bool, error) {
				owner, _ := owners.Load(tokenHash)
				name, _ := owner.(string)
				return right.KnowsBrowser(ctx, tokenHash, name, now)
			}}
	}, []string{"a_browser_is_known_for_its_account"}, []string{"*"}},
	{"browsers never expire", func(right ports.BrowserRepository) ports.BrowserRepository {
		return forgetful{BrowserRepository: right,
			knows: func(ctx context.Context, tokenHash, accountID string, _ time.Time) (bool, error) {
				return right.KnowsBrowser(ctx, tokenHash, accountID, birth)
			}}
	}, []string{"an_expired_browser_is_not_known"}, nil},
	{"browsers are not bounded", func(right ports.BrowserRepository) ports.BrowserRepository {
		return forgetful{BrowserRepository: right,
			remember: func(ctx context.Context, tokenHash, accountID string, expires time.Time, _ int) error {
				return right.RememberBrowser(ctx, tokenHash, accountID, expires, 1_000)
			}}
	}, []string{"the_last_to_expire_stay", "many_at_once_leave_so_many"}, nil},
	{"an unknown account is accepted", func(right ports.BrowserRepository) ports.BrowserRepository {
		return forgetful{BrowserRepository: right,
			remember: func(ctx context.Context, tokenHash, accountID string, expires time.Time, atMost int) error {
				return silently(right.RememberBrowser(ctx, tokenHash, accountID, expires, atMost), access.ErrUnknownAccount)
			}}
	}, []string{"a_browser_needs_its_account"}, nil},
	{"prunings are not counted", func(right ports.BrowserRepository) ports.BrowserRepository {
		return forgetful{BrowserRepository: right, prune: func(ctx context.Context, before time.Time) (int64, error) {
			_, err := right.PruneBrowsers(ctx, before)
			return 0, err
		}}
	}, []string{"pruning_forgets_expired_browsers"}, nil},
	{"contexts are ignored", func(right ports.BrowserRepository) ports.BrowserRepository {
		return forgetful{BrowserRepository: right,
			knows: func(ctx context.Context, tokenHash, accountID string, now time.Time) (bool, error) {
				return right.KnowsBrowser(context.WithoutCancel(ctx), tokenHash, accountID, now)
			}}
	}, []string{"a_cancelled_context_ends_every_call_about_browsers"}, nil},
}
