package main

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

	keys "github.com/gable-listings/gable/domain/access"
)

func TestAListingIsMadeChangedAndRemovedOnPages(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		b := s.staff("anna", keys.RoleEditor)
		form := b.get("/admin/listings/new").must(http.StatusOK).hidden("/admin/listings/new")
		with(form, "title", "By the lake", "price", "450k", "location", "Kent, WA", "kind", "house", "bedrooms", "2,5")
		b.post("/admin/listings/new", form).must(http.StatusUnprocessableEntity).says("must be a whole number").says(`value="By the lake"`)
		form.Set("bedrooms", "3")
		at := b.post("/admin/listings/new", form).must(http.StatusSeeOther).header.Get("Location")
		page := b.get(at).must(http.StatusOK).says("“By the lake” has been added.").says(`value="450000.00"`)
		id := strings.TrimPrefix(at, "/admin/listings/")
		b.get("/").must(http.StatusOK).says("By the lake")

		b.post("/admin/listings/new", form).goes(at) // the same form, sent twice
		if n := s.count("/v1/properties?count=exact"); n != 1 {
			t.Fatalf("one form made %d listings", n)
		}
		again := b.post("/admin/listings/new", with(form, "title", "Another one")).must(http.StatusConflict).
			says("A listing was already made from this form.").hidden("/admin/listings/new")
		b.post("/admin/listings/new", with(form, "once", again.Get("once"))).must(http.StatusSeeOther)

		edit := with(page.hidden(at), "title", "By the lake", "price", "460,000", "location", "Kent, WA", "kind", "house", "bedrooms", "3")
		b.post(at, edit).goes(at)
		b.get(at).says("has been saved.").says(`value="460000.00"`)
		b.get(at + "/history").must(http.StatusOK).says("anna").says("450,000.00").says("460,000.00")
		b.get("/listings/" + id).says("$460,000")
		b.post(at, with(edit, "reference", strings.Repeat("x", 65))).
			must(http.StatusUnprocessableEntity).says("at most 64 characters")
		b.get("/admin?q=lake").must(http.StatusOK).says("1 listing").says("$460,000").lacks("Another one")
		b.get("/admin?min_price=cheap").must(http.StatusBadRequest).says("see the notes beside the fields")

		removal := b.get(at + "/remove").must(http.StatusOK).says("Remove this listing?").hidden(at + "/remove")
		s.patch(id, `{"price":470000}`)
		removal = b.post(at+"/remove", removal).must(http.StatusConflict).says("Somebody has changed it since you looked.").says("$470,000").hidden(at + "/remove")
		b.post(at+"/remove", removal).goes("/admin")
		b.get("/admin").says("The listing has been removed.")
		b.post(at+"/remove", removal).goes("/admin")
		b.get("/listings/" + id).must(http.StatusNotFound).says("There is nothing here")
		b.get(at + "/history").must(http.StatusOK).says("The listing has been removed.").says("key test")
		b.get("/admin/listings/nonsense").must(http.StatusNotFound)
	})
}

func TestOfTwoWhoEditTheSecondIsShownBoth(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		p := s.create(`"title":"contested","price":100`)
		at := "/admin/listings/" + p.ID
		anna, bob := s.staff("anna", keys.RoleEditor), s.staff("bob", keys.RoleEditor)
		annas, bobs := anna.get(at).hidden(at), bob.get(at).hidden(at)
		anna.post(at, with(annas, "title", "contested", "price", "111", "location", "Here")).goes(at)
		page := bob.post(at, with(bobs, "title", "contested", "price", "122", "location", "There")).must(http.StatusConflict).
			says("Somebody else has changed this listing meanwhile").says("111.00").says("122.00").says("There")
		if got := s.get("/v1/properties/" + p.ID).body; !strings.Contains(got, `"111.00"`) {
			t.Errorf("the first was overwritten: %s", got)
		}
		over := with(page.hidden(at), "title", "contested", "price", "122", "location", "There")
		bob.post(at, over).goes(at)
		s.get("/v1/properties/" + p.ID).shows(`"122.00"`)
		anna.post(at, with(annas, "title", "contested", "price", "122", "location", "There")).goes(at) // the same as is stored now
		anna.get(at).says("Somebody else has saved just the same meanwhile.")

		s.do(http.MethodDelete, "/v1/properties/"+p.ID, "").must(http.StatusNoContent)
		kept := anna.post(at, with(annas, "price", "133")).must(http.StatusConflict).says("Somebody has removed this listing meanwhile.").
			says(`value="133"`).hidden("/admin/listings/new")
		anna.post("/admin/listings/new", with(kept, "title", "contested", "price", "133", "location", "Here")).must(http.StatusSeeOther)
		if got := s.titles("/v1/properties"); got != "contested" {
			t.Errorf("the listings are %s", got)
		}
	})
}

