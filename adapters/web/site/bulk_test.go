package site

import (
	"net/url"
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/property"
)

func bulkOf(action, value string) *bulkForm {
	return readBulk(url.Values{"action": {action}, "value": {value}, "status": {value}, "id": {"a", "b"},
		"search": {"q=x"}})
}

func TestABulkEditComputesThePrice(t *testing.T) {
	for _, c := range []struct {
		action, value string
		price, want   property.Decimal
	}{
		{"percent", "2", 100_00, 102_00}, {"percent", "-1.5", 200_00, 197_00}, {"percent", "\u22121.5", 200_00, 197_00},
		{"percent", "2.5", 0, 0}, {"percent", "-100", 99_99, 0}, {"percent", "1000", 1_00, 11_00}, {"percent", "0", 5_00,
			5_00},
		{"percent", "+2", 100_00, 102_00}, {"percent", "2 %", 100_00, 102_00}, {"percent", "2%", 100_00, 102_00},
		{"amount", "10,000", 1_00, 10_001_00}, {"amount", "-0.01", 1_00, 99}, {"amount", "10k", 0, 10_000_00},
		{"price", "450k", 1, 450_000_00}, {"price", "$1,250.50", 1, 1_250_50}, {"price", "0", 1, 0},
	} {
		edit, wrong := bulkOf(c.action, c.value).edit()
		if wrong != "" {
			t.Errorf("%s by %s: %s", c.action, c.value, wrong)
			continue
		}
		d, err := edit(property.Details{Title: "t", Price: c.price})
		if err != nil || d.Price != c.want || d.Title != "t" {
			t.Errorf("%s by %s makes %s of %s (%v)", c.action, c.value, d.Price, c.price, err)
		}
	}
}

// A yen has no hundredths.
func TestABulkEditRoundsByTheCurrency(t *testing.T) {
	edit, wrong := bulkOf("percent", "1.5 %").edit()
	if wrong != "" {
		t.Fatal(wrong)
	}
	for currency, want := range map[property.Currency]property.Decimal{"JPY": 103_00, "USD": 102_52, "KWD": 102_52} {
		if d, err := edit(property.Details{Currency: currency, Price: 101_00}); err != nil || d.Price != want {
			t.Errorf("101 %s by 1.5 percent is %s, %v; want %s", currency, d.Price, err, want)
		}
	}
}

// A change that a rule forbids is not shown as if it were made.
func TestThePreviewSaysWhichListingsStayAsTheyAre(t *testing.T) {
	listing := property.Property{Version: 1, Details: property.Details{
		Title: "t", Location: "l", Price: 100_00, Currency: "JPY", Offer: "sale", Kind: "other", Status: "active",
	}}
	for value, reason := range map[string]string{"0.5": "no decimals in JPY", "-101": "from 0", "€1": "sign €", "5": ""} {
		edit, wrong := bulkOf("amount", value).edit()
		if wrong != "" {
			t.Fatal(wrong)
		}
		sample := sampleOf(listing, edit)
		if (sample.Wrong == "") != (reason == "") || !strings.Contains(sample.Wrong, reason) {
			t.Errorf("by %s: %q, and the price is %s", value, sample.Wrong, sample.NewPrice())
		}
		if reason != "" && sample.After.Price != 100_00 {
			t.Errorf("by %s: shown with a price of %s", value, sample.NewPrice())
		}
	}
	if sample := sampleOf(listing, nil); sample.Wrong != "" || sample.After.Price != 100_00 {
		t.Errorf("a removal: %+v", sample)
	}
}

func TestAnInvalidBulkEditIsRefused(t *testing.T) {
	for action, values := range map[string][]string{
		"percent": {"", "%", "much", "1,5", "2.555", "1000.01", "-1000.01", "1e20", "2k", "$2", "2 %%"},
		"amount":  {"", "999999999999999", "-1000000000000.00"},
		"price":   {"", "free", "1000000000000"},
		"status":  {"", "burnt"},
		"":        {"1"}, "raise": {"1"},
	} {
		for _, value := range values {
			if edit, wrong := bulkOf(action, value).edit(); wrong == "" || edit != nil {
				t.Errorf("%q by %q is accepted", action, value)
			}
		}
	}
	edit, wrong := bulkOf("remove", "").edit()
	if edit != nil || wrong != "" {
		t.Errorf("a removal: %s", wrong)
	}
	edit, wrong = bulkOf("status", "sold").edit()
	if wrong != "" {
		t.Fatal(wrong)
	}
	if d, err := edit(property.Details{Status: property.StatusActive, Price: 7}); err != nil ||
		d.Status != property.StatusSold || d.Price != 7 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestTheButtonSaysWhatItDoes(t *testing.T) {
	f := bulkOf("remove", "")
	if f.Count, f.Samples = 1, make([]*bulkSample, 1); f.Button() != "Remove 1 listing" || f.More() != "" {
		t.Errorf("%s, %s", f.Button(), f.More())
	}
	f = bulkOf("percent", "1")
	if f.Count = 1_234; f.Button() != "Change 1,234 listings" || f.More() != "1234" {
		t.Errorf("%s, %s", f.Button(), f.More())
	}
}
