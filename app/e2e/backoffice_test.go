package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
	keys "github.com/gable-listings/gable/domain/access"
)

func TestAListingIsMadeChangedAndRemovedOnPages(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		b := s.Staff("anna", keys.RoleEditor)
		form := b.Get("/admin/listings/new").Must(http.StatusOK).Hidden("/admin/listings/new")
		apptest.With(form, "title", "By the lake", "price", "450k", "location", "Kent, WA", "kind", "house", "bedrooms",
			"2,5")
		b.Post("/admin/listings/new", form).Must(http.StatusUnprocessableEntity).Says("must be a whole number").
			Says(`value="By the lake"`)
		form.Set("bedrooms", "3")
		at := b.Post("/admin/listings/new", form).Must(http.StatusSeeOther).Header.Get("Location")
		page := b.Get(at).Must(http.StatusOK).Says("“By the lake” has been added.").Says(`value="450000.00"`)
		id := strings.TrimPrefix(at, "/admin/listings/")
		b.Get("/").Must(http.StatusOK).Says("By the lake")

		b.Post("/admin/listings/new", form).Goes(at) // the same form, sent twice
		if n := s.Count("/v1/properties?count=exact"); n != 1 {
			t.Fatalf("one form made %d listings", n)
		}
		again := b.Post("/admin/listings/new", apptest.With(form, "title", "Another one")).Must(http.StatusConflict).
			Says("A listing was already made from this form.").Hidden("/admin/listings/new")
		b.Post("/admin/listings/new", apptest.With(form, "once", again.Get("once"))).Must(http.StatusSeeOther)

		edit := apptest.With(page.Hidden(at), "title", "By the lake", "price", "460,000", "location", "Kent, WA", "kind",
			"house", "bedrooms", "3")
		b.Post(at, edit).Goes(at)
		b.Get(at).Says("has been saved.").Says(`value="460000.00"`)
		b.Get(at + "/history").Must(http.StatusOK).Says("anna").Says("450,000.00").Says("460,000.00")
		b.Get("/listings/" + id).Says("$460,000")
		b.Post(at, apptest.With(edit, "reference", strings.Repeat("x", 65))).
			Must(http.StatusUnprocessableEntity).Says("at most 64 characters")
		b.Get("/admin?q=lake").Must(http.StatusOK).Says("1 listing").Says("$460,000").Lacks("Another one")
		b.Get("/admin?min_price=cheap").Must(http.StatusBadRequest).Says("see the notes beside the fields")

		removal := b.Get(at + "/remove").Must(http.StatusOK).Says("Remove this listing?").Hidden(at + "/remove")
		s.Patch(id, `{"price":470000}`)
		removal = b.Post(at+"/remove", removal).Must(http.StatusConflict).
			Says("The listing has changed since you opened this page.").
			Says("$470,000").Hidden(at + "/remove")
		b.Post(at+"/remove", removal).Goes("/admin")
		b.Get("/admin").Says("The listing has been removed.")
		b.Post(at+"/remove", removal).Goes("/admin")
		b.Get("/listings/" + id).Must(http.StatusNotFound).Says("There is nothing here")
		b.Get(at + "/history").Must(http.StatusOK).Says("The listing has been removed.").Says("key test")
		b.Get("/admin/listings/nonsense").Must(http.StatusNotFound)
	})
}

