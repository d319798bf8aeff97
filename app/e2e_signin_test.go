package main

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
	keys "github.com/gable-listings/gable/domain/access"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const otherTestPassword = "staple battery horse correct"

func TestSigningInOpensTheBackOffice(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		s.hire("anna", keys.RoleEditor)
		b := s.browser()
		b.mayWork(false)
		if b.session() != nil {
			t.Error("somebody who has not signed in is given a session")
		}
		b.get("/admin/sign-in?next=%2Fadmin%2Fimport").must(http.StatusOK).says("Sign in")
		b.signIn("anna", "wrong "+testPassword).must(http.StatusUnauthorized).says("The name or the password is wrong.").lacks(testPassword)
		b.signIn("nobody", testPassword).must(http.StatusUnauthorized).says("The name or the password is wrong.")
		b.mayWork(false)
		b.signIn(" Anna ", testPassword).goes("/admin")
		c := b.session()
		if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure || c.Name != "gable_session" {
			t.Fatalf("the cookie is %v", c)
		}
		if left := time.Until(c.Expires); left < 11*time.Hour || left > 12*time.Hour+time.Minute || len(c.Value) < 40 {
			t.Errorf("the session lasts %s, by a token of %d characters", left, len(c.Value))
		}
		b.mayWork(true)
		b.get("/admin").says("anna")

		again := s.browser()
		again.cookies[c.Name] = c
		again.mayWork(true)
		b.post("/admin/sign-out", nil).goes("/")
		if b.session() != nil {
			t.Error("the cookie is still there")
		}
		again.mayWork(false)
	})
}

func TestAfterSigningInPeopleGoWhereTheyWantedButNowhereElse(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	s.hire("anna", keys.RoleEditor)
	for next, want := range map[string]string{
		"/admin/import": "/admin/import", "/admin?q=lake": "/admin?q=lake", "//evil.example/admin": "/admin", `/\evil.example`: "/admin",
		"https://evil.example/admin": "/admin", "javascript:alert(1)": "/admin", "/admin/../../x": "/admin", "/admin/%2e%2e//evil.example": "/admin",
	} {
		b := s.browser()
		form := b.get("/admin/sign-in?" + fields("next", next).Encode()).must(http.StatusOK).hidden("/admin/sign-in")
		if got := form.Get("next"); got != want {
			t.Errorf("%s: the page would go on to %s", next, got)
		}
		b.post("/admin/sign-in", fields("next", next, "sign_in_name", "anna", "sign_in_password", testPassword)).goes(want)
	}
}

func TestATokenKnownBeforeSigningInIsWorthNothing(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	s.hire("anna", keys.RoleAdministrator)
	mallory := s.staff("mallory", keys.RoleEditor)
	for name, planted := range map[string]string{"invented": strings.Repeat("A", 43), "of somebody else": mallory.session().Value} {
		t.Run(name, func(t *testing.T) {
			anna := s.browser()
			anna.cookies["gable_session"] = &http.Cookie{Name: "gable_session", Value: planted}
			anna.signIn("anna", testPassword).must(http.StatusSeeOther)
			if anna.session().Value == planted {
				t.Fatal("the token has stayed")
			}
			anna.get("/admin/people").must(http.StatusOK)
			thief := s.browser()
			thief.cookies["gable_session"] = &http.Cookie{Name: "gable_session", Value: planted}
			thief.mayWork(false)
		})
	}
}

func TestAChangedPasswordEndsTheOtherSessions(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		here := s.staff("anna", keys.RoleEditor)
		there := s.browser()
		there.signIn("anna", testPassword).must(http.StatusSeeOther)
		change := func(current, next, again string) answer {
			return here.post("/admin/password", fields("current", current, "next", next, "again", again))
		}
		change(testPassword, otherTestPassword, "not the same").must(http.StatusUnprocessableEntity).says("is not the same as the new password")
		change("wrong "+testPassword, otherTestPassword, otherTestPassword).must(http.StatusUnprocessableEntity).says("is wrong")
		change(testPassword, "short", "short").must(http.StatusUnprocessableEntity).says("must have 12 to 256 characters")
		there.mayWork(true)
		before := here.session().Value
		change(testPassword, otherTestPassword, otherTestPassword).goes("/admin")
		if here.session().Value == before {
			t.Error("the token has stayed the same")
		}
		here.get("/admin").must(http.StatusOK).says("Your password has been changed.")
		there.mayWork(false)
		there.signIn("anna", testPassword).must(http.StatusUnauthorized)
		there.signIn("anna", otherTestPassword).must(http.StatusSeeOther)
	})
}

