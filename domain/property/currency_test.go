package property_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/property"
)

// ISO 4217 has no minor unit for these, and three digits for the last ones.
func TestAPriceHasTheDecimalsOfItsCurrency(t *testing.T) {
	for currency, whole := range map[property.Currency]bool{
		"JPY": true, "KRW": true, "VND": true, "CLP": true, "XAF": true, "XOF": true, "XPF": true, "ISK": true, "PYG": true,
		"UGX": true, "RWF": true, "BIF": true, "DJF": true, "GNF": true, "KMF": true, "VUV": true,
		"USD": false, "EUR": false, "HKD": false, "HUF": false, "IDR": false, "IRR": false, "MGA": false,
		"KWD": false, "BHD": false, "JOD": false, "OMR": false, "TND": false,
	} {
		_, err := details(func(d *property.Details) { d.Currency, d.Price = currency, 420_50 }).Checked()
		if whole != (err != nil) {
			t.Errorf("420.50 %s: %v", currency, err)
		}
		if whole && !strings.Contains(err.Error(), "price must have no decimals in "+string(currency)+", not 420.5") {
			t.Errorf("420.50 %s: %v", currency, err)
		}
		if _, err := details(func(d *property.Details) { d.Currency, d.Price = currency, 420_00 }).Checked(); err != nil {
			t.Errorf("420 %s: %v", currency, err)
		}
	}
}

// Another program may have stored such a price. A change of something else must not fail by it.
func TestAStoredPriceMayHaveMoreDecimals(t *testing.T) {
	stored := property.Property{Version: 1, Details: details(func(d *property.Details) {
		d.Currency, d.Price, d.Offer, d.Kind, d.Status = "JPY", 420_50, "sale", "other", "active"
	})}
	d := stored.Details
	d.Status = property.StatusSold
	if p, err := stored.Update(d); err != nil || p.Price != 420_50 || p.Status != property.StatusSold {
		t.Errorf("the status becomes %s, %v", p.Status, err)
	}
	for name, edit := range map[string]func(*property.Details){
		"price":    func(d *property.Details) { d.Price = 421_50 },
		"currency": func(d *property.Details) { d.Currency = "KRW" },
	} {
		d := stored.Details
		edit(&d)
		_, err := stored.Update(d)
		if _, ok := errors.AsType[*property.InvalidError](err); !ok {
			t.Errorf("another %s: %v", name, err)
		}
	}
	d = stored.Details
	d.Price = 421_00
	if _, err := stored.Update(d); err != nil {
		t.Errorf("a whole price: %v", err)
	}
}