func TestOfTwoWhoEditTheSecondIsShownBoth(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"contested","price":100`)
		at := "/admin/listings/" + p.ID
		anna, bob := s.Staff("anna", keys.RoleEditor), s.Staff("bob", keys.RoleEditor)
		annas, bobs := anna.Get(at).Hidden(at), bob.Get(at).Hidden(at)
		anna.Post(at, apptest.With(annas, "title", "contested", "price", "111", "location", "Here")).Goes(at)
		page := bob.Post(at, apptest.With(bobs, "title", "contested", "price", "122", "location", "There")).
			Must(http.StatusConflict).
			Says("Another person has changed this listing").Says("111.00").Says("122.00").Says("There")
		if got := s.Get("/v1/properties/" + p.ID).Body; !strings.Contains(got, `"111.00"`) {
			t.Errorf("the first edit was overwritten: %s", got)
		}
		over := apptest.With(page.Hidden(at), "title", "contested", "price", "122", "location", "There")
		bob.Post(at, over).Goes(at)
		s.Get("/v1/properties/" + p.ID).Shows(`"122.00"`)
		// the same as is stored now
		anna.Post(at, apptest.With(annas, "title", "contested", "price", "122", "location", "There")).Goes(at)
		anna.Get(at).Says("Another person has already saved the same values.")

		s.Do(http.MethodDelete, "/v1/properties/"+p.ID, "").Must(http.StatusNoContent)
		returned := anna.Post(at, apptest.With(annas, "price", "133")).Must(http.StatusConflict).
			Says("Another person has removed this listing.").
			Says(`value="133"`).Hidden("/admin/listings/new")
		anna.Post("/admin/listings/new", apptest.With(returned, "title", "contested", "price", "133", "location", "Here")).
			Must(http.StatusSeeOther)
		if got := s.Titles("/v1/properties"); got != "contested" {
			t.Errorf("the listings are %s", got)
		}
	})
}

func TestWhatWasTypedOutlivesTheSession(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		b := s.Staff("anna", keys.RoleEditor)
		const typed = "an hour's work, <b>\"typed\"</b> & more"
		form := apptest.With(b.Get("/admin/listings/new").Hidden("/admin/listings/new"),
			"title", "late", "price", "1", "location", "Here", "description", typed, "next", "/elsewhere", "sign_in_name", "x")
		if there, err := s.Db.Sessions().DeleteSession(t.Context(), keys.HashSecret(b.Session().Value)); err != nil ||
			!there {
			t.Fatalf("the session was there: %t, %v", there, err)
		}
		page := b.Post("/admin/listings/new", form).Must(http.StatusUnauthorized).Says("Your session has ended.")
		wrong := apptest.With(page.Hidden("/admin/sign-in"), "sign_in_name", "anna", "sign_in_password", "not this one")
		page = b.Post("/admin/sign-in", wrong).Must(http.StatusUnauthorized).Says("The name or the password is wrong.")
		right := apptest.With(page.Hidden("/admin/sign-in"), "sign_in_name", "anna", "sign_in_password", apptest.Password)
		returned := b.Post("/admin/sign-in", right).Must(http.StatusOK).Says("What you typed before is still here.").
			Lacks(apptest.Password).Hidden("/admin/listings/new")
		for _, name := range []string{"title", "description", "once", "next"} {
			if returned.Get(name) != form.Get(name) {
				t.Errorf("%s was %q, and is %q", name, form.Get(name), returned.Get(name))
			}
		}
		if s.Titles("/v1/properties") != "" {
			t.Error("it has been saved without being asked to")
		}
		at := b.Post("/admin/listings/new", returned).Must(http.StatusSeeOther).Header.Get("Location")
		b.Get(at).Says(typed)

		for _, secret := range []url.Values{
			apptest.Fields("current", "secret words 1", "next", "secret words 2", "again", "secret words 2"),
			apptest.Fields("name", "eve", "password", "secret words 3", "role", "editor"),
		} {
			path := "/admin/password"
			if secret.Has("password") {
				path = "/admin/people"
			}
			s.Browser().Post(path, secret).Must(http.StatusUnauthorized).Says("Sign in, then send the form again.").
				Lacks("secret words")
		}
		upload(s.Browser(), "/admin/import", "listings.csv", twoRows, "action", "import").Must(http.StatusUnauthorized).
			Says("Sign in, then choose the file again.").Lacks("kept.")
		tooLong := apptest.Fields("description", strings.Repeat("x", 2<<20))
		s.Browser().Post("/admin/listings/new", tooLong).Must(http.StatusUnauthorized).Lacks("kept.")
		b.Post("/admin/listings/new", tooLong).Must(http.StatusRequestEntityTooLarge)
	})
}

// upload sends a file with fields, in pairs.
func upload(b *apptest.Browser, path, name, content string, pairs ...string) apptest.Answer {
	b.T.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		if err := form.WriteField(pairs[i], pairs[i+1]); err != nil {
			b.T.Fatal(err)
		}
	}
	if name != "" {
		file, err := form.CreateFormFile("file", name)
		if err == nil {
			_, err = io.WriteString(file, content)
		}
		if err != nil {
			b.T.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		b.T.Fatal(err)
	}
	return b.Send(http.MethodPost, path, form.FormDataContentType(), body.String())
}

func TestManyListingsAreChangedOnce(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		for i := range 12 {
			s.Create(fmt.Sprintf(`"title":"n%d","price":100,"kind":"house","reference":"r-%d"`, i, i))
		}
		s.Create(`"title":"aside","price":100,"kind":"land"`)
		b := s.Staff("anna", keys.RoleEditor)
		ask := apptest.Fields("all", "1", "search", "kind=house", "action", "percent", "value", "\u22121.5", "status",
			"active")
		page := b.Post("/admin/bulk", ask).Must(http.StatusOK).Says("Change 12 listings").Says("$98.50").
			Says("… and 4 more.")
		offer := page.Hidden("/admin/bulk/apply")
		if got := s.Count("/v1/properties?count=exact&min_price=100"); got != 13 {
			t.Fatalf("the preview changed something: %d", got)
		}
		statuses := make(chan int, 6)
		var all sync.WaitGroup
		for range cap(statuses) { // the button is pressed many times
			pressed := *b
			pressed.Cookies = map[string]*http.Cookie{"gable_session": b.Session()}
			all.Go(func() { statuses <- pressed.Post("/admin/bulk/apply", offer).Status })
		}
		all.Wait()
		close(statuses)
		made := 0
		for status := range statuses {
			switch status {
			case http.StatusOK:
				made++
			case http.StatusConflict:
			default:
				t.Errorf("status %d", status)
			}
		}
		if made != 1 {
			t.Errorf("the change was made %d times", made)
		}
		for path, want := range map[string]int{"kind=house&min_price=98.50&max_price=98.50": 12,
			"kind=land&min_price=100": 1} {
			if got := s.Count("/v1/properties?count=exact&" + path); got != want {
				t.Errorf("%s finds %d listings, not %d", path, got, want)
			}
		}
		b.Post("/admin/bulk/apply", offer).Must(http.StatusConflict).Says("This change has been made already")

		offer = b.Post("/admin/bulk", ask).Hidden("/admin/bulk/apply")
		p := s.Create(`"title":"newcomer","price":100,"kind":"house"`)
		b.Post("/admin/bulk/apply", offer).Must(http.StatusConflict).Says("The search finds other listings now")
		s.Get("/v1/properties/" + p.ID).Shows(`"100.00"`)

		gone := apptest.NewID().String()
		ask = apptest.Fields("id", p.ID, "id", gone, "action", "amount", "value", "-200")
		offer = b.Post("/admin/bulk", ask).Must(http.StatusOK).Hidden("/admin/bulk/apply")
		b.Post("/admin/bulk/apply", offer).Must(http.StatusOK).Says("Changed no listings").
			Says("1 listing had already been removed.").
			Says("must be from 0 to").Says(p.ID)
		offer = b.Post("/admin/bulk", apptest.Fields("id", p.ID, "action", "remove")).Must(http.StatusOK).
			Hidden("/admin/bulk/apply")
		b.Post("/admin/bulk/apply", offer).Must(http.StatusOK).Says("Removed 1 listing")
		s.Get("/v1/properties/" + p.ID).Must(http.StatusNotFound)
	})
}

func TestAChangeOfTooManyOrOfNothingIsRefused(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	p := s.Create(`"title":"steady","price":100`)
	b := s.Staff("anna", keys.RoleEditor)
	many := apptest.Fields("action", "percent", "value", "1")
	for range 5_001 {
		many.Add("id", p.ID)
	}
	for path, status := range map[string]int{"/admin/bulk": http.StatusUnprocessableEntity,
		"/admin/bulk/apply": http.StatusUnprocessableEntity} {
		b.Post(path, many).Must(status).Says("That is more than 5,000 listings.")
	}
	b.Post("/admin/bulk", apptest.Fields("action", "remove")).Must(http.StatusUnprocessableEntity).
		Says("No listing has been chosen.")
	b.Post("/admin/bulk", apptest.Fields("id", p.ID, "action", "percent", "value", "1,5")).
		Must(http.StatusUnprocessableEntity).Says("Say by how much").Says(`value="1,5"`)
	b.Post("/admin/bulk", apptest.Fields("id", p.ID, "action", "status", "status", "burnt")).
		Must(http.StatusUnprocessableEntity).Says("Choose the new status.")
	b.Post("/admin/bulk", apptest.Fields("id", "x", "action", "remove")).Must(http.StatusNotFound)
	b.Post("/admin/bulk/apply", apptest.Fields("id", p.ID, "action", "remove", "count", "1")).Must(http.StatusConflict)
	b.Post("/admin/bulk/apply", apptest.Fields("id", p.ID, "action", "remove", "count", "1", "once", b.Session().Value)).
		Must(http.StatusConflict)
	s.Get("/v1/properties/" + p.ID).Shows(`"100.00"`)
	b.MayWork(true)
}

var downloadLink = regexp.MustCompile(`href="(data:application/octet-stream;base64,([^"]*))" ` +
	`download="listings.rejects.csv"`)