func TestSessionsOutliveAPurgeButNotTheirTime(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		b := s.staff("anna", keys.RoleAdministrator)
		hash := keys.HashSecret(b.session().Value)
		begun, _, err := s.db.Sessions().FindSession(t.Context(), hash)
		if err != nil {
			t.Fatal("the session is not in the database under the hash of its token: ", err)
		}
		b.get("/admin/cache/purge").must(http.StatusOK).says("Empty the caches?")
		b.post("/admin/cache/purge", nil).goes("/admin/cache")
		b.get("/admin/cache").must(http.StatusOK).says("The caches have been emptied.")
		b.get("/admin/cache").lacks("The caches have been emptied.")

		data, _, err := s.db.Sessions().FindSession(t.Context(), hash)
		if err != nil || string(data) != string(begun) {
			t.Errorf("work writes the session, so that it could bring back one that is signed out (%v)", err)
		}
		if strings.Contains(string(data), b.session().Value) {
			t.Error("the token itself is in the database")
		}
		if err := s.db.Sessions().SaveSession(t.Context(), hash, "", data, time.Now().Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		b.mayWork(false)
	})
}

func TestAnAccountThatIsRemovedOrDemotedLosesItsRightsAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		boss := s.staff("boss", keys.RoleAdministrator)
		anna := s.staff("anna", keys.RoleAdministrator)
		account, err := s.accounts.List(t.Context())
		if err != nil || len(account) != 2 {
			t.Fatal(err)
		}
		id := account[1].ID
		anna.get("/admin/keys").must(http.StatusOK)
		boss.post("/admin/people/change", fields("id", id, "role", "king")).must(http.StatusUnprocessableEntity).says("There is no such role.")
		boss.post("/admin/people/change", fields("id", id, "role", "editor")).goes("/admin/people")
		anna.get("/admin/keys").must(http.StatusForbidden)
		anna.mayWork(true)
		boss.post("/admin/people/change", fields("id", id, "remove", "1")).goes("/admin/people")
		boss.get("/admin/people").says("anna cannot sign in any more.")
		anna.mayWork(false)
		anna.signIn("anna", testPassword).must(http.StatusUnauthorized)
		boss.post("/admin/people/change", fields("id", id, "remove", "1")).goes("/admin/people")
		boss.post("/admin/people/change", fields("id", account[0].ID, "remove", "1")).must(http.StatusConflict).says("Nobody changes their own role")
		boss.mayWork(true)
	})
}

// untilRefused guesses until it is told to wait, which on a slow machine is not at once: waits pass while others guess.
func untilRefused(t *testing.T, guess func(i int) answer) {
	t.Helper()
	for i := range 200 {
		a := guess(i)
		if a.status == http.StatusUnauthorized {
			continue
		}
		wait, err := strconv.Atoi(a.must(http.StatusTooManyRequests).header.Get("Retry-After"))
		if err != nil || wait < 1 {
			t.Errorf("when to try again: %q", a.header.Get("Retry-After"))
		}
		a.says("Too many wrong passwords.")
		return
	}
	t.Fatal("nothing stops two hundred guesses")
}

func TestGuessingIsSlowedDownByNameAndByAddress(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.HTTP.TrustedProxies = "127.0.0.1" })
	s.hire("anna", keys.RoleEditor)
	guess := func(name, password, address string) answer {
		return s.browser().signIn(name, password, "X-Forwarded-For", address)
	}
	for range 5 {
		guess("anna", "a wrong password", "198.51.100.1").must(http.StatusUnauthorized)
	}
	untilRefused(t, func(int) answer { return guess("anna", "a wrong password", "198.51.100.1") })
	guess("anna", testPassword, "198.51.100.3").goes("/admin")

	for i := range 20 {
		guess(fmt.Sprint("nobody", i), "a wrong password", "198.51.100.9").must(http.StatusUnauthorized)
	}
	untilRefused(t,
		func(i int) answer { return guess(fmt.Sprint("somebody", i), "a wrong password", "198.51.100.9:5555") })
	guess("bob", "a wrong password", "198.51.100.10").must(http.StatusUnauthorized)
	if n := s.log.FilterMessage("sign-in throttled").Len(); n != 2 {
		t.Errorf("%d lines tell of it", n)
	}
}

