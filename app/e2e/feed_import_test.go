package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/cli"
	keys "github.com/gable-listings/gable/domain/access"
)

const feedHeader = "reference,title,price,location\n"

func sendFeed(s *apptest.Server, query, rows string) apptest.Answer {
	s.T.Helper()
	return s.Do(http.MethodPost, "/v1/imports?"+query, feedHeader+rows, "Content-Type", csvBody)
}

func reportOf(a apptest.Answer) api.ImportAnswer {
	return apptest.Decoded[api.ImportAnswer](a.Must(http.StatusOK))
}

// The dry run of an export, edited by hand, says what the import of it then does.
func TestADryRunSaysWhatAnImportWouldDo(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		imports(s, csvBody, twoRows)
		body := strings.Replace(twoRows, "a-2,Second,200.50", "a-2,Second,199", 1) +
			"a-3,Third,300,Here,house\na-3,Third,310,Here,house\na-4,,4,Here,house\n"
		send := func(query string) api.ImportAnswer {
			t.Helper()
			return reportOf(s.Do(http.MethodPost, "/v1/imports"+query, body, "Content-Type", csvBody))
		}
		before := s.Get("/v1/exports").Body
		dry := send("?dry_run=true")
		if after := s.Get("/v1/exports", "Cache-Control", "no-cache").Body; after != before {
			t.Fatalf("the dry run stores %s", after)
		}
		if len(dry.Samples) != 3 || dry.Samples[2].Line != 5 ||
			!strings.Contains(string(dry.Samples[1].Listing), `"price":"199.00"`) {
			t.Errorf("the samples are %+v", dry.Samples)
		}
		done := send("")
		dry.Samples = done.Samples
		if diff := cmp.Diff(done, dry); diff != "" {
			t.Errorf("the dry run says something else than the import (-import +dry run):\n%s", diff)
		}
		update := api.UpdatedListing{Line: 3, Reference: "a-2",
			Fields: []api.FieldUpdate{{Field: "price", Before: "200.50", After: "199.00"}}}
		if done.Created != 1 || done.Updated != 1 || done.Unchanged != 1 || done.Superseded != 1 || done.Rejected != 1 ||
			len(done.Updates) != 1 || cmp.Diff(update, done.Updates[0]) != "" || len(done.Supersessions) != 1 ||
			done.Supersessions[0].By != 5 || done.UpdatedFields[0] != (api.UpdatedField{Field: "price", Listings: 1}) {
			t.Errorf("%+v", done)
		}
	})
}

