package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
	keys "github.com/gable-listings/gable/domain/access"
)

const otherTestPassword = "staple battery horse correct"

func TestSigningInOpensTheBackOffice(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		s.Hire("anna", keys.RoleEditor)
		b := s.Browser()
		b.MayWork(false)
		if b.Session() != nil {
			t.Error("a visitor who has not signed in gets a session")
		}
		b.Get("/admin/sign-in?next=%2Fadmin%2Fimport").Must(http.StatusOK).Says("Sign in")
		b.SignIn("anna", "wrong "+apptest.Password).Must(http.StatusUnauthorized).
			Says("The name or the password is wrong.").Lacks(apptest.Password)
		b.SignIn("nobody", apptest.Password).Must(http.StatusUnauthorized).Says("The name or the password is wrong.")
		b.MayWork(false)
		b.SignIn(" Anna ", apptest.Password).Goes("/admin")
		c := b.Session()
		if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure ||
			c.Name != "gable_session" {
			t.Fatalf("the cookie is %v", c)
		}
		if left := time.Until(c.Expires); left < 11*time.Hour || left > 12*time.Hour+time.Minute || len(c.Value) < 40 {
			t.Errorf("the session lasts %s, by a token of %d characters", left, len(c.Value))
		}
		b.MayWork(true)
		b.Get("/admin").Says("anna")

		again := s.Browser()
		again.Cookies[c.Name] = c
		again.MayWork(true)
		b.Post("/admin/sign-out", nil).Goes("/")
		if b.Session() != nil {
			t.Error("the cookie is still there")
		}
		again.MayWork(false)
	})
}

func TestAfterSigningInPeopleGoWhereTheyWantedButNowhereElse(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	s.Hire("anna", keys.RoleEditor)
	for next, want := range map[string]string{
		"/admin/import": "/admin/import", "/admin?q=lake": "/admin?q=lake", "//evil.example/admin": "/admin",
		`/\evil.example`:             "/admin",
		"https://evil.example/admin": "/admin", "javascript:alert(1)": "/admin", "/admin/../../x": "/admin",
		"/admin/%2e%2e//evil.example": "/admin",
	} {
		b := s.Browser()
		form := b.Get("/admin/sign-in?" + apptest.Fields("next", next).Encode()).Must(http.StatusOK).Hidden("/admin/sign-in")
		if got := form.Get("next"); got != want {
			t.Errorf("%s: the page would go on to %s", next, got)
		}
		b.Post("/admin/sign-in", apptest.Fields("next", next, "sign_in_name", "anna", "sign_in_password",
			apptest.Password)).Goes(want)
	}
}

func TestATokenKnownBeforeSigningInIsWorthNothing(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	s.Hire("anna", keys.RoleAdministrator)
	mallory := s.Staff("mallory", keys.RoleEditor)
	for name, planted := range map[string]string{"invented": strings.Repeat("A", 43),
		"of another account": mallory.Session().Value} {
		t.Run(name, func(t *testing.T) {
			anna := s.Browser()
			anna.Cookies["gable_session"] = &http.Cookie{Name: "gable_session", Value: planted}
			anna.SignIn("anna", apptest.Password).Must(http.StatusSeeOther)
			if anna.Session().Value == planted {
				t.Fatal("the token has stayed")
			}
			anna.Get("/admin/people").Must(http.StatusOK)
			thief := s.Browser()
			thief.Cookies["gable_session"] = &http.Cookie{Name: "gable_session", Value: planted}
			thief.MayWork(false)
		})
	}
}