func TestAFloodOfGuessesFromEverywhereDoesNotKeepTheOwnerOut(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.HTTP.TrustedProxies = "127.0.0.1" })
	anna := s.staff("anna", keys.RoleEditor)
	c := anna.cookies["gable_browser"]
	if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" ||
		len(c.Value) != 43 {
		t.Fatalf("the browser's cookie is %v", c)
	}
	anna.post("/admin/sign-out", nil).goes("/")
	untilRefused(t, func(i int) answer {
		return s.browser().signIn("anna", "a wrong password", "X-Forwarded-For", fmt.Sprint("198.51.100.", i))
	})
	anna.signIn("anna", testPassword).goes("/admin")
	anna.mayWork(true)
	anna.post("/admin/password",
		fields("current", testPassword, "next", otherTestPassword, "again", otherTestPassword)).goes("/admin")
	s.browser().signIn("anna", otherTestPassword).goes("/admin") // guesses at the password before are forgotten
}

func TestAPasswordResetOnTheCommandLineReachesTheServer(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		s.hire("anna", keys.RoleEditor)
		for range 5 {
			s.browser().signIn("anna", "a wrong password").must(http.StatusUnauthorized)
		}
		s.browser().signIn("anna", testPassword).must(http.StatusTooManyRequests)
		code, _, err := typing(t, otherTestPassword,
			"admin", "reset-password", "anna", "--password-stdin", "--database-url", string(s.config.Database.URL))
		if code != 0 {
			t.Fatalf("reset-password: code %d, %s", code, err)
		}
		s.browser().signIn("anna", otherTestPassword).goes("/admin")
	})
}

func TestWhatAnotherSiteSendsIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	b := s.staff("anna", keys.RoleAdministrator)
	p := s.create(`"title":"steady","price":1`)
	for name, headers := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site"}, "a sibling": {"Sec-Fetch-Site", "same-site"},
		"another origin, by an old browser": {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		"no origin that can be told":        {"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		for path, form := range map[string]string{
			"/admin/listings/new": "title=x&price=1&location=l", "/admin/listings/" + p.ID: "title=x&price=1&location=l&state=1",
			"/admin/listings/" + p.ID + "/remove": "state=1",
			"/admin/people":                       "name=eve&password=correct+horse+battery&role=administrator",
			"/admin/keys":                         "name=k&scope=admin", "/admin/keys/revoke": "name=k",
			"/admin/sign-out": "", "/admin/cache/purge": "",
			"/admin/bulk": "all=1&action=remove", "/admin/bulk/apply": "all=1&action=remove&count=1", "/admin/import": "",
			"/admin/password": "current=x", "/admin/sessions": "", "/admin/second-factor": "off=1", "/admin/sign-in/code": "code=1", "/admin/people/change": "id=x&remove=1", "/admin/sign-in": "sign_in_name=anna&sign_in_password=x",
		} {
			a := b.send(http.MethodPost, path, "application/x-www-form-urlencoded", form, headers...)
			if a.status != http.StatusForbidden {
				t.Errorf("%s, %s: %d", name, path, a.status)
			}
			a.says("This form was sent from another site, so nothing has been done.")
		}
	}
	b.mayWork(true)
	if accounts, err := s.accounts.List(t.Context()); err != nil || len(accounts) != 1 {
		t.Errorf("%d accounts, %v", len(accounts), err)
	}
	if got := s.titles("/v1/properties"); got != "steady" {
		t.Errorf("the listings are %s", got)
	}
	b.get("/admin", "Sec-Fetch-Site", "cross-site").must(http.StatusOK) // a link from elsewhere is a link
	b.post("/admin/cache/purge", nil, "Sec-Fetch-Site", "", "Origin", "").must(http.StatusSeeOther)
}

