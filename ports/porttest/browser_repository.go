package porttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// BrowserRepository checks that a repository keeps every promise of ports.BrowserRepository, and that browsers are
// deleted with their accounts. newRepos returns two empty repositories over the same store at each call.
func BrowserRepository(t *testing.T, newRepos func(t *testing.T) (ports.AccountRepository, ports.BrowserRepository)) {
	runCases(t, browserCases, func(t *testing.T) porch {
		accounts, browsers := newRepos(t)
		return porch{staff{t, accounts}, browsers}
	})
}

// porch is a browser repository under test with the steps that cases are made of.
type porch struct {
	staff
	browsers ports.BrowserRepository
}

// mostRemembered is the bound of browsers of an account in the cases.
const mostRemembered = 3

// remember stores a browser of the account that expires so many minutes after birth.
func (p porch) remember(token, accountID string, minutes int) {
	p.t.Helper()
	expires := birth.Add(time.Duration(minutes) * time.Minute)
	err := p.browsers.RememberBrowser(p.t.Context(), access.HashSecret(token), accountID, expires, mostRemembered)
	p.wantDone("remember a browser", err)
}

// wantKnown checks which of the browsers a, b, c, d and e the account knows so many minutes after birth.
func (p porch) wantKnown(accountID string, minutes int, want string) {
	p.t.Helper()
	known := ""
	for _, token := range []string{"a", "b", "c", "d", "e"} {
		now := birth.Add(time.Duration(minutes) * time.Minute)
		is, err := p.browsers.KnowsBrowser(p.t.Context(), access.HashSecret(token), accountID, now)
		p.wantDone("look for a browser", err)
		if is {
			known += token
		}
	}
	if known != want {
		p.t.Fatalf("the known browsers are %q, not %q", known, want)
	}
}

