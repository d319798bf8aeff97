package transfer

import (
	"io"

	"github.com/gable-listings/gable/adapters/listinggen"
	"github.com/gable-listings/gable/app/catalog"
)

// Generated is a source of made-up listings.
type Generated struct {
	*listinggen.Generator
	made, count int
}

// NewGenerated makes a source of so many listings; the same seed makes the same ones.
func NewGenerated(seed uint64, count int) (*Generated, error) {
	g, err := listinggen.New(seed)
	return &Generated{Generator: g, count: count}, err
}

// Next implements catalog.Source.
func (g *Generated) Next() (catalog.Record, error) {
	if g.made == g.count {
		return catalog.Record{}, io.EOF
	}
	g.made++
	return catalog.Record{Line: g.made, Details: g.Generator.Next()}, nil
}