func TestASiteReachedByHTTPSSaysSo(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.HTTP.PublicURL = "https://homes.example.org" })
	b := s.staff("anna", keys.RoleAdministrator)
	if c := b.session(); c.Name != "__Host-gable_session" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("the cookie is %v", c)
	}
	if c := b.cookies["__Host-gable_browser"]; c == nil || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
		t.Errorf("the browser's cookie is %v", c)
	}
	b.post("/admin/listings/new", fields("title", "seen", "price", "1", "location", "l", "once", "o")).must(http.StatusSeeOther)
	if c := b.cookies["__Host-gable_seen"]; c == nil || !c.Secure || !c.HttpOnly {
		t.Errorf("the cookie is %v", c)
	}
	planted := s.browser() // by a page of another host of the domain, which cannot set a __Host- cookie
	planted.cookies["gable_seen"] = &http.Cookie{Name: "gable_seen", Value: b.cookies["__Host-gable_seen"].Value}
	if own, other := b.get("/"), planted.get("/"); own.header.Get("Consistency-Token") == "" ||
		other.header.Get("Consistency-Token") != "" {
		t.Errorf("the tokens are %v and %v", own.header, other.header)
	}
	b.post("/admin/cache/purge", nil, "Sec-Fetch-Site", "", "Origin", "https://homes.example.org").must(http.StatusSeeOther)
	b.post("/admin/cache/purge", nil, "Sec-Fetch-Site", "", "Origin", "http://homes.example.org").must(http.StatusForbidden)
	for _, path := range []string{"/", "/admin", "/v1/properties", "/nowhere", "/healthz", "/docs", "/v1/properties?x=1", "/robots.txt"} {
		for range 2 {
			if got := b.get(path).header.Get("Strict-Transport-Security"); got != "max-age=63072000" {
				t.Errorf("%s: %q", path, got)
			}
		}
	}
	whole := embeddedSetup.start(t, func(c *Config) {
		c.HTTP.PublicURL, c.HTTP.HSTSSubdomains = "https://homes.example.org", true
	})
	for _, path := range []string{"/", "/v1/properties", "/nowhere"} {
		if got := whole.browser().get(path).header.Get("Strict-Transport-Security"); got != "max-age=63072000; includeSubDomains" {
			t.Errorf("with its subdomains, %s: %q", path, got)
		}
	}
	plain := embeddedSetup.start(t, func(c *Config) { c.HTTP.PublicURL = "http://homes.example.org" })
	for _, path := range []string{"/", "/admin/sign-in", "/v1/properties"} {
		if got := plain.browser().get(path).header.Get("Strict-Transport-Security"); got != "" {
			t.Errorf("by http, %s: %q", path, got)
		}
	}
}

func TestEditorsMayNotDoWhatAdministratorsDo(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	anna, boss := s.staff("anna", keys.RoleEditor), s.staff("boss", keys.RoleAdministrator)
	for _, path := range []string{"/admin/keys", "/admin/people", "/admin/cache/purge"} {
		anna.get(path).must(http.StatusForbidden).says("Only administrators may do this.")
		anna.post(path, fields("name", "eve", "password", testPassword, "role", "administrator", "scope", "admin")).must(http.StatusForbidden)
		boss.get(path).must(http.StatusOK)
	}
	anna.post("/admin/keys/revoke", fields("name", "x")).must(http.StatusForbidden)
	anna.post("/admin/people/change", fields("id", "x")).must(http.StatusForbidden)
	for _, path := range []string{"/admin", "/admin/cache", "/admin/import", "/admin/listings/new", "/admin/password"} {
		page := anna.get(path).must(http.StatusOK)
		for _, link := range []string{`href="/admin/keys"`, `href="/admin/people"`, `href="/admin/cache/purge"`} {
			page.lacks(link)
		}
		boss.get(path).must(http.StatusOK).says(`href="/admin/keys"`).says(`href="/admin/people"`)
	}
	boss.get("/admin/cache").says(`href="/admin/cache/purge"`)
	if accounts, err := s.accounts.List(t.Context()); err != nil || len(accounts) != 2 {
		t.Errorf("%d accounts, %v", len(accounts), err)
	}
}