func TestAChangedPasswordEndsTheOtherSessions(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		here := s.Staff("anna", keys.RoleEditor)
		there := s.Browser()
		there.SignIn("anna", apptest.Password).Must(http.StatusSeeOther)
		change := func(current, next, again string) apptest.Answer {
			return here.Post("/admin/password", apptest.Fields("current", current, "next", next, "again", again))
		}
		change(apptest.Password, otherTestPassword, "not the same").Must(http.StatusUnprocessableEntity).
			Says("is not the same as the new password")
		change("wrong "+apptest.Password, otherTestPassword, otherTestPassword).Must(http.StatusUnprocessableEntity).
			Says("is wrong")
		change(apptest.Password, "short", "short").Must(http.StatusUnprocessableEntity).Says("must have 12 to 256 characters")
		there.MayWork(true)
		before := here.Session().Value
		change(apptest.Password, otherTestPassword, otherTestPassword).Goes("/admin")
		if here.Session().Value == before {
			t.Error("the token has stayed the same")
		}
		here.Get("/admin").Must(http.StatusOK).Says("Your password has been changed.")
		there.MayWork(false)
		there.SignIn("anna", apptest.Password).Must(http.StatusUnauthorized)
		there.SignIn("anna", otherTestPassword).Must(http.StatusSeeOther)
	})
}

func TestSessionsOutliveAPurgeButNotTheirTime(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		b := s.Staff("anna", keys.RoleAdministrator)
		hash := keys.HashSecret(b.Session().Value)
		begun, _, err := s.Db.Sessions().FindSession(t.Context(), hash)
		if err != nil {
			t.Fatal("the session is not in the database under the hash of its token: ", err)
		}
		b.Get("/admin/cache/purge").Must(http.StatusOK).Says("Empty the caches?")
		b.Post("/admin/cache/purge", nil).Goes("/admin/cache")
		b.Get("/admin/cache").Must(http.StatusOK).Says("The caches have been emptied.")
		b.Get("/admin/cache").Lacks("The caches have been emptied.")

		data, _, err := s.Db.Sessions().FindSession(t.Context(), hash)
		if err != nil || string(data) != string(begun) {
			t.Errorf("a request writes the session, so that it could restore one that is signed out (%v)", err)
		}
		if strings.Contains(string(data), b.Session().Value) {
			t.Error("the token itself is in the database")
		}
		if err := s.Db.Sessions().SaveSession(t.Context(), hash, "", data, time.Now().Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		b.MayWork(false)
	})
}

func TestAnAccountThatIsRemovedOrDemotedLosesItsRightsAtOnce(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		boss := s.Staff("boss", keys.RoleAdministrator)
		anna := s.Staff("anna", keys.RoleAdministrator)
		account, err := s.Accounts.List(t.Context())
		if err != nil || len(account) != 2 {
			t.Fatal(err)
		}
		id := account[1].ID
		anna.Get("/admin/keys").Must(http.StatusOK)
		boss.Post("/admin/people/change", apptest.Fields("id", id, "role", "king")).Must(http.StatusUnprocessableEntity).
			Says("Unknown role.")
		boss.Post("/admin/people/change", apptest.Fields("id", id, "role", "editor")).Goes("/admin/people")
		anna.Get("/admin/keys").Must(http.StatusForbidden)
		anna.MayWork(true)
		boss.Post("/admin/people/change", apptest.Fields("id", id, "remove", "1")).Goes("/admin/people")
		boss.Get("/admin/people").Says("anna cannot sign in any more.")
		anna.MayWork(false)
		anna.SignIn("anna", apptest.Password).Must(http.StatusUnauthorized)
		boss.Post("/admin/people/change", apptest.Fields("id", id, "remove", "1")).Goes("/admin/people")
		boss.Post("/admin/people/change", apptest.Fields("id", account[0].ID, "remove", "1")).Must(http.StatusConflict).
			Says("You cannot change your own role")
		boss.MayWork(true)
	})
}

// untilRefused guesses until a guess is throttled. On a slow machine that takes a while, since waits pass between the
// guesses.
func untilRefused(t *testing.T, guess func(i int) apptest.Answer) {
	t.Helper()
	for i := range 200 {
		a := guess(i)
		if a.Status == http.StatusUnauthorized {
			continue
		}
		wait, err := strconv.Atoi(a.Must(http.StatusTooManyRequests).Header.Get("Retry-After"))
		if err != nil || wait < 1 {
			t.Errorf("when to try again: %q", a.Header.Get("Retry-After"))
		}
		a.Says("Too many wrong passwords.")
		return
	}
	t.Fatal("two hundred guesses are not throttled")
}

