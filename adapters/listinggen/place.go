package listinggen

import (
	"compress/gzip"
	"encoding/csv"
	"math"
	"strconv"

	"github.com/gable-listings/gable/configs"
	"github.com/gable-listings/gable/domain/property"
)

// place is a town or city.
type place struct {
	name                string
	address             string
	population          int64
	latitude, longitude float64
	market              market
	pricePerM2          float64 // in the market's currency
}

// market is roughly what homes cost in a country.
type market struct {
	currency property.Currency
	perUSD   float64 // units of the currency for a US dollar
	usdPerM2 float64 // US dollars for a square metre in a town of middling size
}

var elsewhere = market{"USD", 1, 1000}

var markets = map[string]market{
	"AE": {"AED", 3.67, 3500}, "AR": {"ARS", 1000, 1700}, "AT": {"EUR", 0.92, 4300}, "AU": {"AUD", 1.5, 5200},
	"BD": {"BDT", 120, 700}, "BE": {"EUR", 0.92, 2900}, "BR": {"BRL", 5.5, 1200}, "CA": {"CAD", 1.37, 3900},
	"CH": {"CHF", 0.88, 9500}, "CL": {"CLP", 940, 2000}, "CN": {"CNY", 7.2, 2400}, "CO": {"COP", 4200, 1000},
	"CZ": {"CZK", 23, 3400}, "DE": {"EUR", 0.92, 3600}, "DK": {"DKK", 6.9, 3900}, "EG": {"EGP", 49, 500},
	"ES": {"EUR", 0.92, 2300}, "FI": {"EUR", 0.92, 2900}, "FR": {"EUR", 0.92, 3500}, "GB": {"GBP", 0.78, 4000},
	"GR": {"EUR", 0.92, 2000}, "HK": {"HKD", 7.8, 15000}, "HU": {"HUF", 365, 1900}, "ID": {"IDR", 16000, 1000},
	"IE": {"EUR", 0.92, 4000}, "IL": {"ILS", 3.7, 6500}, "IN": {"INR", 84, 900}, "IT": {"EUR", 0.92, 2200},
	"JP": {"JPY", 150, 3200}, "KE": {"KES", 129, 900}, "KR": {"KRW", 1370, 4300}, "MX": {"MXN", 18, 1400},
	"MY": {"MYR", 4.5, 1500}, "NG": {"NGN", 1550, 700}, "NL": {"EUR", 0.92, 4200}, "NO": {"NOK", 10.8, 4600},
	"NZ": {"NZD", 1.65, 4300}, "PE": {"PEN", 3.75, 1400}, "PH": {"PHP", 57, 1500}, "PK": {"PKR", 278, 600},
	"PL": {"PLN", 4, 2600}, "PT": {"EUR", 0.92, 2600}, "RO": {"RON", 4.6, 1700}, "RU": {"RUB", 92, 1600},
	"SA": {"SAR", 3.75, 1500}, "SE": {"SEK", 10.5, 3800}, "SG": {"SGD", 1.33, 12500}, "TH": {"THB", 35, 2000},
	"TR": {"TRY", 34, 1000}, "TW": {"TWD", 32, 5200}, "UA": {"UAH", 41, 1000}, "US": {"USD", 1, 2500},
	"VN": {"VND", 25000, 1700}, "ZA": {"ZAR", 18, 900},
}

// readPlaces reads the embedded gazetteer: name, country, region, population, latitude, longitude.
func readPlaces() ([]place, error) {
	f, err := configs.Samples.Open("samples/places.csv.gz")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(text).ReadAll()
	if err != nil {
		return nil, err
	}
	places := make([]place, 0, len(rows))
	for _, row := range rows[1:] {
		p, err := newPlace(row)
		if err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	return places, nil
}

func newPlace(row []string) (place, error) {
	population, err1 := strconv.ParseInt(row[3], 10, 64)
	latitude, err2 := strconv.ParseFloat(row[4], 64)
	longitude, err3 := strconv.ParseFloat(row[5], 64)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return place{}, err
		}
	}
	p := place{name: row[0], population: population, latitude: latitude, longitude: longitude, market: elsewhere}
	if m, ok := markets[row[1]]; ok {
		p.market = m
	}
	p.address = address(row[0], row[2], row[1])
	p.pricePerM2 = p.market.perUSD * p.market.usdPerM2 * sizeFactor(population)
	return p, nil
}

func address(name, region, country string) string {
	if region == "" || region == name {
		return name + ", " + country
	}
	return name + ", " + region + ", " + country
}

// sizeFactor makes big cities dearer: 0.8 at 50,000 inhabitants, 1.1 at half a million, 1.5 at ten million.
func sizeFactor(population int64) float64 {
	return 0.8 + 0.3*max(0, math.Log10(float64(population)/50_000))
}
