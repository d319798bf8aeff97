package property

import (
	"slices"
	"strings"
)

// Offer is whether a listing is for sale or for rent.
type Offer string

// Kind is the kind of home, land or premises of a listing.
type Kind string

// Status is the stage in the life of a listing.
type Status string

// Currency is an ISO 4217 code in capitals, such as USD.
type Currency string

// The offers; OfferSale is the default.
const (
	OfferSale Offer = "sale"
	OfferRent Offer = "rent"
)

// The kinds; KindOther is the default.
const (
	KindHouse      Kind = "house"
	KindApartment  Kind = "apartment"
	KindTownhouse  Kind = "townhouse"
	KindRoom       Kind = "room"
	KindLand       Kind = "land"
	KindCommercial Kind = "commercial"
	KindOther      Kind = "other"
)

// The states; StatusActive is the default.
const (
	StatusActive    Status = "active"
	StatusPending   Status = "pending"
	StatusSold      Status = "sold"
	StatusWithdrawn Status = "withdrawn"
)

// DefaultCurrency is used where neither the listing nor the configuration names one.
const DefaultCurrency Currency = "USD"

// Offers are all offers, in the order people read them.
func Offers() []Offer { return []Offer{OfferSale, OfferRent} }

// Kinds are all kinds, in the order people read them.
func Kinds() []Kind {
	return []Kind{KindHouse, KindApartment, KindTownhouse, KindRoom, KindLand, KindCommercial, KindOther}
}

// Statuses are all states, in the order of a listing's life.
func Statuses() []Status {
	return []Status{StatusActive, StatusPending, StatusSold, StatusWithdrawn}
}

// Known reports whether the offer is one of Offers.
func (o Offer) Known() bool { return slices.Contains(Offers(), o) }

// Known reports whether the kind is one of Kinds.
func (k Kind) Known() bool { return slices.Contains(Kinds(), k) }

// Known reports whether the status is one of Statuses.
func (s Status) Known() bool { return slices.Contains(Statuses(), s) }

// Known reports whether the code is an active ISO 4217 currency code, in capitals.
func (c Currency) Known() bool {
	return len(c) == 3 && !strings.Contains(string(c), " ") && strings.Contains(currencyCodes, string(c))
}

// Active codes of ISO 4217 list one, funds and metals left out. The spaces keep one code from running into the next.
const currencyCodes = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN " +
	"BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP " +
	"GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK " +
	"LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB " +
	"PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB " +
	"TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"

// Step is the smallest difference between two prices in the currency: 1 where ISO 4217 has no decimals for it, else a
// hundredth. Currencies with three decimals are stored with two.
func (c Currency) Step() Decimal {
	if c.Known() && strings.Contains(wholeCurrencies, string(c)) {
		return one
	}
	return 1
}

// The codes of currencyCodes that have no minor unit in ISO 4217 list one.
const wholeCurrencies = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