func TestGuessingIsSlowedDownByNameAndByAddress(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.TrustedProxies = "127.0.0.1" })
	s.Hire("anna", keys.RoleEditor)
	guess := func(name, password, address string) apptest.Answer {
		return s.Browser().SignIn(name, password, "X-Forwarded-For", address)
	}
	for range 5 {
		guess("anna", "a wrong password", "198.51.100.1").Must(http.StatusUnauthorized)
	}
	untilRefused(t, func(int) apptest.Answer { return guess("anna", "a wrong password", "198.51.100.1") })
	guess("anna", apptest.Password, "198.51.100.3").Goes("/admin")

	for i := range 20 {
		guess(fmt.Sprint("nobody", i), "a wrong password", "198.51.100.9").Must(http.StatusUnauthorized)
	}
	untilRefused(t,
		func(i int) apptest.Answer {
			return guess(fmt.Sprint("somebody", i), "a wrong password", "198.51.100.9:5555")
		})
	guess("bob", "a wrong password", "198.51.100.10").Must(http.StatusUnauthorized)
	if n := s.Log.FilterMessage("sign-in throttled").Len(); n != 2 {
		t.Errorf("%d log lines record the throttling", n)
	}
}

func TestAFloodOfGuessesFromEverywhereDoesNotKeepTheOwnerOut(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.TrustedProxies = "127.0.0.1" })
	anna := s.Staff("anna", keys.RoleEditor)
	c := anna.Cookies["gable_browser"]
	if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" ||
		len(c.Value) != 43 {
		t.Fatalf("the browser's cookie is %v", c)
	}
	anna.Post("/admin/sign-out", nil).Goes("/")
	untilRefused(t, func(i int) apptest.Answer {
		return s.Browser().SignIn("anna", "a wrong password", "X-Forwarded-For", fmt.Sprint("198.51.100.", i))
	})
	anna.SignIn("anna", apptest.Password).Goes("/admin")
	anna.MayWork(true)
	anna.Post("/admin/password",
		apptest.Fields("current", apptest.Password, "next", otherTestPassword, "again", otherTestPassword)).Goes("/admin")
	s.Browser().SignIn("anna", otherTestPassword).Goes("/admin") // guesses at the password before are forgotten
}

func TestAPasswordResetOnTheCommandLineReachesTheServer(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		s.Hire("anna", keys.RoleEditor)
		for range 5 {
			s.Browser().SignIn("anna", "a wrong password").Must(http.StatusUnauthorized)
		}
		s.Browser().SignIn("anna", apptest.Password).Must(http.StatusTooManyRequests)
		code, _, err := apptest.Typing(t, otherTestPassword,
			"admin", "reset-password", "anna", "--password-stdin", "--database-url", string(s.Config.Database.URL))
		if code != 0 {
			t.Fatalf("reset-password: code %d, %s", code, err)
		}
		s.Browser().SignIn("anna", otherTestPassword).Goes("/admin")
	})
}

func TestWhatAnotherSiteSendsIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	b := s.Staff("anna", keys.RoleAdministrator)
	p := s.Create(`"title":"steady","price":1`)
	for name, headers := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site"}, "a sibling": {"Sec-Fetch-Site", "same-site"},
		"another origin, by an old browser": {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		"an opaque origin":                  {"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		for path, form := range map[string]string{
			"/admin/listings/new": "title=x&price=1&location=l", "/admin/listings/" + p.ID: "title=x&price=1&location=l&state=1",
			"/admin/listings/" + p.ID + "/remove": "state=1",
			"/admin/people":                       "name=eve&password=correct+horse+battery&role=administrator",
			"/admin/keys":                         "name=k&scope=admin", "/admin/keys/revoke": "name=k",
			"/admin/sign-out": "", "/admin/cache/purge": "",
			"/admin/bulk": "all=1&action=remove", "/admin/bulk/apply": "all=1&action=remove&count=1", "/admin/import": "",
			"/admin/password": "current=x", "/admin/sessions": "", "/admin/second-factor": "off=1",
			"/admin/sign-in/code":  "code=1",
			"/admin/people/change": "id=x&remove=1", "/admin/sign-in": "sign_in_name=anna&sign_in_password=x",
		} {
			a := b.Send(http.MethodPost, path, "application/x-www-form-urlencoded", form, headers...)
			if a.Status != http.StatusForbidden {
				t.Errorf("%s, %s: %d", name, path, a.Status)
			}
			a.Says("This form was sent from another site, so nothing has been done.")
		}
	}
	b.MayWork(true)
	if accounts, err := s.Accounts.List(t.Context()); err != nil || len(accounts) != 1 {
		t.Errorf("%d accounts, %v", len(accounts), err)
	}
	if got := s.Titles("/v1/properties"); got != "steady" {
		t.Errorf("the listings are %s", got)
	}
	b.Get("/admin", "Sec-Fetch-Site", "cross-site").Must(http.StatusOK) // a link from elsewhere is a link
	b.Post("/admin/cache/purge", nil, "Sec-Fetch-Site", "", "Origin", "").Must(http.StatusSeeOther)
}

func TestASiteReachedByHTTPSSaysSo(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.PublicURL = "https://homes.example.org" })
	b := s.Staff("anna", keys.RoleAdministrator)
	if c := b.Session(); c.Name != "__Host-gable_session" || !c.Secure || !c.HttpOnly ||
		c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("the cookie is %v", c)
	}
	if c := b.Cookies["__Host-gable_browser"]; c == nil || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
		t.Errorf("the browser's cookie is %v", c)
	}
	b.Post("/admin/listings/new", apptest.Fields("title", "seen", "price", "1", "location", "l", "once", "o")).
		Must(http.StatusSeeOther)
	if c := b.Cookies["__Host-gable_seen"]; c == nil || !c.Secure || !c.HttpOnly {
		t.Errorf("the cookie is %v", c)
	}
	planted := s.Browser() // by a page of another host of the domain, which cannot set a __Host- cookie
	planted.Cookies["gable_seen"] = &http.Cookie{Name: "gable_seen", Value: b.Cookies["__Host-gable_seen"].Value}
	if own, other := b.Get("/"), planted.Get("/"); own.Header.Get("Consistency-Token") == "" ||
		other.Header.Get("Consistency-Token") != "" {
		t.Errorf("the tokens are %v and %v", own.Header, other.Header)
	}
	b.Post("/admin/cache/purge", nil, "Sec-Fetch-Site", "", "Origin", "https://homes.example.org").
		Must(http.StatusSeeOther)
	b.Post("/admin/cache/purge", nil, "Sec-Fetch-Site", "", "Origin", "http://homes.example.org").
		Must(http.StatusForbidden)
	for _, path := range []string{"/", "/admin", "/v1/properties", "/nowhere", "/healthz", "/docs", "/v1/properties?x=1",
		"/robots.txt"} {
		for range 2 {
			if got := b.Get(path).Header.Get("Strict-Transport-Security"); got != "max-age=63072000" {
				t.Errorf("%s: %q", path, got)
			}
		}
	}
	whole := apptest.Embedded.Start(t, func(c *config.Config) {
		c.HTTP.PublicURL, c.HTTP.HSTSSubdomains = "https://homes.example.org", true
	})
	for _, path := range []string{"/", "/v1/properties", "/nowhere"} {
		if got := whole.Browser().Get(path).
			Header.Get("Strict-Transport-Security"); got != "max-age=63072000; includeSubDomains" {
			t.Errorf("with its subdomains, %s: %q", path, got)
		}
	}
	plain := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.PublicURL = "http://homes.example.org" })
	for _, path := range []string{"/", "/admin/sign-in", "/v1/properties"} {
		if got := plain.Browser().Get(path).Header.Get("Strict-Transport-Security"); got != "" {
			t.Errorf("by http, %s: %q", path, got)
		}
	}
}

