package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/apptest"
)

const (
	csvBody    = "text/csv"
	ndjsonBody = "application/x-ndjson"
	resoBody   = "application/json"
)

func imports(s *apptest.Server, mediaType, body string) api.ImportAnswer {
	s.T.Helper()
	return apptest.Decoded[api.ImportAnswer](
		s.Do(http.MethodPost, "/v1/imports", body, "Content-Type", mediaType).Must(http.StatusOK))
}

// A file with few columns is sent to change prices, and leaves everything else unchanged.
func TestAnImportLeavesWhatItLacksAsItIs(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		imports(s, csvBody, "reference,title,price,currency,location,offer,kind,status,description,"+
			"bedrooms,bathrooms,area_m2,latitude,longitude,photos\n"+
			"COL-1,Villa,5,EUR,Nice,rent,house,sold,By the sea,3,2.5,90.5,43.7,7.25,https://example.com/1.jpg\n")
		path := "/v1/properties?limit=1"
		full := apptest.Decoded[apptest.Page](s.Get(path).Must(http.StatusOK)).Properties[0]
		few := []struct{ mediaType, body string }{
			{csvBody, "reference,title,price,location\nCOL-1,Villa,6,Nice\n"},
			{ndjsonBody, `{"reference":"COL-1","title":"Villa","price":7,"location":"Nice"}`},
			{csvBody, "reference,title,price,location,status,kind,offer,currency\nCOL-1,Villa,8,Nice,,,,\n"},
			{resoBody, `[{"ListingId":"COL-1","ListPrice":9,"UnparsedAddress":"Nice"}]`},
		}
		for i, file := range few {
			if r := imports(s, file.mediaType, file.body); r.Updated != 1 || r.Rejected != 0 {
				t.Fatalf("%s: %+v", file.body, r)
			}
			if r := imports(s, file.mediaType, file.body); r.Unchanged != 1 {
				t.Errorf("the same again, %s: %+v", file.body, r)
			}
			got := s.Get("/v1/properties/" + full.ID).Must(http.StatusOK)
			for _, fact := range []string{
				`"status":"sold"`, `"kind":"house"`, `"offer":"rent"`, `"currency":"EUR"`,
				`"description":"By the sea"`, `"bedrooms":3`,
				`"bathrooms":2.5`, `"area_m2":90.5`, `"latitude":43.7`, `"longitude":7.25`,
				`"photos":["https://example.com/1.jpg"]`,
				`"price":"` + string(rune('6'+i)) + `.00"`,
			} {
				if !strings.Contains(got.Body, fact) {
					t.Errorf("%s: the listing lacks %s: %s", file.body, fact, got.Body)
				}
			}
			if list, stored := s.Get(path).Body, s.Get(path, "Cache-Control", "no-store").Body; list != stored {
				t.Errorf("the list shows %s, and the database has %s", list, stored)
			}
		}
		imports(s, csvBody,
			"reference,title,price,location,description,bedrooms,latitude,longitude,photos\nCOL-1,Villa,6,Nice,,,,,\n")
		got := s.Get("/v1/properties/" + full.ID)
		for _, fact := range []string{
			`"description":""`, `"bedrooms":null`, `"latitude":null`, `"photos":[]`, `"bathrooms":2.5`, `"status":"sold"`,
		} {
			if !strings.Contains(got.Body, fact) {
				t.Errorf("empty cells give %s, which lacks %s", got.Body, fact)
			}
		}
	})
}

func TestAnImportTakesNothingForWhatItIsNot(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		lease := `{"ListingId":"LEASE-1","ListPrice":2100,"City":"Reno",` +
			`"PropertyType":"ResidentialLease","PropertySubType":"SingleFamilyResidence"}`
		if r := imports(s, resoBody, lease); r.Created != 1 {
			t.Errorf("%+v", r)
		}
		s.Get("/v1/properties").Shows(`"offer":"rent"`)
		s.Get("/v1/properties").Shows(`"kind":"house"`)
		for name, file := range map[string]struct{ mediaType, body, field string }{
			"an unknown type": {resoBody, strings.Replace(lease, "ResidentialLease", "Wigwam", 1), "PropertyType"},
			"an unknown kind": {
				resoBody, strings.Replace(lease, "SingleFamilyResidence", "Wigwam", 1), "PropertySubType",
			},
			"a listing to be hidden": {
				resoBody, strings.Replace(lease, "{", `{"InternetEntireListingDisplayYN":false,`, 1),
				"InternetEntireListingDisplayYN",
			},
			"a price in CSV": {csvBody, "reference,title,price,location\nDE-1,Haus,450.000,Berlin\n", "450000"},
			"a price in NDJSON": {
				ndjsonBody, `{"reference":"DE-1","title":"Haus","price":"450.000","location":"Berlin"}`, "450000",
			},
			"an area":         {csvBody, "reference,title,price,location,area_m2\nDE-1,Haus,4,Berlin,1.250\n", "1250"},
			"a price in RESO": {resoBody, strings.Replace(lease, "2100", `"450.000"`, 1), "450000"},
		} {
			r := imports(s, file.mediaType, file.body)
			if r.Rejected != 1 || r.Created+r.Updated != 0 || !strings.Contains(r.Errors[0].Reason, file.field) {
				t.Errorf("%s: %+v", name, r)
			}
		}
		imports(s, resoBody, `{"ListingId":"HIDE-1","ListPrice":1,"City":"Reno","UnparsedAddress":"9 Secret Ln",`+
			`"InternetAddressDisplayYN":false,"Latitude":1.5,"Longitude":2.5}`)
		visitor := s.Browser()
		for _, path := range []string{"/v1/properties", "/v1/exports", "/v1/changes", "/"} {
			get := s.Get
			if path == "/" {
				get = visitor.Get
			}
			if a := get(path).Must(http.StatusOK); strings.Contains(a.Body, "Secret") ||
				strings.Contains(a.Body, `"latitude":1.5`) {
				t.Errorf("%s shows the address: %s", path, a.Body)
			}
		}
	})
}

// Every input for a number refuses 450.000, and names both readings.
func TestANumberThatCouldBeTwoIsRefusedWhereverItIsTyped(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	p := s.Create(`"title":"Haus","price":450`)
	visitor := s.Browser()
	for _, name := range []string{
		"min_price", "max_price", "min_bathrooms", "max_bathrooms", "min_area_m2", "max_area_m2",
	} {
		for _, path := range []string{"/v1/properties?", "/v1/exports?", "/properties?"} {
			s.Get(path + name + "=450.000").Must(http.StatusBadRequest).Says("450000")
		}
		visitor.Get("/?" + name + "=450.000").Must(http.StatusBadRequest).Says("450000")
		visitor.Get("/?" + name + "=1%2C250.00").Must(http.StatusOK)
	}
	s.Do(http.MethodPost, "/v1/properties", `{"title":"a","location":"b","price":"1.250"}`,
		"Content-Type", "application/json").
		Must(http.StatusUnprocessableEntity).Says("1250")
	s.Do(http.MethodPatch, "/v1/properties/"+p.ID, `{"price":"1.250"}`, "Content-Type", "application/json").
		Must(http.StatusUnprocessableEntity).Says("1250")
	s.Create(`"title":"a machine's number","price":1.250,"area_m2":2.250`)
	s.Get("/v1/properties?q=machine").Shows(`"price":"1.25"`)
}
