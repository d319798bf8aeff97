package accounts_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/totp"
	"github.com/gable-listings/gable/app/accounts"
	domain "github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// countingHasher hashes at once, and counts how often it was asked to.
type countingHasher struct {
	asked    int
	standing ports.Standing // of the last caller
	err      error
}

func (h *countingHasher) Hash(ctx context.Context, password string) (string, error) {
	h.asked++
	h.standing = ports.StandingOf(ctx)
	return fmt.Sprint("hash ", h.asked, " of ", domain.HashSecret(password)), h.err
}

func (h *countingHasher) Verify(ctx context.Context, password, hash string) (bool, error) {
	h.asked++
	h.standing = ports.StandingOf(ctx)
	return strings.HasSuffix(hash, domain.HashSecret(password)), h.err
}

// gatehouse is the use cases over memory, with a clock that stands until it is moved.
type gatehouse struct {
	*accounts.Accounts
	t        *testing.T
	now      time.Time
	hasher   *countingHasher
	store    *memory.AccountRepository
	sessions *memory.SessionRepository
	options  accounts.Options
}

func newGatehouse(t *testing.T) *gatehouse {
	id := property.ID{}
	store := memory.NewAccountRepository()
	g := &gatehouse{t: t, now: noon, hasher: &countingHasher{}, store: store, sessions: memory.NewSessionRepository(store)}
	g.options = accounts.Options{
		NewID:  func() property.ID { id[15]++; return id },
		Now:    func() time.Time { return g.now },
		Random: func(p []byte) { _, _ = rand.Read(p) },
	}
	g.Accounts = accounts.NewAccounts(g.ports(), g.options)
	return g
}

// ports are those of the gatehouse, to be changed by a test.
func (g *gatehouse) ports() accounts.Ports {
	return accounts.Ports{
		Accounts: g.store, Sessions: g.sessions, Browsers: memory.NewBrowserRepository(g.store), Hasher: g.hasher,
		Codes: totp.Codes{},
	}
}

const (
	annasPassword = "correct horse battery staple"
	otherPassword = "staple battery horse correct"
	office        = "192.0.2.7:4711"
)

func (g *gatehouse) create(name string, role domain.Role) domain.Account {
	g.t.Helper()
	account, err := g.Create(g.t.Context(), name, annasPassword, role)
	if err != nil {
		g.t.Fatal(err)
	}
	return account
}

func (g *gatehouse) begin(token string, account domain.Account) string {
	g.t.Helper()
	hash := domain.HashSecret(token)
	if err := g.sessions.SaveSession(g.t.Context(), hash, account.ID, nil, noon.Add(time.Hour)); err != nil {
		g.t.Fatal(err)
	}
	return hash
}

// wantSession checks whether a session exists.
func (g *gatehouse) wantSession(hash string, there bool) {
	g.t.Helper()
	_, _, err := g.sessions.FindSession(g.t.Context(), hash)
	if there != (err == nil) || !there && !errors.Is(err, domain.ErrUnknownSession) {
		g.t.Errorf("looking for a session: %v", err)
	}
}

// wantSignIn checks the result of a password from the office: nil or an error.
func (g *gatehouse) wantSignIn(name, password string, want error) domain.Account {
	g.t.Helper()
	account, err := g.SignIn(g.t.Context(), name, password, domain.Visitor{Address: office})
	if !errors.Is(err, want) || (err == nil) != (want == nil) || err != nil && account != (domain.Account{}) {
		g.t.Fatalf("signing in as %s: %+v, %v", name, account, err)
	}
	return account
}

// wantThrottled checks that a sign-in has to wait so long, and that nothing has been hashed for it.
func (g *gatehouse) wantThrottled(name, password, address string, want time.Duration) {
	g.t.Helper()
	before := g.hasher.asked
	_, err := g.SignIn(g.t.Context(), name, password, domain.Visitor{Address: address})
	var throttled *domain.ThrottledError
	if !errors.As(err, &throttled) || throttled.RetryAfter != want || g.hasher.asked != before {
		g.t.Fatalf("signing in as %s from %s: %v, after %d hashings", name, address, err, g.hasher.asked-before)
	}
}

