package property_test

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/gable-listings/gable/domain/property"
)

// A new text field of a listing must count.
func TestEveryTextOfAListingHasWeight(t *testing.T) {
	const length = 1_000
	details := reflect.TypeFor[property.Details]()
	for i := range details.NumField() {
		var p property.Property
		field := reflect.ValueOf(&p.Details).Elem().Field(i)
		bare := p.Weight()
		switch field.Interface().(type) {
		case string:
			field.SetString(strings.Repeat("x", length))
		case []string:
			field.Set(reflect.ValueOf([]string{strings.Repeat("x", length)}))
		default:
			continue // numbers, and words from short lists
		}
		if grown := p.Weight() - bare; grown < length {
			t.Errorf("%s of %d bytes weighs %d", details.Field(i).Name, length, grown)
		}
	}
	if size := int(unsafe.Sizeof(property.Property{})); new(property.Property).Weight() < size {
		t.Errorf("an empty listing takes %d bytes and weighs %d", size, new(property.Property).Weight())
	}
}

func TestACompactChangeHasTheTextsThatStayedOnce(t *testing.T) {
	before := listing(t, 1, func(d *property.Details) {
		d.Description, d.Photos = strings.Repeat("d", 10_000), []string{"https://example.org/1.jpg"}
	})
	after := before
	after.Version, after.Price = 2, 5
	after.Description = strings.Clone(before.Description) // as read from somewhere else
	change := property.Updated(1, before, after)
	compact := change.Compact()
	if unsafe.StringData(compact.Before.Description) != unsafe.StringData(compact.After.Description) {
		t.Error("an unchanged description is in memory twice")
	}
	if compact.Before.Photos != nil || len(compact.After.Photos) != 1 {
		t.Errorf("the photos are %q before and %q after", compact.Before.Photos, compact.After.Photos)
	}
	if weight := compact.Weight(); weight < 10_000 || weight > 12_000 || change.Weight() != weight {
		t.Errorf("the change weighs %d, and %d once it is compact", change.Weight(), weight)
	}
	if change.Before.Photos == nil {
		t.Error("Compact altered the change")
	}
	after.Description = "new"
	replaced := property.Updated(1, before, after)
	if compact := replaced.Compact(); compact.Before.Description != before.Description || compact.Weight() < 10_000 {
		t.Errorf("a description that was replaced is lost, or weighs nothing: %d", compact.Weight())
	}
	removed := property.Deleted(1, before, birth)
	if compact := removed.Compact(); compact.Before.Description != before.Description || compact.Weight() < 10_000 {
		t.Errorf("the state before a removal is lost, or weighs nothing: %d", compact.Weight())
	}
}

// A compact change affects a count exactly when the change does, for every searched field.
func TestACompactChangeAffectsTheSameCounts(t *testing.T) {
	before := listing(t, 1, func(d *property.Details) {
		d.Title, d.Description, d.Location = "a loft", "a garden", "Leeds"
	})
	for _, field := range []func(*property.Details){
		func(d *property.Details) { d.Title = "a house" },
		func(d *property.Details) { d.Description = "a yard" },
		func(d *property.Details) { d.Location = "York" },
		func(d *property.Details) { d.Price++ },
	} {
		after := before
		after.Version++
		field(&after.Details)
		for _, c := range []property.Change{
			property.Updated(1, before, after), property.Deleted(1, before, birth), property.Inserted(1, after),
		} {
			compact := c.Compact()
			for _, query := range []string{"q=loft", "q=garden", "q=yard", "location=york", "min_price=1", "q=house", ""} {
				f := &search(t, query).Filter
				if f.AffectsCount(&c) != f.AffectsCount(&compact) {
					t.Errorf("the %s of %q affects the count of %q only when it is compact, or only when not",
						c.Op, after.Title, query)
				}
			}
		}
	}
}
