package cached

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/gable-listings/gable/domain/property"
)

// The encoding of a record: its fields in the order of the struct. Numbers are varints, a text is its length and its
// bytes, a list is its length and its elements. decode.go reads it.

// append adds the record's bytes to b.
func (r *record) append(b []byte) []byte {
	b = binary.AppendUvarint(b, r.Xmin)
	b = binary.AppendUvarint(b, r.Xmax)
	b = binary.AppendUvarint(b, uint64(len(r.InFlight)))
	for _, tx := range r.InFlight {
		b = binary.AppendUvarint(b, tx)
	}
	b = appendText(b, r.Writer)
	b = binary.AppendUvarint(b, r.Position)
	b = binary.AppendVarint(b, r.Loaded)
	b = binary.AppendVarint(b, r.Expires)
	b = binary.AppendVarint(b, int64(bit(r.Absent, 0)))
	b = binary.AppendVarint(b, r.Count)
	b = binary.AppendUvarint(b, uint64(len(r.Listings)))
	for i := range r.Listings {
		b = appendListing(b, &r.Listings[i])
	}
	return b
}

// size estimates how many bytes the encoded record takes.
func (r *record) size() int {
	n := 128 + binary.MaxVarintLen64*len(r.InFlight)
	for i := range r.Listings {
		p := &r.Listings[i]
		n += 160 + len(p.Reference) + len(p.Source) + len(p.Title) + len(p.Description) + len(p.Location)
		for _, photo := range p.Photos {
			n += 2 + len(photo)
		}
	}
	return n
}

// numbers are the optional numeric fields of a listing, in the order of the field table.
var numbers = slices.DeleteFunc(slices.Clone(property.FieldTable()), func(f property.Field) bool {
	return f.Type != property.WholeField && f.Type != property.DecimalField
})

func appendListing(b []byte, p *property.Property) []byte {
	b = append(b, p.ID[:]...)
	for _, text := range [...]string{
		p.Reference, p.Source, p.Title, p.Description, string(p.Currency), p.Location,
		string(p.Offer), string(p.Kind), string(p.Status),
	} {
		b = appendText(b, text)
	}
	b = binary.AppendVarint(b, int64(p.Price))
	present := bit(p.Coordinates.Valid, 0)
	for i := range numbers {
		present |= bit(numbers[i].Number(&p.Details).Valid, 1+i)
	}
	b = binary.AppendUvarint(b, present) // a bit for the coordinates, and one for each number
	for i := range numbers {
		if n, ok := numbers[i].Number(&p.Details).Get(); ok {
			b = binary.AppendVarint(b, int64(n))
		}
	}
	if at, ok := p.Coordinates.Get(); ok {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(at.Latitude))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(at.Longitude))
	}
	b = binary.AppendUvarint(b, uint64(len(p.Photos)))
	for _, photo := range p.Photos {
		b = appendText(b, photo)
	}
	b = binary.AppendVarint(b, p.Version)
	b = binary.AppendVarint(b, p.CreatedAt.UnixMicro())
	return binary.AppendVarint(b, p.UpdatedAt.UnixMicro())
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func bit(set bool, n int) uint64 {
	if set {
		return 1 << n
	}
	return 0
}