func TestTheLogTellsWhoDidWhatAndNoSecret(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	boss := s.staff("boss", keys.RoleAdministrator)
	secrets := []string{testPassword, otherTestPassword, boss.session().Value}
	s.browser().signIn("eve\nforged", "guessed password 1").must(http.StatusUnauthorized)
	s.browser().signIn(strings.Repeat("e", 3_000), "guessed password 2").must(http.StatusUnauthorized)
	for range 6 {
		s.browser().signIn("boss", "guessed password 3")
	}
	page := boss.post("/admin/keys", fields("name", "laptop", "scope", "write")).must(http.StatusCreated)
	_, secret, _ := strings.Cut(page.body, `data-secret tabindex="0">`)
	secret, _, _ = strings.Cut(secret, "<")
	if !strings.HasPrefix(secret, "gable_") {
		t.Fatalf("no key on the page: %s", page.body)
	}
	boss.get("/admin/keys").lacks(secret)
	boss.post("/admin/keys", fields("name", "laptop", "scope", "write")).must(http.StatusUnprocessableEntity).says("A key of that name exists")
	boss.post("/admin/keys/revoke", fields("name", "laptop")).goes("/admin/keys")
	boss.post("/admin/people", fields("name", "Anna", "password", otherTestPassword, "role", "editor")).goes("/admin/people")
	boss.post("/admin/people", fields("name", "anna", "password", otherTestPassword, "role", "editor")).must(http.StatusUnprocessableEntity).
		says("belongs to somebody already").lacks(otherTestPassword)
	accounts, err := s.accounts.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	boss.post("/admin/people/change", fields("id", accounts[1].ID, "role", "administrator")).goes("/admin/people")
	boss.post("/admin/people/change", fields("id", accounts[1].ID, "remove", "1")).goes("/admin/people")
	boss.post("/admin/cache/purge", nil).goes("/admin/cache")
	boss.post("/admin/sign-out", nil).goes("/")

	told := map[string]int{}
	for _, line := range s.log.All() {
		told[line.Message]++
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
		"signed in": 1, "sign-in refused": 7, "sign-in throttled": 1, "API key created": 1, "API key revoked": 1, "account created": 1,
		"account changed": 2, "caches purged": 1, "signed out": 1,
	} {
		if told[message] != times {
			t.Errorf("%q is told %d times, not %d", message, told[message], times)
		}
	}
	in := s.log.FilterMessage("signed in").All()[0].ContextMap()
	if in["name"] != "boss" || in["address"] != "127.0.0.1" || in["role"] != "administrator" {
		t.Errorf("signed in: %v", in)
	}
	if by := s.log.FilterMessage("account changed").All()[1].ContextMap(); by["by"] != "boss" || by["name"] != "anna" || by["removed"] != true {
		t.Errorf("account changed: %v", by)
	}
}

func TestPeopleSeeTheirSessionsAndEndThem(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
		here := s.staff("anna", keys.RoleEditor)
		phone, third := s.browser(), s.browser()
		phone.signIn("anna", testPassword, "User-Agent", firefox).goes("/admin")
		third.signIn("anna", testPassword).goes("/admin")
		boss := s.staff("boss", keys.RoleAdministrator)

		page := here.get("/admin/sessions").must(http.StatusOK).says("Firefox on Linux").says("127.0.0.1").says("(this one)").
			lacks(here.session().Value).lacks(keys.HashSecret(boss.session().Value))
		if n := strings.Count(page.body, "<button class=\"button-quiet\">End it"); n != 2 {
			t.Errorf("%d of the other two sessions can be ended", n)
		}
		here.post("/admin/sessions", fields("session", keys.HashSecret(boss.session().Value))).goes("/admin/sessions")
		boss.mayWork(true)
		here.post("/admin/sessions", fields("session", keys.HashSecret(phone.session().Value))).goes("/admin/sessions")
		here.get("/admin/sessions").says("The session has ended.").lacks("Firefox")
		phone.mayWork(false)
		third.mayWork(true)
		here.post("/admin/sessions", nil).goes("/admin/sessions")
		third.mayWork(false)
		here.mayWork(true)

		accounts, err := s.accounts.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		here.post("/admin/people/change", fields("id", accounts[1].ID, "sign_out", "1")).must(http.StatusForbidden)
		boss.post("/admin/people/change", fields("id", accounts[0].ID, "sign_out", "1")).goes("/admin/people")
		boss.get("/admin/people").says("anna has been signed out everywhere.")
		here.mayWork(false)
		boss.mayWork(true)
	})
}