func TestWhatWasTypedOutlivesTheSession(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		b := s.staff("anna", keys.RoleEditor)
		const typed = "an hour's work, <b>\"typed\"</b> & kept"
		form := with(b.get("/admin/listings/new").hidden("/admin/listings/new"),
			"title", "late", "price", "1", "location", "Here", "description", typed, "next", "/elsewhere", "sign_in_name", "x")
		if there, err := s.db.Sessions().DeleteSession(t.Context(), keys.HashSecret(b.session().Value)); err != nil || !there {
			t.Fatalf("the session was there: %t, %v", there, err)
		}
		page := b.post("/admin/listings/new", form).must(http.StatusUnauthorized).says("You have been signed out meanwhile.")
		wrong := with(page.hidden("/admin/sign-in"), "sign_in_name", "anna", "sign_in_password", "not this one")
		page = b.post("/admin/sign-in", wrong).must(http.StatusUnauthorized).says("The name or the password is wrong.")
		right := with(page.hidden("/admin/sign-in"), "sign_in_name", "anna", "sign_in_password", testPassword)
		kept := b.post("/admin/sign-in", right).must(http.StatusOK).says("What you typed before is kept.").lacks(testPassword).hidden("/admin/listings/new")
		for _, name := range []string{"title", "description", "once", "next"} {
			if kept.Get(name) != form.Get(name) {
				t.Errorf("%s was %q, and is %q", name, form.Get(name), kept.Get(name))
			}
		}
		if s.titles("/v1/properties") != "" {
			t.Error("it has been saved without being asked to")
		}
		at := b.post("/admin/listings/new", kept).must(http.StatusSeeOther).header.Get("Location")
		b.get(at).says(typed)

		for _, secret := range []url.Values{
			fields("current", "secret words 1", "next", "secret words 2", "again", "secret words 2"),
			fields("name", "eve", "password", "secret words 3", "role", "editor"),
		} {
			path := "/admin/password"
			if secret.Has("password") {
				path = "/admin/people"
			}
			s.browser().post(path, secret).must(http.StatusUnauthorized).says("Sign in to go on, and send it once more.").lacks("secret words")
		}
		s.browser().upload("/admin/import", "listings.csv", twoRows, "action", "import").must(http.StatusUnauthorized).
			says("Sign in to go on, and choose the file once more.").lacks("kept.")
		tooLong := fields("description", strings.Repeat("x", 2<<20))
		s.browser().post("/admin/listings/new", tooLong).must(http.StatusUnauthorized).lacks("kept.")
		b.post("/admin/listings/new", tooLong).must(http.StatusRequestEntityTooLarge)
	})
}

// upload sends a file with fields, in pairs.
func (b *browser) upload(path, name, content string, pairs ...string) answer {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		if err := form.WriteField(pairs[i], pairs[i+1]); err != nil {
			b.t.Fatal(err)
		}
	}
	if name != "" {
		file, err := form.CreateFormFile("file", name)
		if err == nil {
			_, err = io.WriteString(file, content)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		b.t.Fatal(err)
	}
	return b.send(http.MethodPost, path, form.FormDataContentType(), body.String())
}

func TestManyListingsAreChangedOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		for i := range 12 {
			s.create(fmt.Sprintf(`"title":"n%d","price":100,"kind":"house","reference":"r-%d"`, i, i))
		}
		s.create(`"title":"aside","price":100,"kind":"land"`)
		b := s.staff("anna", keys.RoleEditor)
		ask := fields("all", "1", "search", "kind=house", "action", "percent", "value", "\u22121.5", "status", "active")
		page := b.post("/admin/bulk", ask).must(http.StatusOK).says("Change 12 listings").says("$98.50").says("… and 4 more.")
		offer := page.hidden("/admin/bulk/apply")
		if got := s.count("/v1/properties?count=exact&min_price=100"); got != 13 {
			t.Fatalf("looking has changed something: %d", got)
		}
		statuses := make(chan int, 6)
		var all sync.WaitGroup
		for range cap(statuses) { // the button is pressed many times
			pressed := *b
			pressed.cookies = map[string]*http.Cookie{"gable_session": b.session()}
			all.Go(func() { statuses <- pressed.post("/admin/bulk/apply", offer).status })
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
			t.Errorf("it was made %d times", made)
		}
		for path, want := range map[string]int{"kind=house&min_price=98.50&max_price=98.50": 12, "kind=land&min_price=100": 1} {
			if got := s.count("/v1/properties?count=exact&" + path); got != want {
				t.Errorf("%s finds %d listings, not %d", path, got, want)
			}
		}
		b.post("/admin/bulk/apply", offer).must(http.StatusConflict).says("This change has been made already")

		offer = b.post("/admin/bulk", ask).hidden("/admin/bulk/apply")
		p := s.create(`"title":"newcomer","price":100,"kind":"house"`)
		b.post("/admin/bulk/apply", offer).must(http.StatusConflict).says("The search finds other listings by now")
		s.get("/v1/properties/" + p.ID).shows(`"100.00"`)

		gone := newTestID().String()
		ask = fields("id", p.ID, "id", gone, "action", "amount", "value", "-200")
		offer = b.post("/admin/bulk", ask).must(http.StatusOK).hidden("/admin/bulk/apply")
		b.post("/admin/bulk/apply", offer).must(http.StatusOK).says("Changed no listings").says("1 listing had been removed meanwhile.").
			says("must be from 0 to").says(p.ID)
		offer = b.post("/admin/bulk", fields("id", p.ID, "action", "remove")).must(http.StatusOK).hidden("/admin/bulk/apply")
		b.post("/admin/bulk/apply", offer).must(http.StatusOK).says("Removed 1 listing")
		s.get("/v1/properties/" + p.ID).must(http.StatusNotFound)
	})
}

func TestAChangeOfTooManyOrOfNothingIsRefused(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	p := s.create(`"title":"steady","price":100`)
	b := s.staff("anna", keys.RoleEditor)
	many := fields("action", "percent", "value", "1")
	for range 5_001 {
		many.Add("id", p.ID)
	}
	for path, status := range map[string]int{"/admin/bulk": http.StatusUnprocessableEntity, "/admin/bulk/apply": http.StatusUnprocessableEntity} {
		b.post(path, many).must(status).says("That is more than 5,000 listings.")
	}
	b.post("/admin/bulk", fields("action", "remove")).must(http.StatusUnprocessableEntity).says("No listing has been chosen.")
	b.post("/admin/bulk", fields("id", p.ID, "action", "percent", "value", "1,5")).must(http.StatusUnprocessableEntity).says("Say by how much").says(`value="1,5"`)
	b.post("/admin/bulk", fields("id", p.ID, "action", "status", "status", "burnt")).must(http.StatusUnprocessableEntity).says("Choose the new status.")
	b.post("/admin/bulk", fields("id", "x", "action", "remove")).must(http.StatusNotFound)
	b.post("/admin/bulk/apply", fields("id", p.ID, "action", "remove", "count", "1")).must(http.StatusConflict)
	b.post("/admin/bulk/apply", fields("id", p.ID, "action", "remove", "count", "1", "once", b.session().Value)).must(http.StatusConflict)
	s.get("/v1/properties/" + p.ID).shows(`"100.00"`)
	b.mayWork(true)
}

var downloadLink = regexp.MustCompile(`href="(data:application/octet-stream;base64,([^"]*))" download="listings.rejects.csv"`)