func TestAFileIsLookedAtThenImportedAndItsRejectsMended(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		b := s.Staff("anna", keys.RoleEditor)
		b.Get("/admin/import").Must(http.StatusOK).Says("king-county")
		rows := twoRows + "a-3,<script>alert(3)</script>,many,Here,house\n"
		send := func(action, name, content string) apptest.Answer {
			t.Helper()
			return upload(b, "/admin/import", name, content, "action", action, "mapping", "gable")
		}
		send("preview", "rows.csv", rows).Must(http.StatusOK).Says("The first rows of rows.csv").Says("Second").
			Says("$200.50").Says("Would be rejected: price")
		send("preview", "", "").Must(http.StatusUnprocessableEntity).Says("Choose a file first.")
		send("preview", "rows.csv", "colour\nblue\n").Must(http.StatusUnprocessableEntity).Says("rows.csv: ")
		upload(b, "/admin/import", "rows.csv", rows, "action", "import", "mapping", "nowhere").Must(http.StatusOK).
			Says("The import stopped.").
			Says(`unknown mapping "nowhere"`)
		if s.Titles("/v1/properties") != "" {
			t.Fatal("the preview stored something")
		}
		page := send("import", "rows.csv", rows).Must(http.StatusOK).Says("Done in").
			Says("Line 4, a-3, “<script>alert(3)</script>”: price")
		found := downloadLink.FindStringSubmatch(page.Body)
		if found == nil {
			t.Fatalf("no rejects to download: %s", page.Body)
		}
		rejects, err := base64.StdEncoding.DecodeString(html.UnescapeString(found[2]))
		if err != nil || !strings.Contains(string(rejects), "a-3,") || strings.Contains(string(rejects), "a-1,") {
			t.Fatalf("the rejects are %s, %v", rejects, err)
		}
		if got := s.Titles("/v1/properties?sort=price"); got != "First Second" {
			t.Errorf("the listings are %s", got)
		}
		send("import", "mended.csv", strings.Replace(string(rejects), "many", "300", 1)).Says("Done in").
			Lacks("Why rows were rejected")
		if got := s.Titles("/v1/properties?sort=price"); got != "First Second <script>alert(3)</script>" {
			t.Errorf("the listings are %s", got)
		}
		p := apptest.Decoded[apptest.Page](s.Get("/v1/properties?q=second")).Properties[0]
		b.Get("/admin/listings/" + p.ID + "/history").Says("anna")
		if lines := s.Log.FilterMessage("imported").All(); len(lines) != 3 || lines[1].ContextMap()["by"] != "anna" ||
			lines[1].ContextMap()["created"] != int64(2) {
			t.Errorf("the log has %v", lines)
		}
		broken := send("import", "<script>alert(4)</script>.csv", "reference,title\n\"never closed").Must(http.StatusOK)
		if strings.Contains(broken.Body, "<script>alert") {
			t.Errorf("the page has the file name unescaped: %s", broken.Body)
		}
	})
}