func TestWhoKnowsThePasswordSignsInHoweverTheNameIsWritten(t *testing.T) {
	g := newGatehouse(t)
	made := g.create(" Anna@Example.org ", domain.RoleEditor)
	if made.Name != "anna@example.org" || made.Role != domain.RoleEditor || !made.CreatedAt.Equal(noon) ||
		!made.PasswordChangedAt.Equal(noon) {
		t.Errorf("made: %+v", made)
	}
	for _, name := range []string{"anna@example.org", "ANNA@example.org\n"} {
		if account := g.wantSignIn(name, annasPassword, nil); account != made {
			t.Errorf("signed in as %+v", account)
		}
	}
	g.wantSignIn("anna@example.org", annasPassword+" ", domain.ErrWrongCredentials)
	if account, err := g.Account(t.Context(), made.ID); err != nil || account != made {
		t.Errorf("by id: %+v, %v", account, err)
	}
	if list, err := g.List(t.Context()); err != nil || len(list) != 1 || strings.Contains(list[0].PasswordHash, "horse") {
		t.Errorf("list: %+v, %v", list, err)
	}
}

func TestAnUnknownNameGetsTheSameAnswerAndCostsTheSame(t *testing.T) {
	g := newGatehouse(t)
	g.create("anna", domain.RoleEditor)
	var answers []string
	for _, name := range []string{"anna", "nobody", "no name at all", ""} {
		before := g.hasher.asked
		_, err := g.SignIn(t.Context(), name, otherPassword, domain.Visitor{Address: office})
		if cost := g.hasher.asked - before; cost != 1 || !errors.Is(err, domain.ErrWrongCredentials) ||
			errors.Is(err, domain.ErrUnknownAccount) {
			t.Errorf("%q: %v after %d hashings", name, err, cost)
		}
		answers = append(answers, err.Error())
	}
	if answers[0] != answers[1] || answers[1] != answers[2] || answers[2] != answers[3] {
		t.Errorf("the answers are %q", answers)
	}
}

