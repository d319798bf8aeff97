package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/apptest"
	keys "github.com/gable-listings/gable/domain/access"
)

const jsonBody = "application/json"

// An export that is imported changes nothing, in both formats, whatever is in the texts.
func TestAnExportThatIsImportedChangesNothing(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"Cafe\u0301","reference":"r-1","price":"450.00",` +
			`"description":"  a\r\nb\rc\n d  ",` +
			`"photos":["https://example.com/a b.jpg","https://example.com/\u00a0"],"latitude":47.606,"longitude":1e-7`)
		before := s.Get("/v1/properties/" + p.ID).Must(http.StatusOK).Body
		for mediaType, path := range map[string]string{
			csvBody: "/v1/exports?format=csv", ndjsonBody: "/v1/exports",
		} {
			file := s.Get(path).Must(http.StatusOK).Body
			if r := imports(s, mediaType, file); r.Unchanged != 1 || r.Rejected != 0 {
				t.Errorf("%s: %+v", path, r)
			}
		}
		if after := s.Get("/v1/properties/" + p.ID).Body; after != before {
			t.Errorf("before: %s\nafter: %s", before, after)
		}
	})
}

// Letters in parts and whole letters are the same to a search, on every way in.
func TestTextsAreFoundHoweverTheirLettersAreComposed(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		s.Create(`"title":"Cafe\u0301 by API","price":1`)
		patched := s.Create(`"title":"Old","price":1`)
		s.Patch(patched.ID, `{"title":"Cafe\u0301 by patch"}`)
		imports(s, csvBody, "reference,title,price,location\nr,Cafe\u0301 by file,1,L\n")
		b := s.Staff("anna", keys.RoleEditor)
		form := b.Get("/admin/listings/new").Must(http.StatusOK).Hidden("/admin/listings/new")
		for name, value := range map[string]string{"title": "Cafe\u0301 by form", "price": "1", "location": "L"} {
			form.Set(name, value)
		}
		b.Post("/admin/listings/new", form)
		for _, term := range []string{"caf\u00e9", "cafe\u0301", "CAFE\u0301"} {
			if n := s.Count("/v1/properties?count=exact&q=" + url.QueryEscape(term)); n != 4 {
				t.Errorf("%+q finds %d listings", term, n)
			}
		}
	})
}

func TestATextWithNothingVisibleIsRefusedOrEmpty(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	for _, text := range []string{`\u200b`, `\u3164`, `\ufeff`, `\u00ad\u200d`, `\u2800`, ` \t`} {
		s.Do(http.MethodPost, "/v1/properties", `{"title":"`+text+`","price":1,"location":"`+text+`"}`,
			"Content-Type", jsonBody).Must(http.StatusUnprocessableEntity).Says("must not be empty")
		p := s.Create(`"title":"T","price":1,"description":"` + text + `"`)
		s.Get("/v1/properties/" + p.ID).Shows(`"description":""`)
	}
}

func TestPricesHaveTheDecimalsOfTheirCurrencyOnEveryWayIn(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		s.Do(http.MethodPost, "/v1/properties", `{"title":"a","location":"b","price":420.5,"currency":"JPY"}`,
			"Content-Type", jsonBody).Must(http.StatusUnprocessableEntity).Says("must have no decimals in JPY, not 420.5")
		s.Do(http.MethodPost, "/v1/properties", `{"title":"a","location":"b","price":12.345,"currency":"KWD"}`,
			"Content-Type", jsonBody).Must(http.StatusUnprocessableEntity).Says("in every currency")
		r := imports(s, csvBody, "reference,title,price,location,currency\na,A,420.5,L,JPY\nb,B,12.34,L,KWD\n")
		if r.Created != 1 || r.Rejected != 1 || !strings.Contains(r.Errors[0].Reason, "JPY") {
			t.Errorf("%+v", r)
		}
		p := s.Create(`"title":"yen","price":101,"currency":"JPY"`)
		b := s.Staff("anna", keys.RoleEditor)
		page := b.Post("/admin/bulk", apptest.Fields("id", p.ID, "action", "percent", "value", "1.5")).
			Must(http.StatusOK).Says("¥103")
		b.Post("/admin/bulk/apply", page.Hidden("/admin/bulk/apply")).Must(http.StatusOK)
		s.Get("/v1/properties/" + p.ID).Shows(`"price":"103.00"`)
		b.Post("/admin/bulk", apptest.Fields("id", p.ID, "action", "amount", "value", "0.5")).
			Must(http.StatusOK).Says("stays: price must have no decimals in JPY")
		// Another program may have stored more. The listing stays readable, and everything but its price may change.
		if _, err := s.Raw().Exec("UPDATE properties SET price = 420.50 WHERE title = 'yen'"); err != nil {
			t.Fatal(err)
		}
		s.Eventually("the price by SQL is seen", func() bool {
			return strings.Contains(s.Get("/v1/properties/"+p.ID).Body, `"price":"420.50"`)
		})
		s.Patch(p.ID, `{"status":"sold"}`)
		s.Do(http.MethodPatch, "/v1/properties/"+p.ID, `{"price":421.5}`, "Content-Type", jsonBody).
			Must(http.StatusUnprocessableEntity).Says("JPY")
	})
}

func TestAnImportReportsWhatItLeavesOutAndThatThereIsMore(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	media := strings.Repeat(`{"MediaURL":"https://m.example/x"},`, 60) + `{"MediaURL":"https://m.example/x"}`
	r := imports(s, resoBody, `{"value":[{"ListingId":"a","City":"Reno","ListPrice":1,"PropertyType":"Land",`+
		`"Media":[`+media+`]}],"@odata.nextLink":"https://x.example/2"}`)
	if r.Created != 1 || r.Noted != 1 || len(r.Notes) != 1 || r.Notes[0].Reason != "are the first 50 of 61" ||
		r.NextPage == nil || *r.NextPage != "https://x.example/2" {
		t.Errorf("%+v", r)
	}
	r = imports(s, csvBody, "reference,title,price,location\na,A,1,L\n")
	if r.Noted != 0 || len(r.Notes) != 0 || r.NextPage != nil {
		t.Errorf("%+v", r)
	}
}
