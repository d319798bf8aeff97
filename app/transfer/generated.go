package transfer

import (
	"io"

	"github.com/gable-listings/gable/adapters/listinggen"
	"github.com/gable-listings/gable/domain/property"
)

// Generated is a source of made-up listings.
type Generated struct {
	*listinggen.Generator
	made, count int
}

// NewGenerated makes a source of count listings; the same seed makes the same listings.
func NewGenerated(seed uint64, count int) (*Generated, error) {
	g, err := listinggen.New(seed)
	return &Generated{Generator: g, count: count}, err
}

// Next implements catalog.Source.
func (g *Generated) Next() (property.Record, error) {
	if g.made == g.count {
		return property.Record{}, io.EOF
	}
	g.made++
	return property.Record{Line: g.made, Details: g.Generator.Next()}, nil
}