// While the database is away no session ends, and what was typed can be sent again.
func TestTheBackOfficeOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	postgres := ownPostgres(t)
	s := apptest.Start(t, postgres.URL(), "memory:",
		func(c *config.Config) { c.Freshness.MaxStaleness = 200 * time.Millisecond })
	b := s.Staff("anna", keys.RoleEditor)
	form := apptest.With(b.Get("/admin/listings/new").Hidden("/admin/listings/new"), "title", "patient", "price", "1",
		"location", "Here")
	session := b.Session().Value

	postgres.Kill()
	for _, path := range []string{"/admin", "/admin/listings/new", "/admin/cache", "/admin/sign-in"} {
		a := b.Get(path).Must(http.StatusServiceUnavailable).Says("Please try again in a moment.")
		if a.Header.Get("Retry-After") == "" || a.Header.Get("Cache-Control") != "no-store" || len(b.Set) > 0 {
			t.Errorf("%s: %v", path, a.Header)
		}
	}
	page := b.Post("/admin/listings/new", form).Must(http.StatusServiceUnavailable).Says("Nothing is lost.")
	returned := page.Hidden("/admin/listings/new")
	b.Post("/admin/password", apptest.Fields("current", apptest.Password, "next", otherTestPassword, "again",
		otherTestPassword)).
		Must(http.StatusServiceUnavailable).Lacks(apptest.Password).Lacks(otherTestPassword)
	b.SignIn("anna", apptest.Password).Must(http.StatusServiceUnavailable).Lacks(apptest.Password)
	b.Post("/admin/sign-out", nil).Must(http.StatusServiceUnavailable)

	postgres.Start()
	s.Eventually("the back office is open again", func() bool { return b.Get("/admin").Status == http.StatusOK })
	if b.Session().Value != session {
		t.Error("the session is another one")
	}
	if returned.Get("title") != "patient" || returned.Get("once") != form.Get("once") {
		t.Errorf("returned: %v", returned)
	}
	at := b.Post("/admin/listings/new", returned).Must(http.StatusSeeOther).Header.Get("Location")
	b.Post("/admin/listings/new", returned).Goes(at)
	if got := s.Titles("/v1/properties"); got != "patient" {
		t.Errorf("the listings are %s", got)
	}
}