func TestASessionThatNobodyUsesEnds(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.Access.SessionIdleTimeout = 30 * time.Minute })
	b := s.staff("anna", keys.RoleEditor)
	hash := keys.HashSecret(b.session().Value)
	expires := func() time.Duration {
		t.Helper()
		_, at, err := s.db.Sessions().FindSession(t.Context(), hash)
		if err != nil {
			t.Fatal(err)
		}
		return time.Until(at)
	}
	if left := expires(); left > 30*time.Minute {
		t.Errorf("the session lasts %s without being used", left)
	}
	s.behind("UPDATE sessions SET expires_at = strftime('%Y-%m-%dT%H:%M:%f', 'now', '+10 minutes') || '000Z'")
	b.get("/admin/cache/samples?after=0")
	if left := expires(); left > 10*time.Minute {
		t.Errorf("a request that a page sends by itself keeps the session for %s", left)
	}
	b.mayWork(true)
	if left := expires(); left < 20*time.Minute {
		t.Errorf("the session is in use and lasts %s", left)
	}
	s.behind("UPDATE sessions SET expires_at = strftime('%Y-%m-%dT%H:%M:%f', 'now', '-1 seconds') || '000Z'")
	b.mayWork(false)
}

// appCode is what an authenticator app shows so many half minutes from now.
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
func (b *browser) enrol() (secret string, recovery []string) {
	b.t.Helper()
	secret = b.get("/admin/second-factor").must(http.StatusOK).says(`<svg class="qr"`).hidden("/admin/second-factor").Get("secret")
	page := b.post("/admin/second-factor",
		fields("secret", secret, "password", testPassword, "code", appCode(b.t, secret, 0))).
		must(http.StatusOK).says("Your second factor is on.")
	for _, found := range regexp.MustCompile(`<li><code>([a-z2-7-]{19})</code>`).FindAllStringSubmatch(page.body, -1) {
		recovery = append(recovery, found[1])
	}
	if len(recovery) != 10 {
		b.t.Fatalf("%d recovery codes: %s", len(recovery), page.body)
	}
	return secret, recovery
}

func TestASecondFactorIsAskedForAtSignIn(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		b := s.staff("anna", keys.RoleEditor)
		elsewhere := s.browser()
		elsewhere.signIn("anna", testPassword).goes("/admin")
		offered := b.get("/admin/second-factor").hidden("/admin/second-factor").Get("secret")
		for what, form := range map[string]url.Values{
			"code":     fields("secret", offered, "password", testPassword, "code", "000000"),
			"password": fields("secret", offered, "password", "a wrong password", "code", appCode(t, offered, 0)),
		} {
			page := b.post("/admin/second-factor", form).must(http.StatusUnprocessableEntity).says(what + "-wrong")
			if again := page.hidden("/admin/second-factor").Get("secret"); again != offered {
				t.Errorf("after a wrong %s another secret is offered", what)
			}
		}
		secret, recovery := b.enrol()
		b.mayWork(true)
		elsewhere.mayWork(false)
		b.get("/admin/second-factor").says("It is on").lacks(secret).lacks(recovery[0])

		b.post("/admin/sign-out", nil).goes("/")
		b.signIn("anna", testPassword).must(http.StatusOK).says("One more step")
		b.mayWork(false) // with the password alone
		code := func(code string) answer {
			return b.post("/admin/sign-in/code", fields("code", code, "next", "/admin/import"))
		}
		code("000000").must(http.StatusUnauthorized).says("The code is wrong or has been used.")
		b.mayWork(false)
		right := appCode(t, secret, 1)
		code(right).goes("/admin/import")
		b.mayWork(true)
		b.post("/admin/sign-out", nil).goes("/")
		code(right).must(http.StatusUnauthorized).says("Please sign in again") // without a password before it
		b.signIn("anna", testPassword).must(http.StatusOK)
		code(right).must(http.StatusUnauthorized)
		code(strings.ToUpper(recovery[0])).goes("/admin/import")
		b.post("/admin/sign-out", nil).goes("/")
		b.signIn("anna", testPassword).must(http.StatusOK)
		code(recovery[0]).must(http.StatusUnauthorized)
		code(recovery[1]).goes("/admin/import")

		b.post("/admin/second-factor",
			fields("off", "1", "password", testPassword, "code", recovery[2])).goes("/admin/second-factor")
		s.browser().signIn("anna", testPassword).goes("/admin")
	})
}