func TestEditorsMayNotDoWhatAdministratorsDo(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	anna, boss := s.Staff("anna", keys.RoleEditor), s.Staff("boss", keys.RoleAdministrator)
	for _, path := range []string{"/admin/keys", "/admin/people", "/admin/cache/purge"} {
		anna.Get(path).Must(http.StatusForbidden).Says("Only administrators may do this.")
		anna.Post(path, apptest.Fields("name", "eve", "password", apptest.Password, "role", "administrator", "scope",
			"admin")).Must(http.StatusForbidden)
		boss.Get(path).Must(http.StatusOK)
	}
	anna.Post("/admin/keys/revoke", apptest.Fields("name", "x")).Must(http.StatusForbidden)
	anna.Post("/admin/people/change", apptest.Fields("id", "x")).Must(http.StatusForbidden)
	for _, path := range []string{"/admin", "/admin/cache", "/admin/import", "/admin/listings/new", "/admin/password"} {
		page := anna.Get(path).Must(http.StatusOK)
		for _, link := range []string{`href="/admin/keys"`, `href="/admin/people"`, `href="/admin/cache/purge"`} {
			page.Lacks(link)
		}
		boss.Get(path).Must(http.StatusOK).Says(`href="/admin/keys"`).Says(`href="/admin/people"`)
	}
	boss.Get("/admin/cache").Says(`href="/admin/cache/purge"`)
	if accounts, err := s.Accounts.List(t.Context()); err != nil || len(accounts) != 2 {
		t.Errorf("%d accounts, %v", len(accounts), err)
	}
}

func TestTheLogNamesWhoDidWhatAndNoSecret(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	boss := s.Staff("boss", keys.RoleAdministrator)
	secrets := []string{apptest.Password, otherTestPassword, boss.Session().Value}
	s.Browser().SignIn("eve\nforged", "guessed password 1").Must(http.StatusUnauthorized)
	s.Browser().SignIn(strings.Repeat("e", 3_000), "guessed password 2").Must(http.StatusUnauthorized)
	for range 6 {
		s.Browser().SignIn("boss", "guessed password 3")
	}
	page := boss.Post("/admin/keys", apptest.Fields("name", "laptop", "scope", "write")).Must(http.StatusCreated)
	_, secret, _ := strings.Cut(page.Body, `data-secret tabindex="0">`)
	secret, _, _ = strings.Cut(secret, "<")
	if !strings.HasPrefix(secret, "gable_") {
		t.Fatalf("no key on the page: %s", page.Body)
	}
	boss.Get("/admin/keys").Lacks(secret)
	boss.Post("/admin/keys", apptest.Fields("name", "laptop", "scope", "write")).Must(http.StatusUnprocessableEntity).
		Says("A key of that name exists")
	boss.Post("/admin/keys/revoke", apptest.Fields("name", "laptop")).Goes("/admin/keys")
	boss.Post("/admin/people", apptest.Fields("name", "Anna", "password", otherTestPassword, "role", "editor")).
		Goes("/admin/people")
	boss.Post("/admin/people", apptest.Fields("name", "anna", "password", otherTestPassword, "role", "editor")).
		Must(http.StatusUnprocessableEntity).
		Says("is already taken").Lacks(otherTestPassword)
	accounts, err := s.Accounts.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	boss.Post("/admin/people/change", apptest.Fields("id", accounts[1].ID, "role", "administrator")).Goes("/admin/people")
	boss.Post("/admin/people/change", apptest.Fields("id", accounts[1].ID, "remove", "1")).Goes("/admin/people")
	boss.Post("/admin/cache/purge", nil).Goes("/admin/cache")
	boss.Post("/admin/sign-out", nil).Goes("/")

	logged := map[string]int{}
	for _, line := range s.Log.All() {
		logged[line.Message]++
		text := fmt.Sprint(line.Message, line.ContextMap())
		for _, secret := range append(secrets, secret, "guessed password") {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in the log: %s", secret, text)
			}
		}
		if len(text) > 2_000 {
			t.Errorf("a line of %d bytes: %s", len(text), text[:200])
		}
	}
	for message, times := range map[string]int{
		"signed in": 1, "sign-in refused": 7, "sign-in throttled": 1, "API key created": 1, "API key revoked": 1,
		"account created": 1,
		"account changed": 2, "caches purged": 1, "signed out": 1,
	} {
		if logged[message] != times {
			t.Errorf("%q is logged %d times, want %d", message, logged[message], times)
		}
	}
	in := s.Log.FilterMessage("signed in").All()[0].ContextMap()
	if in["name"] != "boss" || in["address"] != "127.0.0.1" || in["role"] != "administrator" {
		t.Errorf("signed in: %v", in)
	}
	if by := s.Log.FilterMessage("account changed").All()[1].ContextMap(); by["by"] != "boss" || by["name"] != "anna" ||
		by["removed"] != true {
		t.Errorf("account changed: %v", by)
	}
}

