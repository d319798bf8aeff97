package cached

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

// decoder reads the encoding that encode.go writes. It allocates at most a small multiple of the number of bytes,
// whatever the bytes claim: it makes a list only if enough bytes for the elements are left. After the first fault it
// returns zero values.
type decoder struct {
	rest string
	bad  bool
}

func (r *record) decode(d *decoder) {
	r.Xmin, r.Xmax = d.uvarint(), d.uvarint()
	if n := d.count(1); n > 0 {
		r.InFlight = make([]uint64, n)
		for i := range r.InFlight {
			r.InFlight[i] = d.uvarint()
		}
	}
	r.Writer, r.Position = d.text(), d.uvarint()
	r.Loaded, r.Expires = d.varint(), d.varint()
	r.Absent, r.Count = d.varint() != 0, d.varint()
	if n := d.count(shortestListing); n > 0 {
		r.Listings = make([]property.Property, n)
		for i := range r.Listings {
			d.listing(&r.Listings[i])
		}
	}
}

// shortestListing is the smallest number of bytes that a listing takes: its id, nine texts and six numbers.
const shortestListing = 16 + 9 + 6

func (d *decoder) listing(p *property.Property) {
	copy(p.ID[:], d.bytes(len(p.ID)))
	p.Reference, p.Source, p.Title, p.Description = d.text(), d.text(), d.text(), d.text()
	p.Currency, p.Location = property.Currency(d.text()), d.text()
	p.Offer, p.Kind, p.Status = property.Offer(d.text()), property.Kind(d.text()), property.Status(d.text())
	p.Price = property.Decimal(d.varint())
	present := d.uvarint()
	for i := range numbers {
		if present&bit(true, 1+i) != 0 {
			numbers[i].SetNumber(&p.Details, property.Some(property.Decimal(d.varint())))
		}
	}
	if present&bit(true, 0) != 0 {
		p.Coordinates = property.Some(property.Coordinates{Latitude: d.float(), Longitude: d.float()})
	}
	if n := d.count(1); n > 0 {
		p.Photos = make([]string, n)
		for i := range p.Photos {
			p.Photos[i] = d.text()
		}
	}
	p.Version = d.varint()
	p.CreatedAt, p.UpdatedAt = time.UnixMicro(d.varint()).UTC(), time.UnixMicro(d.varint()).UTC()
}

// count reads the length of a list whose elements take least bytes or more.
func (d *decoder) count(least int) int {
	n := d.uvarint()
	if n > uint64(len(d.rest)/least) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) text() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return ""
	}
	return d.bytes(int(n))
}

// bytes returns the next n bytes, or "" when fewer are left.
func (d *decoder) bytes(n int) string {
	if n > len(d.rest) {
		d.fail()
		return ""
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) float() float64 {
	var b [8]byte
	copy(b[:], d.bytes(len(b)))
	return math.Float64frombits(binary.LittleEndian.Uint64(b[:]))
}

// uvarint reads like binary.Uvarint, from a string.
func (d *decoder) uvarint() (n uint64) {
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		c := d.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.rest = d.rest[i+1:]
			return n
		}
	}
	d.fail()
	return 0
}

// varint reads like binary.Varint, from a string.
func (d *decoder) varint() int64 {
	n := d.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (d *decoder) fail() { d.bad, d.rest = true, "" }
