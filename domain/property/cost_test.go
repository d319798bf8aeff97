package property_test

import (
	"net/url"
	"testing"

	"github.com/gable-listings/gable/domain/property"
)

func TestAQuestionCostsWhatNoIndexCanSpare(t *testing.T) {
	for query, want := range map[string][2]property.Cost{ // of the page, and of the count
		"":                                       {property.CostPage, property.CostCount},
		"max_price=1&kind=house":                 {property.CostPage, property.CostCount},
		"near=47.6,-122.3&radius_km=5":           {property.CostPage, property.CostCount},
		"q=lake":                                 {property.CostPage, property.CostCount},
		"q=lake+house+garden":                    {property.CostPage, property.CostCount},
		"location=Ulm":                           {property.CostPage, property.CostCount},
		"q=%E6%9D%B1%E4%BA%AC%E9%83%BD":          {property.CostPage, property.CostCount}, // three letters of three bytes
		"q=%E6%9D%B1%E4%BA%AC":                   {property.CostScan, property.CostScan},
		"q=zq":                                   {property.CostScan, property.CostScan},
		"q=a+b+c+d+e+f+g+h+i+j":                  {property.CostScan, property.CostScan},
		"q=lake+of":                              {property.CostScan, property.CostScan},
		"q=1-2-3-4":                              {property.CostScan, property.CostScan},  // no three in a row
		"q=....":                                 {property.CostPage, property.CostCount}, // no word
		"q=%22lake+view%22":                      {property.CostPage, property.CostCount},
		"q=%22a+b+c+d%22":                        {property.CostScan, property.CostScan},
		"reference=a,b":                          {property.CostPage, property.CostPage},
		"reference=a&q=b&sort=price":             {property.CostPage, property.CostPage},
		"near=1,2&radius_km=5&sort=distance":     {property.CostCount, property.CostCount},
		"near=1,2&radius_km=5&sort=-distance":    {property.CostCount, property.CostCount},
		"near=1,2&radius_km=5&sort=price":        {property.CostPage, property.CostCount},
		"near=1,2&radius_km=5&sort=distance&q=a": {property.CostScan, property.CostScan},
		"location=a":                             {property.CostScan, property.CostScan},
		"q=lake&location=%20e%20":                {property.CostScan, property.CostScan},
		"q=lake&location=e%20f,%20g":             {property.CostScan, property.CostScan},
		"q=a1b&location=New+York&bbox=1,2,3,4":   {property.CostPage, property.CostCount},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		s, err := property.ParseSearch(values)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]property.Cost{s.Cost(), s.Filter.CountCost()}; got != want {
			t.Errorf("%s costs %v, want %v", query, got, want)
		}
	}
}