func TestPeopleSeeTheirSessionsAndEndThem(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
		here := s.Staff("anna", keys.RoleEditor)
		phone, third := s.Browser(), s.Browser()
		phone.SignIn("anna", apptest.Password, "User-Agent", firefox).Goes("/admin")
		third.SignIn("anna", apptest.Password).Goes("/admin")
		boss := s.Staff("boss", keys.RoleAdministrator)

		page := here.Get("/admin/sessions").Must(http.StatusOK).Says("Firefox on Linux").Says("127.0.0.1").Says("(this one)").
			Lacks(here.Session().Value).Lacks(keys.HashSecret(boss.Session().Value))
		if n := strings.Count(page.Body, "<button class=\"button-quiet\">End it"); n != 2 {
			t.Errorf("%d of the other two sessions can be ended", n)
		}
		here.Post("/admin/sessions", apptest.Fields("session", keys.HashSecret(boss.Session().Value))).Goes("/admin/sessions")
		boss.MayWork(true)
		here.Post("/admin/sessions", apptest.Fields("session", keys.HashSecret(phone.Session().Value))).
			Goes("/admin/sessions")
		here.Get("/admin/sessions").Says("The session has ended.").Lacks("Firefox")
		phone.MayWork(false)
		third.MayWork(true)
		here.Post("/admin/sessions", nil).Goes("/admin/sessions")
		third.MayWork(false)
		here.MayWork(true)

		accounts, err := s.Accounts.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		here.Post("/admin/people/change", apptest.Fields("id", accounts[1].ID, "sign_out", "1")).Must(http.StatusForbidden)
		boss.Post("/admin/people/change", apptest.Fields("id", accounts[0].ID, "sign_out", "1")).Goes("/admin/people")
		boss.Get("/admin/people").Says("anna has been signed out everywhere.")
		here.MayWork(false)
		boss.MayWork(true)
	})
}