func TestTheSessionThatAwaitsACodeOpensNothing(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	b := s.staff("anna", keys.RoleAdministrator)
	b.enrol()
	half := s.browser()
	half.signIn("anna", testPassword).must(http.StatusOK).says("One more step")
	for _, path := range []string{
		"/admin", "/admin/keys", "/admin/people", "/admin/password", "/admin/sessions", "/admin/second-factor", "/admin/cache", "/admin/import",
	} {
		half.get(path).must(http.StatusSeeOther)
		want := http.StatusUnauthorized
		if path == "/admin" || path == "/admin/cache" {
			want = http.StatusMethodNotAllowed
		}
		half.post(path, fields("name", "eve", "off", "1")).must(want)
	}
	b.get("/admin/sessions").must(http.StatusOK).lacks("End it") // it is no session yet

	// A session that an older program began knows nothing of second factors.
	_, expires, err := s.db.Sessions().FindSession(t.Context(), keys.HashSecret(b.session().Value))
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := s.accounts.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := scs.GobCodec{}.Encode(time.Now().Add(time.Hour), map[string]any{
		"account": accounts[0].ID, "since": accounts[0].PasswordChangedAt.UnixMicro(),
	})
	if err == nil {
		err = s.db.Sessions().SaveSession(t.Context(), keys.HashSecret("old"), accounts[0].ID, data, expires)
	}
	if err != nil {
		t.Fatal(err)
	}
	old := s.browser()
	old.cookies["gable_session"] = &http.Cookie{Name: "gable_session", Value: "old"}
	old.mayWork(false)
}

func TestARequiredSecondFactorIsSetUpBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.Access.RequireSecondFactor = "administrators" })
	editor := s.staff("ed", keys.RoleEditor)
	editor.mayWork(true)
	boss := s.staff("boss", keys.RoleAdministrator)
	for _, path := range []string{"/admin", "/admin/keys", "/admin/people", "/admin/password", "/admin/listings/new"} {
		boss.get(path).goes("/admin/second-factor")
	}
	boss.post("/admin/keys", fields("name", "k", "scope", "admin")).goes("/admin/second-factor")
	boss.get("/admin/second-factor").says("A second factor is required here.")
	_, recovery := boss.enrol()
	boss.mayWork(true)
	off := fields("off", "1", "password", testPassword, "code", recovery[0])
	boss.post("/admin/second-factor", off).must(http.StatusConflict).says("A second factor is required here.")

	editor.enrol() // whoever wants to, may
	accounts, err := s.accounts.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	editor.post("/admin/people/change", fields("id", accounts[1].ID, "factor_off", "1")).must(http.StatusForbidden)
	boss.post("/admin/people/change", fields("id", accounts[0].ID, "factor_off", "1")).goes("/admin/people")
	editor.mayWork(false)
	editor.signIn("ed", testPassword).goes("/admin")

	code, out, problem := runGable(t, "admin", "remove-second-factor", "boss", "--database-url",
		string(s.config.Database.URL))
	if code != 0 || !strings.Contains(out, "no second factor") {
		t.Fatalf("code %d, %q, %q", code, out, problem)
	}
	boss.mayWork(false)
	boss.signIn("boss", testPassword).goes("/admin")
	boss.get("/admin").goes("/admin/second-factor")
}
