package property

// Fields is a set of the details that a source of listings may lack. Reference, title, price and location are in none:
// every listing of every source has them.
type Fields uint16

// The details that a source may lack.
const (
	FieldDescription Fields = 1 << iota
	FieldCurrency
	FieldOffer
	FieldKind
	FieldStatus
	FieldBedrooms
	FieldBathrooms
	FieldAreaM2
	FieldCoordinates
	FieldPhotos

	AllFields = FieldPhotos<<1 - 1
)

// Without is the set less the fields of another one.
func (f Fields) Without(other Fields) Fields { return f &^ other }

// Has reports whether one of the fields is in the set.
func (f Fields) Has(one Fields) bool { return f&one != 0 }

// Completed is the details of a source that lacks the absent fields, which are those of the stored listing.
func (d Details) Completed(absent Fields, stored *Details) Details {
	carry(absent.Has(FieldDescription), &d.Description, stored.Description)
	carry(absent.Has(FieldCurrency), &d.Currency, stored.Currency)
	carry(absent.Has(FieldOffer), &d.Offer, stored.Offer)
	carry(absent.Has(FieldKind), &d.Kind, stored.Kind)
	carry(absent.Has(FieldStatus), &d.Status, stored.Status)
	carry(absent.Has(FieldBedrooms), &d.Bedrooms, stored.Bedrooms)
	carry(absent.Has(FieldBathrooms), &d.Bathrooms, stored.Bathrooms)
	carry(absent.Has(FieldAreaM2), &d.AreaM2, stored.AreaM2)
	carry(absent.Has(FieldCoordinates), &d.Coordinates, stored.Coordinates)
	carry(absent.Has(FieldPhotos), &d.Photos, stored.Photos)
	return d
}

func carry[T any](wanted bool, to *T, stored T) {
	if wanted {
		*to = stored
	}
}