func TestWhatIsWrongWithANewAccountNamesTheFieldAndStoresNothing(t *testing.T) {
	g := newGatehouse(t)
	g.create("anna", domain.RoleEditor)
	for field, c := range map[string]struct {
		name, password string
		role           domain.Role
	}{
		"name":     {"an na", annasPassword, domain.RoleEditor},
		"password": {"bob", "short", domain.RoleEditor},
		"role":     {"bob", annasPassword, "root"},
	} {
		_, err := g.Create(t.Context(), c.name, c.password, c.role)
		var wrong *domain.InvalidAccountError
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := g.Create(t.Context(), "ANNA", otherPassword, domain.RoleEditor); !errors.Is(err,
		domain.ErrAccountNameTaken) {
		t.Errorf("taken: %v", err)
	}
	if list, _ := g.List(t.Context()); len(list) != 1 {
		t.Errorf("list: %+v", list)
	}
	g.wantSignIn("anna", annasPassword, nil)
}

func TestAResetPasswordEndsAllSessionsAndOpensALockedName(t *testing.T) {
	g := newGatehouse(t)
	anna, bob := g.create("anna", domain.RoleEditor), g.create("bob", domain.RoleEditor)
	hers, his := g.begin("hers", anna), g.begin("his", bob)
	for range 5 {
		g.wantSignIn("anna", otherPassword, domain.ErrWrongCredentials)
	}
	g.wantThrottled("anna", annasPassword, office, time.Second)
	g.now = g.now.Add(time.Millisecond)
	if err := g.ResetPassword(t.Context(), "Anna", otherPassword); err != nil {
		t.Fatal(err)
	}
	g.wantSession(hers, false)
	g.wantSession(his, true)
	if account := g.wantSignIn("anna", otherPassword, nil); !account.PasswordChangedAt.Equal(g.now) {
		t.Errorf("the account is %+v", account)
	}
	g.wantSignIn("anna", annasPassword, domain.ErrWrongCredentials)
	for name, want := range map[string]error{"nobody": domain.ErrUnknownAccount, "no name": domain.ErrUnknownAccount} {
		if err := g.ResetPassword(t.Context(), name, otherPassword); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := g.ResetPassword(t.Context(), "anna", "short"); !errors.Is(err, domain.ErrInvalidAccount) {
		t.Errorf("a short password: %v", err)
	}
}

func TestAChangedPasswordEndsOtherSessionsAndNeedsTheOneBefore(t *testing.T) {
	g := newGatehouse(t)
	anna := g.create("anna", domain.RoleEditor)
	this, other := g.begin("this", anna), g.begin("other", anna)
	if err := g.ChangePassword(t.Context(), anna.ID, otherPassword, otherPassword, this); !errors.Is(err,
		domain.ErrWrongCredentials) {
		t.Errorf("with a wrong password: %v", err)
	}
	for what, next := range map[string]string{
		"a short one": "short", "a common one": "password1234", "her name": "hello anna hello", "the one before": annasPassword,
	} {
		err := g.ChangePassword(t.Context(), anna.ID, annasPassword, next, this)
		if !errors.Is(err, domain.ErrInvalidAccount) {
			t.Errorf("to %s: %v", what, err)
		}
		if err := g.ResetPassword(t.Context(), "anna", next); !errors.Is(err, domain.ErrInvalidAccount) {
			t.Errorf("reset to %s: %v", what, err)
		}
	}
	g.wantSession(other, true)
	if err := g.ChangePassword(t.Context(), anna.ID, annasPassword, otherPassword, this); err != nil {
		t.Fatal(err)
	}
	g.wantSession(this, true)
	g.wantSession(other, false)
	g.wantSignIn("anna", otherPassword, nil)
	if err := g.ChangePassword(t.Context(), "nobody", annasPassword, otherPassword, this); !errors.Is(err,
		domain.ErrUnknownAccount) {
		t.Errorf("of nobody: %v", err)
	}
}

func TestGuessingThePasswordOfASessionIsThrottledToo(t *testing.T) {
	g := newGatehouse(t)
	anna := g.create("anna", domain.RoleEditor)
	for range 5 {
		if err := g.ChangePassword(t.Context(), anna.ID, "guess", otherPassword, ""); !errors.Is(err,
			domain.ErrWrongCredentials) {
			t.Fatal(err)
		}
	}
	var throttled *domain.ThrottledError
	if err := g.ChangePassword(t.Context(), anna.ID, annasPassword, otherPassword, ""); !errors.As(err, &throttled) {
		t.Errorf("after five guesses: %v", err)
	}
}

// reset is a repository in which a password is reset just before another change of it is stored.
type reset struct {
	ports.AccountRepository
	between func()
}

func (r *reset) SetPassword(ctx context.Context, id, hash, was string, at time.Time) error {
	if between := r.between; between != nil {
		r.between = nil
		between()
	}
	return r.AccountRepository.SetPassword(ctx, id, hash, was, at)
}

func TestAPasswordThatWasJustResetIsNotReplacedByWhoKnewTheOneBefore(t *testing.T) {
	g := newGatehouse(t)
	anna := g.create("anna", domain.RoleEditor)
	store := &reset{AccountRepository: g.store}
	bent := g.ports()
	bent.Accounts = store
	thief := accounts.NewAccounts(bent, g.options)
	store.between = func() {
		if err := g.ResetPassword(t.Context(), "anna", otherPassword); err != nil {
			t.Fatal(err)
		}
	}
	err := thief.ChangePassword(t.Context(), anna.ID, annasPassword, "the thief's own password", "")
	if !errors.Is(err, domain.ErrWrongCredentials) {
		t.Errorf("the change: %v", err)
	}
	g.wantSignIn("anna", otherPassword, nil)
}

func TestTooManyWrongPasswordsWaitAndTheRightOneToo(t *testing.T) {
	g := newGatehouse(t)
	g.create("anna", domain.RoleEditor)
	for range 5 {
		g.wantSignIn("anna", otherPassword, domain.ErrWrongCredentials)
	}
	g.wantThrottled("Anna", annasPassword, office, time.Second)
	g.now = g.now.Add(999 * time.Millisecond)
	g.wantThrottled("anna", annasPassword, office, time.Millisecond)
	g.now = g.now.Add(time.Millisecond)
	g.wantSignIn("anna", otherPassword, domain.ErrWrongCredentials)
	g.wantThrottled("anna", annasPassword, office, 2*time.Second)
	g.now = g.now.Add(2 * time.Second)
	g.wantSignIn("anna", annasPassword, nil)
	for range 5 {
		g.wantSignIn("anna", otherPassword, domain.ErrWrongCredentials)
	}
	g.wantThrottled("anna", annasPassword, office, time.Second)
}

func TestAStrangerDoesNotLockTheOwnerOut(t *testing.T) {
	g := newGatehouse(t)
	g.create("anna", domain.RoleEditor)
	for range 5 {
		g.wantSignIn("anna", otherPassword, domain.ErrWrongCredentials)
	}
	g.wantThrottled("anna", annasPassword, office, time.Second)
	home := domain.Visitor{Address: "203.0.113.9"}
	if _, err := g.SignIn(t.Context(), "anna", annasPassword, home); err != nil {
		t.Errorf("from another address: %v", err)
	}
}

// attack guesses a name's password from ever other addresses until the name has to wait.
func (g *gatehouse) attack(name string) {
	g.t.Helper()
	for i := range 1_000 {
		from := domain.Visitor{Address: fmt.Sprintf("198.51.%d.%d", 100+i/250, i%250)}
		_, err := g.SignIn(g.t.Context(), name, otherPassword, from)
		if _, throttled := errors.AsType[*domain.ThrottledError](err); throttled {
			return
		}
		if !errors.Is(err, domain.ErrWrongCredentials) {
			g.t.Fatal(err)
		}
	}
	g.t.Fatal("nothing stops guesses from a thousand addresses")
}

func TestABrowserThatIsRememberedPassesTheBrakeOfTheName(t *testing.T) {
	g := newGatehouse(t)
	anna, bob := g.create("anna", domain.RoleEditor), g.create("bob", domain.RoleEditor)
	token, lasts, err := g.RememberBrowser(t.Context(), anna.ID, "")
	if err != nil || len(token) != 43 || lasts < 24*time.Hour {
		t.Fatalf("the browser is remembered by %q for %s: %v", token, lasts, err)
	}
	g.attack("anna")
	g.wantThrottled("anna", annasPassword, "203.0.113.9", time.Second)
	hers := domain.Visitor{Address: "203.0.113.9", Browser: token}
	for range 3 {
		if _, err := g.SignIn(t.Context(), "anna", annasPassword, hers); err != nil {
			t.Fatalf("from her browser: %v", err)
		}
	}
	if again, _, err := g.RememberBrowser(t.Context(), anna.ID, token); err != nil || again != token {
		t.Errorf("remembered again, the browser has another token: %v", err)
	}

	g.attack("bob") // whose browser it is not, however well it is known to Anna
	for what, browser := range map[string]string{
		"another's": token, "invented": strings.Repeat("A", 43), "nonsense": "x",
	} {
		_, err := g.SignIn(t.Context(), "bob", annasPassword, domain.Visitor{Address: "203.0.113.9", Browser: browser})
		if _, throttled := errors.AsType[*domain.ThrottledError](err); !throttled {
			t.Errorf("with the token that is %s: %v", what, err)
		}
	}
	for what, id := range map[string]string{"somebody removed": bob.ID, "nobody": "nobody"} {
		if what == "somebody removed" {
			if err := g.Remove(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := g.RememberBrowser(t.Context(), id, token); !errors.Is(err, domain.ErrUnknownAccount) {
			t.Errorf("remembered for %s: %v", what, err)
		}
	}

	g.attack("anna")
	g.now = g.now.Add(lasts)
	g.attack("anna")
	if _, err := g.SignIn(t.Context(), "anna", annasPassword, hers); err == nil {
		t.Error("the browser is remembered for ever")
	}
}

func TestGuessesFromABrowserThatIsRememberedWaitToo(t *testing.T) {
	g := newGatehouse(t)
	anna := g.create("anna", domain.RoleEditor)
	token, _, err := g.RememberBrowser(t.Context(), anna.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	from := func(i int) domain.Visitor {
		return domain.Visitor{Address: fmt.Sprint("203.0.113.", i), Browser: token}
	}
	for i := range 5 {
		if _, err := g.SignIn(t.Context(), "anna", otherPassword, from(i)); !errors.Is(err, domain.ErrWrongCredentials) {
			t.Fatal(err)
		}
	}
	_, err = g.SignIn(t.Context(), "anna", annasPassword, from(6))
	if _, throttled := errors.AsType[*domain.ThrottledError](err); !throttled {
		t.Errorf("after five guesses: %v", err)
	}
	g.wantSignIn("anna", annasPassword, nil) // her other browsers do not wait for this one
}

// Another process, such as the command line, resets the password: it shares the database and nothing else.
func TestAResetByAnotherProcessOpensALockedName(t *testing.T) {
	g := newGatehouse(t)
	g.create("anna", domain.RoleEditor)
	g.create("bob", domain.RoleEditor)
	for range 5 {
		g.wantSignIn("anna", otherPassword, domain.ErrWrongCredentials)
		g.wantSignIn("bob", otherPassword, domain.ErrWrongCredentials)
	}
	g.attack("anna")
	g.wantThrottled("anna", annasPassword, office, time.Second)
	g.now = g.now.Add(time.Millisecond)
	command := accounts.NewAccounts(g.ports(), g.options)
	if err := command.ResetPassword(t.Context(), "anna", "a password from the command line"); err != nil {
		t.Fatal(err)
	}
	g.wantSignIn("anna", "a password from the command line", nil)
	g.wantThrottled("bob", annasPassword, office, 999*time.Millisecond)

	for range 5 { // and the next guesses count for the next password
		g.wantSignIn("anna", annasPassword, domain.ErrWrongCredentials)
	}
	g.wantThrottled("anna", "a password from the command line", office, time.Second)
}

func TestTheHasherLearnsHowWellACallerIsKnown(t *testing.T) {
	g := newGatehouse(t)
	anna := g.create("anna", domain.RoleEditor)
	g.create("bob", domain.RoleEditor)
	token, _, err := g.RememberBrowser(t.Context(), anna.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	want := func(who string, want ports.Standing) {
		t.Helper()
		if g.hasher.standing != want {
			t.Errorf("%s: standing %d, not %d", who, g.hasher.standing, want)
		}
	}
	g.wantSignIn("anna", otherPassword, domain.ErrWrongCredentials)
	want("the first guess", ports.Stranger)
	if _, err := g.SignIn(t.Context(), "anna", annasPassword+"?", domain.Visitor{Address: "203.0.113.8"}); err == nil {
		t.Fatal("a wrong password is right")
	}
	want("a guess at a name that was guessed at", ports.Suspect)
	g.wantSignIn("nobody", otherPassword, domain.ErrWrongCredentials)
	want("a guess from an address that guessed", ports.Suspect)
	if _, err := g.SignIn(t.Context(), "bob", annasPassword, domain.Visitor{Address: "203.0.113.9"}); err != nil {
		t.Fatal(err)
	}
	want("a name that nobody guesses at", ports.Stranger)
	if _, err := g.SignIn(t.Context(), "anna", annasPassword,
		domain.Visitor{Address: office, Browser: token}); err != nil {
		t.Fatal(err)
	}
	want("a browser that is remembered", ports.Known)
	g.wantSignIn("bob", otherPassword, domain.ErrWrongCredentials)
	if err := g.ChangePassword(t.Context(), anna.ID, annasPassword, otherPassword, ""); err != nil {
		t.Fatal(err)
	}
	want("somebody signed in", ports.Known)
}

func TestANameThatNobodyHasIsThrottledLikeOthers(t *testing.T) {
	g := newGatehouse(t)
	for range 5 {
		g.wantSignIn("nobody", otherPassword, domain.ErrWrongCredentials)
	}
	g.wantThrottled("nobody", otherPassword, office, time.Second)
}

func TestOneAddressTryingManyNamesHasToWait(t *testing.T) {
	g := newGatehouse(t)
	g.create("anna", domain.RoleEditor)
	for i := range 20 {
		from := domain.Visitor{Address: fmt.Sprintf("[2001:db8:1:2::%d]:80", i)}
		_, err := g.SignIn(t.Context(), fmt.Sprint("name", i), otherPassword, from)
		if !errors.Is(err, domain.ErrWrongCredentials) {
			t.Fatal(err)
		}
	}
	g.wantThrottled("anna", annasPassword, "2001:db8:1:2:ffff::1", time.Second)
	g.wantSignIn("anna", annasPassword, nil)
}

func TestManyAttemptsAtOnceAreCountedAsMany(t *testing.T) {
	g := newGatehouse(t)
	g.create("anna", domain.RoleEditor)
	slow := &slowHasher{PasswordHasher: g.hasher, enter: make(chan struct{}), leave: make(chan struct{})}
	bent := g.ports()
	bent.Hasher = slow
	accounts := accounts.NewAccounts(bent, g.options)
	from := domain.Visitor{Address: office}
	answers := make(chan error)
	for range 5 {
		go func() {
			_, err := accounts.SignIn(t.Context(), "anna", otherPassword, from)
			answers <- err
		}()
		<-slow.enter
	}
	_, err := accounts.SignIn(t.Context(), "anna", annasPassword, from)
	var throttled *domain.ThrottledError
	if !errors.As(err, &throttled) {
		t.Errorf("a sixth while five are being looked at: %v", err)
	}
	close(slow.leave)
	for range 5 {
		if err := <-answers; !errors.Is(err, domain.ErrWrongCredentials) {
			t.Error(err)
		}
	}
}

// slowHasher stays in Verify until it may leave.
type slowHasher struct {
	ports.PasswordHasher
	enter, leave chan struct{}
}

func (h *slowHasher) Verify(context.Context, string, string) (bool, error) {
	h.enter <- struct{}{}
	<-h.leave
	return false, nil
}

func TestAnOutageIsNotTakenForAWrongPassword(t *testing.T) {
	g := newGatehouse(t)
	g.create("anna", domain.RoleEditor)
	g.hasher.err = ports.ErrUnavailable
	for range 50 {
		for _, name := range []string{"anna", "nobody"} {
			g.wantSignIn(name, annasPassword, ports.ErrUnavailable)
		}
	}
	g.hasher.err = nil
	g.wantSignIn("anna", annasPassword, nil)
}

func TestRolesChangeAndAccountsGoButNotTheLastAdministrator(t *testing.T) {
	g := newGatehouse(t)
	anna, bob := g.create("anna", domain.RoleAdministrator), g.create("bob", domain.RoleEditor)
	his := g.begin("his", bob)
	for what, err := range map[string]error{
		"remove": g.Remove(t.Context(), anna.ID), "set role": g.SetRole(t.Context(), anna.ID, domain.RoleEditor),
	} {
		if !errors.Is(err, domain.ErrLastAdministrator) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := g.SetRole(t.Context(), bob.ID, "root"); !errors.Is(err, domain.ErrInvalidAccount) {
		t.Errorf("an unknown role: %v", err)
	}
	if err := g.SetRole(t.Context(), bob.ID, domain.RoleAdministrator); err != nil {
		t.Fatal(err)
	}
	if account := g.wantSignIn("bob", annasPassword, nil); account.Role != domain.RoleAdministrator {
		t.Errorf("bob is %+v", account)
	}
	if err := g.Remove(t.Context(), bob.ID); err != nil {
		t.Fatal(err)
	}
	g.wantSession(his, false)
	g.wantSignIn("bob", annasPassword, domain.ErrWrongCredentials)
}
