package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/web/api"
)

const (
	csvBody    = "text/csv"
	ndjsonBody = "application/x-ndjson"
	resoBody   = "application/json"
)

func (s *testServer) imports(mediaType, body string) api.ImportReport {
	s.t.Helper()
	return decoded[api.ImportReport](
		s.do(http.MethodPost, "/v1/imports", body, "Content-Type", mediaType).must(http.StatusOK))
}

// A file with few columns is sent to change prices, not to empty everything else.
func TestAnImportLeavesWhatItLacksAsItIs(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		s.imports(csvBody, "reference,title,price,currency,location,offer,kind,status,description,"+
			"bedrooms,bathrooms,area_m2,latitude,longitude,photos\n"+
			"COL-1,Villa,5,EUR,Nice,rent,house,sold,By the sea,3,2.5,90.5,43.7,7.25,https://example.com/1.jpg\n")
		path := "/v1/properties?limit=1"
		full := decoded[jsonPage](s.get(path).must(http.StatusOK)).Properties[0]
		few := []struct{ mediaType, body string }{
			{csvBody, "reference,title,price,location\nCOL-1,Villa,6,Nice\n"},
			{ndjsonBody, `{"reference":"COL-1","title":"Villa","price":7,"location":"Nice"}`},
			{csvBody, "reference,title,price,location,status,kind,offer,currency\nCOL-1,Villa,8,Nice,,,,\n"},
			{resoBody, `[{"ListingId":"COL-1","ListPrice":9,"UnparsedAddress":"Nice"}]`},
		}
		for i, file := range few {
			if r := s.imports(file.mediaType, file.body); r.Updated != 1 || r.Rejected != 0 {
				t.Fatalf("%s: %+v", file.body, r)
			}
			if r := s.imports(file.mediaType, file.body); r.Unchanged != 1 {
				t.Errorf("the same again, %s: %+v", file.body, r)
			}
			got := s.get("/v1/properties/" + full.ID).must(http.StatusOK)
			for _, fact := range []string{
				`"status":"sold"`, `"kind":"house"`, `"offer":"rent"`, `"currency":"EUR"`,
				`"description":"By the sea"`, `"bedrooms":3`,
				`"bathrooms":2.5`, `"area_m2":90.5`, `"latitude":43.7`, `"longitude":7.25`,
				`"photos":["https://example.com/1.jpg"]`,
				`"price":"` + string(rune('6'+i)) + `.00"`,
			} {
				if !strings.Contains(got.body, fact) {
					t.Errorf("after %s the listing lacks %s: %s", file.body, fact, got.body)
				}
			}
			if list, stored := s.get(path).body, s.get(path, "Cache-Control", "no-store").body; list != stored {
				t.Errorf("the list shows %s, and the database has %s", list, stored)
			}
		}
		s.imports(csvBody,
			"reference,title,price,location,description,bedrooms,latitude,longitude,photos\nCOL-1,Villa,6,Nice,,,,,\n")
		got := s.get("/v1/properties/" + full.ID)
		for _, fact := range []string{
			`"description":""`, `"bedrooms":null`, `"latitude":null`, `"photos":[]`, `"bathrooms":2.5`, `"status":"sold"`,
		} {
			if !strings.Contains(got.body, fact) {
				t.Errorf("empty cells give %s, which lacks %s", got.body, fact)
			}
		}
	})
}

func TestAnImportTakesNothingForWhatItIsNot(t *testing.T) {
	everywhere(t, func(t *testing.T, s *testServer) {
		lease := `{"ListingId":"LEASE-1","ListPrice":2100,"City":"Reno",` +
			`"PropertyType":"ResidentialLease","PropertySubType":"SingleFamilyResidence"}`
		if r := s.imports(resoBody, lease); r.Created != 1 {
			t.Errorf("%+v", r)
		}
		s.get("/v1/properties").shows(`"offer":"rent"`)
		s.get("/v1/properties").shows(`"kind":"house"`)
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
			r := s.imports(file.mediaType, file.body)
			if r.Rejected != 1 || r.Created+r.Updated != 0 || !strings.Contains(r.Errors[0].Reason, file.field) {
				t.Errorf("%s: %+v", name, r)
			}
		}
		s.imports(resoBody, `{"ListingId":"HIDE-1","ListPrice":1,"City":"Reno","UnparsedAddress":"9 Secret Ln",`+
			`"InternetAddressDisplayYN":false,"Latitude":1.5,"Longitude":2.5}`)
		visitor := s.browser()
		for _, path := range []string{"/v1/properties", "/v1/exports", "/v1/changes", "/"} {
			get := s.get
			if path == "/" {
				get = visitor.get
			}
			if a := get(path).must(http.StatusOK); strings.Contains(a.body, "Secret") ||
				strings.Contains(a.body, `"latitude":1.5`) {
				t.Errorf("%s shows the address: %s", path, a.body)
			}
		}
	})
}

// Wherever a number is typed, 450.000 is refused with both readings.
func TestANumberThatCouldBeTwoIsRefusedWhereverItIsTyped(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t)
	p := s.create(`"title":"Haus","price":450`)
	visitor := s.browser()
	for _, name := range []string{
		"min_price", "max_price", "min_bathrooms", "max_bathrooms", "min_area_m2", "max_area_m2",
	} {
		for _, path := range []string{"/v1/properties?", "/v1/exports?", "/properties?"} {
			s.get(path + name + "=450.000").must(http.StatusBadRequest).says("450000")
		}
		visitor.get("/?" + name + "=450.000").must(http.StatusBadRequest).says("450000")
		visitor.get("/?" + name + "=1%2C250.00").must(http.StatusOK)
	}
	s.do(http.MethodPost, "/v1/properties", `{"title":"a","location":"b","price":"1.250"}`,
		"Content-Type", "application/json").
		must(http.StatusUnprocessableEntity).says("1250")
	s.do(http.MethodPatch, "/v1/properties/"+p.ID, `{"price":"1.250"}`, "Content-Type", "application/json").
		must(http.StatusUnprocessableEntity).says("1250")
	s.create(`"title":"a machine's number","price":1.250,"area_m2":2.250`)
	s.get("/v1/properties?q=machine").shows(`"price":"1.25"`)
}