func TestASessionThatNobodyUsesEnds(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.Access.SessionIdleTimeout = 30 * time.Minute })
	b := s.Staff("anna", keys.RoleEditor)
	hash := keys.HashSecret(b.Session().Value)
	expires := func() time.Duration {
		t.Helper()
		_, at, err := s.Db.Sessions().FindSession(t.Context(), hash)
		if err != nil {
			t.Fatal(err)
		}
		return time.Until(at)
	}
	if left := expires(); left > 30*time.Minute {
		t.Errorf("the session lasts %s without being used", left)
	}
	behind(s, "UPDATE sessions SET expires_at = strftime('%Y-%m-%dT%H:%M:%f', 'now', '+10 minutes') || '000Z'")
	b.Get("/admin/cache/samples?after=0")
	if left := expires(); left > 10*time.Minute {
		t.Errorf("a request that a page sends by itself keeps the session for %s", left)
	}
	b.MayWork(true)
	if left := expires(); left < 20*time.Minute {
		t.Errorf("the session is in use and lasts %s", left)
	}
	behind(s, "UPDATE sessions SET expires_at = strftime('%Y-%m-%dT%H:%M:%f', 'now', '-1 seconds') || '000Z'")
	b.MayWork(false)
}

// appCode returns the code that an authenticator app shows so many half minutes from now.
func appCode(t *testing.T, secret string, steps int64) string {
	t.Helper()
	options := hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	code, err := hotp.GenerateCodeCustom(secret, uint64(time.Now().Unix()/30+steps), options)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// enrol sets up a second factor and returns its secret and recovery codes.
func enrol(b *apptest.Browser) (secret string, recovery []string) {
	b.T.Helper()
	secret = b.Get("/admin/second-factor").Must(http.StatusOK).Says(`<svg class="qr"`).Hidden("/admin/second-factor").
		Get("secret")
	page := b.Post("/admin/second-factor",
		apptest.Fields("secret", secret, "password", apptest.Password, "code", appCode(b.T, secret, 0))).
		Must(http.StatusOK).Says("Your second factor is on.")
	for _, found := range regexp.MustCompile(`<li><code>([a-z2-7-]{19})</code>`).FindAllStringSubmatch(page.Body, -1) {
		recovery = append(recovery, found[1])
	}
	if len(recovery) != 10 {
		b.T.Fatalf("%d recovery codes: %s", len(recovery), page.Body)
	}
	return secret, recovery
}

func TestASecondFactorIsAskedForAtSignIn(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		b := s.Staff("anna", keys.RoleEditor)
		elsewhere := s.Browser()
		elsewhere.SignIn("anna", apptest.Password).Goes("/admin")
		offered := b.Get("/admin/second-factor").Hidden("/admin/second-factor").Get("secret")
		for what, form := range map[string]url.Values{
			"code":     apptest.Fields("secret", offered, "password", apptest.Password, "code", "000000"),
			"password": apptest.Fields("secret", offered, "password", "a wrong password", "code", appCode(t, offered, 0)),
		} {
			page := b.Post("/admin/second-factor", form).Must(http.StatusUnprocessableEntity).Says(what + "-wrong")
			if again := page.Hidden("/admin/second-factor").Get("secret"); again != offered {
				t.Errorf("after a wrong %s another secret is offered", what)
			}
		}
		secret, recovery := enrol(b)
		b.MayWork(true)
		elsewhere.MayWork(false)
		b.Get("/admin/second-factor").Says("It is on").Lacks(secret).Lacks(recovery[0])

		b.Post("/admin/sign-out", nil).Goes("/")
		b.SignIn("anna", apptest.Password).Must(http.StatusOK).Says("One more step")
		b.MayWork(false) // with the password alone
		code := func(code string) apptest.Answer {
			return b.Post("/admin/sign-in/code", apptest.Fields("code", code, "next", "/admin/import"))
		}
		code("000000").Must(http.StatusUnauthorized).Says("The code is wrong or has been used.")
		b.MayWork(false)
		right := appCode(t, secret, 1)
		code(right).Goes("/admin/import")
		b.MayWork(true)
		b.Post("/admin/sign-out", nil).Goes("/")
		code(right).Must(http.StatusUnauthorized).Says("Please sign in again") // without a password before it
		b.SignIn("anna", apptest.Password).Must(http.StatusOK)
		code(right).Must(http.StatusUnauthorized)
		code(strings.ToUpper(recovery[0])).Goes("/admin/import")
		b.Post("/admin/sign-out", nil).Goes("/")
		b.SignIn("anna", apptest.Password).Must(http.StatusOK)
		code(recovery[0]).Must(http.StatusUnauthorized)
		code(recovery[1]).Goes("/admin/import")

		b.Post("/admin/second-factor",
			apptest.Fields("off", "1", "password", apptest.Password, "code", recovery[2])).Goes("/admin/second-factor")
		s.Browser().SignIn("anna", apptest.Password).Goes("/admin")
	})
}