func TestAReplacementClearsWhatTheFileLacks(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"Villa","price":5,"reference":"COL-1","description":"By the sea","bedrooms":3,` +
			`"status":"sold","photos":["https://example.com/1.jpg"]`)
		for _, file := range []struct{ mediaType, body string }{
			{csvBody, feedHeader + "COL-1,Hut,6,Nice\n"},
			{ndjsonBody, `{"reference":"COL-1","title":"Hut","price":7,"location":"Nice"}`},
		} {
			s.Patch(p.ID, `{"description":"By the sea","bedrooms":3,"status":"sold"}`)
			imports(s, file.mediaType, file.body)
			s.Get("/v1/properties/" + p.ID).Shows(`"description":"By the sea"`).Shows(`"status":"sold"`)
			r := reportOf(s.Do(http.MethodPost, "/v1/imports?replace=true", file.body, "Content-Type", file.mediaType))
			if r.Updated != 1 {
				t.Errorf("%+v", r)
			}
			s.Get("/v1/properties/" + p.ID).Shows(`"description":""`).Shows(`"bedrooms":null`).
				Shows(`"photos":[]`).Shows(`"status":"active"`)
		}
	})
}

// What a feed lacks disappears from every cached answer at once.
func TestACompleteFeedWithdrawsWhatItLacks(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		s.Create(`"title":"Ours","price":1`)
		s.Create(`"title":"Theirs","price":2,"reference":"r-9","source":"mls-b"`)
		const whole = "r-1,First,100,Here\nr-2,Second,200,Here\nr-3,Third,300,Here\n"
		query := "source=mls-a&complete=true"
		if r := reportOf(sendFeed(s, query, whole+"r-9,Mine,900,Here\n")); r.Created != 3 || r.Rejected != 1 ||
			!strings.Contains(r.Errors[0].Reason, `belongs to a listing of the source "mls-b"`) {
			t.Fatalf("%+v", r)
		}
		const active = "/v1/properties?status=active&sort=price"
		if got := s.Titles(active); got != "Ours Theirs First Second Third" {
			t.Fatalf("active are %s", got)
		}
		if got := s.Titles("/v1/properties?source=mls-a&sort=price"); got != "First Second Third" {
			t.Errorf("of mls-a are %s", got)
		}
		const part = "r-1,First,100,Here\nr-3,,300,Here\n" // r-3 is rejected, and counts
		refused := sendFeed(s, query, part).Must(http.StatusConflict)
		if !strings.Contains(refused.Body, "incomplete-source") ||
			!strings.Contains(refused.Body, "lacks 1 of the 3 live listings of the source mls-a; at most 10%") {
			t.Errorf("%s", refused.Body)
		}
		dry := reportOf(sendFeed(s, query+"&dry_run=true", part))
		if w := dry.Withdrawal; !w.TooMany || w.Withdrawn != 0 || w.Missing != 1 || w.References[0] != "r-2" {
			t.Errorf("%+v", w)
		}
		if got := s.Titles(active); got != "Ours Theirs First Second Third" {
			t.Errorf("after a refusal and a dry run active are %s", got)
		}
		r := reportOf(sendFeed(s, query+"&withdraw_up_to=0.4", part))
		if w := r.Withdrawal; w.Withdrawn != 1 || w.Live != 3 || w.TooMany || r.Unchanged != 1 || r.Rejected != 1 {
			t.Errorf("%+v, %+v", r, w)
		}
		if got := s.Titles(active); got != "Ours Theirs First Third" {
			t.Errorf("active are %s", got)
		}
		if got := s.Titles("/v1/properties?status=withdrawn"); got != "Second" {
			t.Errorf("withdrawn are %s", got)
		}
		if r := reportOf(sendFeed(s, query, whole)); r.Updated != 1 || s.Titles(active) != "Ours Theirs First Second Third" {
			t.Errorf("the feed has it again: %+v, active are %s", r, s.Titles(active))
		}
		empty := sendFeed(s, query, "").Must(http.StatusConflict)
		if !strings.Contains(empty.Body, "no row of the body has a reference") {
			t.Errorf("%s", empty.Body)
		}
	})
}

func TestScopesOfAnImportThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	for query, want := range map[string]string{
		"complete=true":                              "complete needs source as well",
		"source=a&withdraw_up_to=0.2":                "withdraw_up_to needs complete=true as well",
		"source=":                                    "source must not be empty",
		"source=" + url.QueryEscape(" "):             "source must not be empty",
		"source=a&complete=true&withdraw_up_to=40":   "withdraw_up_to must be a share from 0 to 1",
		"source=a&complete=true&withdraw_up_to=-0.1": "withdraw_up_to must be a share from 0 to 1",
		"source=" + strings.Repeat("a", 65):          "source must have at most 64 characters",
		"replace=yes":                                "replace must be false, true",
	} {
		if a := sendFeed(s, query, "r-1,First,100,Here\n").Must(http.StatusBadRequest); !strings.Contains(a.Body, want) {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
}

func TestAFeedComesInByCommand(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "feed.csv")
	run := func(rows string, args ...string) (int, string, string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(feedHeader+rows), 0o600); err != nil {
			t.Fatal(err)
		}
		return apptest.Gable(t, append([]string{"import", file, "--database-url",
			"sqlite:" + filepath.Join(folder, "gable.db")}, args...)...)
	}
	wants := func(code, want int, out string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(out, text) {
				t.Errorf("the output lacks %q:\n%s", text, out)
			}
		}
		if code != want {
			t.Errorf("code %d instead of %d:\n%s", code, want, out)
		}
	}
	whole := "r-1,First,100,Here\nr-2,Second,200,Here\nr-3,Third,300,Here\n"
	code, out, stderr := run(whole, "--source", "mls-a", "--complete", "--dry-run")
	wants(code, cli.ExitOK, out+stderr, "dry run: nothing stored", "3 created", "0 withdrawn", "line 2 would be stored as",
		"source       mls-a")
	code, out, stderr = run(whole, "--source", "mls-a", "--complete")
	wants(code, cli.ExitOK, out+stderr, "3 created", "0 withdrawn: the file lacks 0 of the 0 live listings of mls-a")
	part := "r-1,First,100,Here\nr-1,First,110,Here\nr-2,Second,200,Here\n"
	code, out, stderr = run(part, "--source", "mls-a", "--complete")
	wants(code, cli.ExitFailed, out+stderr, "the file lacks 1 of the 3 live listings of the source mls-a; at most 10%",
		"--withdraw-up-to", "nothing was stored")
	code, out, stderr = run(part, "--source", "mls-a", "--complete", "--dry-run")
	wants(code, cli.ExitOK, out+stderr, "1 updated: price 1", "line 3, r-1: price 100.00 → 110.00",
		"1 superseded", "line 2, r-1: by line 3 (other price)", "r-3", "More than may be withdrawn")
	code, out, stderr = run(part, "--source", "mls-a", "--complete", "--withdraw-up-to", "40%")
	wants(code, cli.ExitOK, out+stderr, "1 withdrawn: the file lacks 1 of the 3 live listings of mls-a", "r-3")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--complete"}, "--complete needs --source"},
		{[]string{"--source", "a", "--withdraw-up-to", "40%"}, "--withdraw-up-to needs --complete"},
		{[]string{"--source", "a", "--complete", "--withdraw-up-to", "40"}, "must be a percentage from 0% to 100%"},
		{[]string{"--source", strings.Repeat("a", 65)}, "--source: invalid: source must have at most 64 characters"},
	} {
		code, out, stderr := run(whole, c.args...)
		wants(code, cli.ExitUsage, out+stderr, c.want)
	}
}

func TestAFeedComesInOnThePage(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	b := s.Staff("anna", keys.RoleEditor)
	send := func(rows string, fields ...string) apptest.Answer {
		t.Helper()
		return upload(b, "/admin/import", "feed.csv", feedHeader+rows, append(fields, "mapping", "gable")...)
	}
	whole := []string{"source", "mls-a", "complete", "1", "withdraw_up_to", "10"}
	rows := "r-1,First,100,Here\nr-2,Second,200,Here\n"
	send(rows, append(whole, "action", "check")...).Must(http.StatusOK).Says("Nothing was stored.").
		Says("The first rows as they would be stored").Says("mls-a")
	if s.Titles("/v1/properties") != "" {
		t.Fatal("the check stores something")
	}
	send(rows, append(whole, "action", "import")...).Must(http.StatusOK).Says("Done in")
	part := "r-1,First,110,Here\n"
	send(part, append(whole, "action", "check")...).Must(http.StatusOK).Says("more than may be withdrawn").Says("r-2").
		Says("What changes").Says("Price: 1 listing")
	send(part, append(whole, "action", "import")...).Must(http.StatusOK).Says("The import stopped.").
		Says("lacks 1 of the 2 live listings")
	whole[len(whole)-1] = "50"
	send(part, append(whole, "action", "import")...).Must(http.StatusOK).Says("Done in").Says("Withdrawn")
	if got := s.Titles("/v1/properties?status=withdrawn"); got != "Second" {
		t.Errorf("withdrawn are %s", got)
	}
	send(part, "complete", "1", "withdraw_up_to", "10", "action", "import").Must(http.StatusUnprocessableEntity).
		Says("Name the source")
	send(part, "source", "mls-a", "complete", "1", "withdraw_up_to", "many", "action", "import").
		Must(http.StatusUnprocessableEntity).Says("0 to 100 percent")
	p := apptest.Decoded[apptest.Page](s.Get("/v1/properties?q=first")).Properties[0]
	b.Get("/admin/listings/" + p.ID).Must(http.StatusOK).Says(`value="mls-a"`)
	b.Get("/admin").Says("from mls-a")
	visitor := s.Browser()
	visitor.Get("/listings/" + p.ID).Must(http.StatusOK).Says("First").Lacks("mls-a")
	visitor.Get("/").Must(http.StatusOK).Says("First").Lacks("mls-a")
}

// Two imports of one source run at the same time. Each is answered, and each listing ends as one of the bodies says.
func TestTwoImportsOfOneSourceAtOnceAreBothAnswered(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		query := "source=mls-a&complete=true&withdraw_up_to=1"
		bodies := make([]string, 2)
		for n := range 600 {
			bodies[n%2] += "r-" + strconv.Itoa(n) + ",Own," + strconv.Itoa(100+n%2) + ",Here\n"
			for i := range bodies {
				bodies[i] += "both-" + strconv.Itoa(n) + ",Both," + strconv.Itoa(100+i) + ",Here\n"
			}
		}
		reportOf(sendFeed(s, query, bodies[0]))
		var wait sync.WaitGroup
		for i := range bodies {
			wait.Go(func() {
				if a := sendFeed(s, query, bodies[i]); a.Status != http.StatusOK {
					t.Errorf("body %d: %d %s", i, a.Status, a.Body)
				}
			})
		}
		wait.Wait()
		if n := s.Count("/v1/properties?status=active&q=both&count=exact"); n != 600 {
			t.Errorf("%d of 600 listings that both have are active", n)
		}
		if r := reportOf(sendFeed(s, query, bodies[1])); r.Read != 900 || r.Rejected != 0 {
			t.Errorf("%+v", r)
		}
		if n := s.Count("/v1/properties?status=active&source=mls-a&count=exact"); n != 900 {
			t.Errorf("after the second body again %d of 900 listings are active", n)
		}
	})
}
