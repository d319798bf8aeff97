package site

import (
	"bytes"
	"testing"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// Two listings that differ in one field have different pages. The source is for staff alone.
func TestAListingsPageShowsEveryFieldButTheSource(t *testing.T) {
	pages, err := newPages("", "v")
	if err != nil {
		t.Fatal(err)
	}
	shown := func(f *property.Field, changed bool) []byte {
		p := porttest.FullListing(t)
		p.Status = property.StatusActive // the page of a sold listing omits the offer
		switch {
		case changed && f.Type == property.DegreesField:
			at := p.Position()
			f.Degrees(&at).Value++ // a place is shown to four digits
			p.Coordinates = at.Coordinates()
		case changed:
			porttest.OtherValue(f)(&p.Details)
		}
		return pages.render("listing", frame{Body: &details{Property: &p}})
	}
	for _, f := range property.FieldTable() {
		if same := bytes.Equal(shown(&f, true), shown(&f, false)); same != (f.Name == "source") {
			t.Errorf("%s is on the page: %t", f.Name, !same)
		}
	}
}