func TestTheSessionThatAwaitsACodeOpensNothing(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	b := s.Staff("anna", keys.RoleAdministrator)
	enrol(b)
	half := s.Browser()
	half.SignIn("anna", apptest.Password).Must(http.StatusOK).Says("One more step")
	for _, path := range []string{
		"/admin", "/admin/keys", "/admin/people", "/admin/password", "/admin/sessions", "/admin/second-factor",
		"/admin/cache",
		"/admin/import",
	} {
		half.Get(path).Must(http.StatusSeeOther)
		want := http.StatusUnauthorized
		if path == "/admin" || path == "/admin/cache" {
			want = http.StatusMethodNotAllowed
		}
		half.Post(path, apptest.Fields("name", "eve", "off", "1")).Must(want)
	}
	b.Get("/admin/sessions").Must(http.StatusOK).Lacks("End it") // it is not a session yet

	// A session that an older program began has no record of second factors.
	_, expires, err := s.Db.Sessions().FindSession(t.Context(), keys.HashSecret(b.Session().Value))
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := s.Accounts.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := scs.GobCodec{}.Encode(time.Now().Add(time.Hour), map[string]any{
		"account": accounts[0].ID, "since": accounts[0].PasswordChangedAt.UnixMicro(),
	})
	if err == nil {
		err = s.Db.Sessions().SaveSession(t.Context(), keys.HashSecret("old"), accounts[0].ID, data, expires)
	}
	if err != nil {
		t.Fatal(err)
	}
	old := s.Browser()
	old.Cookies["gable_session"] = &http.Cookie{Name: "gable_session", Value: "old"}
	old.MayWork(false)
}

func TestARequiredSecondFactorIsSetUpBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.Access.RequireSecondFactor = "administrators" })
	editor := s.Staff("ed", keys.RoleEditor)
	editor.MayWork(true)
	boss := s.Staff("boss", keys.RoleAdministrator)
	for _, path := range []string{"/admin", "/admin/keys", "/admin/people", "/admin/password", "/admin/listings/new"} {
		boss.Get(path).Goes("/admin/second-factor")
	}
	boss.Post("/admin/keys", apptest.Fields("name", "k", "scope", "admin")).Goes("/admin/second-factor")
	boss.Get("/admin/second-factor").Says("A second factor is required here.")
	_, recovery := enrol(boss)
	boss.MayWork(true)
	off := apptest.Fields("off", "1", "password", apptest.Password, "code", recovery[0])
	boss.Post("/admin/second-factor", off).Must(http.StatusConflict).Says("A second factor is required here.")

	enrol(editor) // optional for an editor
	accounts, err := s.Accounts.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	editor.Post("/admin/people/change", apptest.Fields("id", accounts[1].ID, "factor_off", "1")).Must(http.StatusForbidden)
	boss.Post("/admin/people/change", apptest.Fields("id", accounts[0].ID, "factor_off", "1")).Goes("/admin/people")
	editor.MayWork(false)
	editor.SignIn("ed", apptest.Password).Goes("/admin")

	code, out, problem := apptest.Gable(t, "admin", "remove-second-factor", "boss", "--database-url",
		string(s.Config.Database.URL))
	if code != 0 || !strings.Contains(out, "no second factor") {
		t.Fatalf("code %d, %q, %q", code, out, problem)
	}
	boss.MayWork(false)
	boss.SignIn("boss", apptest.Password).Goes("/admin")
	boss.Get("/admin").Goes("/admin/second-factor")
}