func TestAFileIsLookedAtThenImportedAndItsRejectsMended(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		b := s.staff("anna", keys.RoleEditor)
		b.get("/admin/import").must(http.StatusOK).says("king-county")
		rows := twoRows + "a-3,<script>alert(3)</script>,many,Here,house\n"
		send := func(action, name, content string) answer {
			t.Helper()
			return b.upload("/admin/import", name, content, "action", action, "mapping", "gable")
		}
		send("preview", "rows.csv", rows).must(http.StatusOK).says("The first rows of rows.csv").says("Second").says("$200.50").says("Would be rejected: price")
		send("preview", "", "").must(http.StatusUnprocessableEntity).says("Choose a file first.")
		send("preview", "rows.csv", "colour\nblue\n").must(http.StatusUnprocessableEntity).says("rows.csv: ")
		b.upload("/admin/import", "rows.csv", rows, "action", "import", "mapping", "nowhere").must(http.StatusOK).says("The import stopped.").
			says(`there is no mapping "nowhere"`)
		if s.titles("/v1/properties") != "" {
			t.Fatal("looking has stored something")
		}
		page := send("import", "rows.csv", rows).must(http.StatusOK).says("Done in").says("Line 4: price")
		found := downloadLink.FindStringSubmatch(page.body)
		if found == nil {
			t.Fatalf("no rejects to download: %s", page.body)
		}
		rejects, err := base64.StdEncoding.DecodeString(html.UnescapeString(found[2]))
		if err != nil || !strings.Contains(string(rejects), "a-3,") || strings.Contains(string(rejects), "a-1,") {
			t.Fatalf("the rejects are %s, %v", rejects, err)
		}
		if got := s.titles("/v1/properties?sort=price"); got != "First Second" {
			t.Errorf("the listings are %s", got)
		}
		send("import", "mended.csv", strings.Replace(string(rejects), "many", "300", 1)).says("Done in").lacks("Why rows were rejected")
		if got := s.titles("/v1/properties?sort=price"); got != "First Second <script>alert(3)</script>" {
			t.Errorf("the listings are %s", got)
		}
		p := decoded[jsonPage](s.get("/v1/properties?q=second")).Properties[0]
		b.get("/admin/listings/" + p.ID + "/history").says("anna")
		if lines := s.log.FilterMessage("imported").All(); len(lines) != 3 || lines[1].ContextMap()["by"] != "anna" || lines[1].ContextMap()["created"] != int64(2) {
			t.Errorf("the log tells %v", lines)
		}
		broken := send("import", "<script>alert(4)</script>.csv", "reference,title\n\"never closed").must(http.StatusOK)
		if strings.Contains(broken.body, "<script>alert") {
			t.Errorf("the name of a file is in the page as it is: %s", broken.body)
		}
	})
}

// While the database is away nobody is signed out, and what was typed can be sent again.
func TestTheBackOfficeOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	postgres := ownPostgres(t)
	s := startServer(t, postgres.URL(), "memory:", func(c *Config) { c.Freshness.MaxStaleness = 200 * time.Millisecond })
	b := s.staff("anna", keys.RoleEditor)
	form := with(b.get("/admin/listings/new").hidden("/admin/listings/new"), "title", "patient", "price", "1", "location", "Here")
	session := b.session().Value

	postgres.Kill()
	for _, path := range []string{"/admin", "/admin/listings/new", "/admin/cache", "/admin/sign-in"} {
		a := b.get(path).must(http.StatusServiceUnavailable).says("Please try again in a moment.")
		if a.header.Get("Retry-After") == "" || a.header.Get("Cache-Control") != "no-store" || len(b.set) > 0 {
			t.Errorf("%s: %v", path, a.header)
		}
	}
	page := b.post("/admin/listings/new", form).must(http.StatusServiceUnavailable).says("Nothing is lost.")
	kept := page.hidden("/admin/listings/new")
	b.post("/admin/password", fields("current", testPassword, "next", otherTestPassword, "again", otherTestPassword)).
		must(http.StatusServiceUnavailable).lacks(testPassword).lacks(otherTestPassword)
	b.signIn("anna", testPassword).must(http.StatusServiceUnavailable).lacks(testPassword)
	b.post("/admin/sign-out", nil).must(http.StatusServiceUnavailable)

	postgres.Start()
	s.eventually("the back office is open again", func() bool { return b.get("/admin").status == http.StatusOK })
	if b.session().Value != session {
		t.Error("it is another session")
	}
	if kept.Get("title") != "patient" || kept.Get("once") != form.Get("once") {
		t.Errorf("kept: %v", kept)
	}
	at := b.post("/admin/listings/new", kept).must(http.StatusSeeOther).header.Get("Location")
	b.post("/admin/listings/new", kept).goes(at)
	if got := s.titles("/v1/properties"); got != "patient" {
		t.Errorf("the listings are %s", got)
	}
}