var browserCases = []suiteCase[porch]{
	{"a_browser_is_known_for_its_account",
		"KnowsBrowser is true for the browser and the account that were stored together, and no others.", func(p porch) {
			anna, bob := p.hire("anna", access.RoleEditor, 1), p.hire("bob", access.RoleEditor, 2)
			p.remember("a", anna.ID, 9)
			p.remember("b", bob.ID, 9)
			p.wantKnown(anna.ID, 0, "a")
			p.wantKnown(bob.ID, 0, "b")
			p.wantKnown("", 0, "")
			p.remember("a", bob.ID, 9)
			p.wantKnown(anna.ID, 0, "a")
			p.wantKnown(bob.ID, 0, "ab")
		}},
	{"an_expired_browser_is_not_known",
		"KnowsBrowser is true until the browser expires, and false from then on.", func(p porch) {
			anna := p.hire("anna", access.RoleEditor, 1)
			p.remember("a", anna.ID, 5)
			p.wantKnown(anna.ID, 4, "a")
			p.wantKnown(anna.ID, 5, "")
			p.remember("a", anna.ID, 7)
			p.wantKnown(anna.ID, 6, "a")
		}},
	{"the_last_to_expire_stay",
		"RememberBrowser leaves at most atMost browsers of the account: this one and those that expire last.", func(p porch) {
			anna, bob := p.hire("anna", access.RoleEditor, 1), p.hire("bob", access.RoleEditor, 2)
			for i, token := range []string{"a", "b", "c", "d"} {
				p.remember(token, bob.ID, 20-i)
			}
			p.wantKnown(bob.ID, 0, "abd")
			p.remember("a", anna.ID, 9)
			p.remember("b", anna.ID, 8)
			p.remember("c", anna.ID, 7)
			p.remember("b", anna.ID, 10)
			p.wantKnown(anna.ID, 0, "abc")
			p.remember("d", anna.ID, 1)
			p.wantKnown(anna.ID, 0, "abd")
			p.wantKnown(bob.ID, 0, "abd")
			one := p.browsers.RememberBrowser(p.t.Context(), access.HashSecret("e"), anna.ID, birth.Add(time.Hour), 1)
			p.wantDone("remember one browser alone", one)
			p.wantKnown(anna.ID, 0, "e")
		}},
	{"many_at_once_leave_so_many",
		"However many RememberBrowsers run at once, at most atMost browsers are left.", func(p porch) {
			anna := p.hire("anna", access.RoleEditor, 1)
			hash := func(i int) string { return access.HashSecret(fmt.Sprint(i)) }
			for _, err := range together(8, func(i int) error {
				return p.browsers.RememberBrowser(p.t.Context(), hash(i), anna.ID, birth.Add(time.Hour), mostRemembered)
			}) {
				p.wantDone("remember a browser", err)
			}
			left := 0
			for i := range 8 {
				is, err := p.browsers.KnowsBrowser(p.t.Context(), hash(i), anna.ID, birth)
				p.wantDone("look for a browser", err)
				if is {
					left++
				}
			}
			if left != mostRemembered {
				p.t.Fatalf("%d browsers are left, not %d", left, mostRemembered)
			}
		}},
	{"a_browser_needs_its_account",
		"RememberBrowser for an account that does not exist is ErrUnknownAccount.", func(p porch) {
			for _, id := range []string{p.account("unknown", access.RoleEditor, 1).ID, "unknown", ""} {
				err := p.browsers.RememberBrowser(p.t.Context(), access.HashSecret("a"), id, birth.Add(time.Hour), mostRemembered)
				p.wantError("remember a browser of an unknown account", err, access.ErrUnknownAccount)
			}
		}},
	{"browsers_are_forgotten_with_their_account",
		"DeleteAccount removes the account's browsers and no others.", func(p porch) {
			anna, bob := p.hire("anna", access.RoleEditor, 1), p.hire("bob", access.RoleEditor, 2)
			p.remember("a", anna.ID, 9)
			p.remember("b", bob.ID, 9)
			p.wantDone("delete account", p.repo.DeleteAccount(p.t.Context(), anna.ID))
			p.wantKnown(anna.ID, 0, "")
			p.wantKnown(bob.ID, 0, "b")
		}},
	{"pruning_forgets_expired_browsers",
		"PruneBrowsers removes the browsers that expire before the time, and returns how many.", func(p porch) {
			anna, bob := p.hire("anna", access.RoleEditor, 1), p.hire("bob", access.RoleEditor, 2)
			p.remember("a", anna.ID, 1)
			p.remember("b", bob.ID, 2)
			p.remember("c", anna.ID, 3)
			for _, want := range []int64{2, 0} {
				removed, err := p.browsers.PruneBrowsers(p.t.Context(), birth.Add(3*time.Minute))
				p.wantDone("prune browsers", err)
				if removed != want {
					p.t.Fatalf("%d browsers were removed, not %d", removed, want)
				}
			}
			p.wantKnown(anna.ID, 0, "c")
			p.wantKnown(bob.ID, 0, "")
		}},
	{"a_cancelled_context_ends_every_call_about_browsers",
		"Every method returns with an error that wraps context.Canceled when its context is cancelled.", func(p porch) {
			anna := p.hire("anna", access.RoleEditor, 1)
			p.remember("a", anna.ID, 9)
			ctx, cancel := context.WithCancel(p.t.Context())
			cancel()
			hash := access.HashSecret("b")
			p.wantError("RememberBrowser", p.browsers.RememberBrowser(ctx, hash, anna.ID, birth, mostRemembered),
				context.Canceled)
			_, err := p.browsers.KnowsBrowser(ctx, hash, anna.ID, birth)
			p.wantError("KnowsBrowser", err, context.Canceled)
			_, err = p.browsers.PruneBrowsers(ctx, birth.AddDate(1, 0, 0))
			p.wantError("PruneBrowsers", err, context.Canceled)
			p.wantKnown(anna.ID, 0, "a")
		}},
}
