package cached

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

var update = flag.Bool("update", false, "write the golden entry of a new shape")

var now = time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)

// full returns a listing with a value in every field; two of them are present and zero.
func full(t testing.TB) property.Property {
	p := porttest.FullListing(t)
	p.Bedrooms, p.AreaM2 = property.Some(0), property.Some(property.Decimal(0))
	return p
}

// bare returns a listing without any optional field.
func bare() property.Property {
	return property.Property{ID: property.ID{9}, CreatedAt: now, UpdatedAt: now}
}

func recordOf(listings ...property.Property) *record {
	r := &record{Epoch: "this", Xmin: 3, Xmax: 9, InFlight: []uint64{3, 7}, Writer: "me", Position: 5,
		Loaded: now.UnixMicro(), Expires: now.Add(time.Hour).UnixMicro()}
	r.setPage(&property.Page{Properties: listings})
	return r
}

func TestAListingComesBackFromARecordAsItWas(t *testing.T) {
	for name, p := range map[string]property.Property{
		"with every field": full(t), "with none": bare(), "with no zero": porttest.FullListing(t),
	} {
		t.Run(name, func(t *testing.T) {
			want := recordOf(p, full(t), p)
			want.Count = -7
			r, err := decodeRecord(want.append(nil), "this", now)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(r, want) {
				t.Errorf("got  %+v\nwant %+v", r, want)
			}
			place := freshness.Point{Epoch: "this", Snapshot: freshness.Snapshot{Xmin: 3, Xmax: 9, InFlight: []uint64{3, 7}}}
			if !reflect.DeepEqual(r.point(), place) {
				t.Errorf("the record was loaded at %v", r.point())
			}
		})
	}
}

func TestARecordIsUsedToItsLastMoment(t *testing.T) {
	b := recordOf(full(t)).append(nil)
	if _, err := decodeRecord(b, "this", now.Add(time.Hour-time.Microsecond)); err != nil {
		t.Error(err)
	}
	if _, err := decodeRecord(b, "this", now.Add(time.Hour)); !errors.Is(err, errExpired) {
		t.Errorf("when its time is over the error is %v", err)
	}
}

func TestARecordThatIsCutOrLongerIsMalformed(t *testing.T) {
	b := recordOf(full(t), bare()).append(nil)
	for n := range b {
		if _, err := decodeRecord(b[:n], "this", now); !errors.Is(err, errMalformed) {
			t.Errorf("of its first %d bytes the error is %v", n, err)
		}
	}
	if _, err := decodeRecord(append(b, 0), "this", now); !errors.Is(err, errMalformed) {
		t.Errorf("with a byte more the error is %v", err)
	}
}

// greedy returns bytes that claim far more than they have, each at another place.
func greedy() map[string][]byte {
	const huge = 0xffffffff
	listing := func(upTo int) []byte { // a record whose only listing ends after so many bytes
		r := recordOf(bare())
		b := r.append(nil)
		r.Listings = nil
		head := len(r.append(nil))
		return b[:head+upTo]
	}
	number := func(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }
	snapshot := number(number(nil, 3), 9)
	return map[string][]byte{
		"transactions":        number(snapshot, huge),
		"transactions, 2^64":  number(snapshot, 1<<64-1),
		"writer":              number(number(snapshot, 0), huge),
		"listings":            number(listing(0)[:len(listing(0))-1], huge),
		"listings, 2^64":      number(listing(0)[:len(listing(0))-1], 1<<64-1),
		"title":               number(listing(17), huge),
		"photos":              number(listing(16+8+1+1), huge),
		"1 MiB of zeros":      make([]byte, 1<<20),
		"many listings":       append(number(listing(0)[:len(listing(0))-1], 1<<20/shortestListing), make([]byte, 1<<20)...),
		"many transactions":   append(number(snapshot, 1<<20-1), make([]byte, 1<<20)...),
		"MessagePack's array": []byte(strings.Repeat("\xdd\xff\xff\xff\xff", 21)),
		"an endless number":   bytes.Repeat([]byte{0xff}, 105),
	}
}

func TestADecoderTakesNoMoreMemoryThanTheBytesAreWorth(t *testing.T) {
	for name, b := range greedy() {
		t.Run(name, func(t *testing.T) { decodedWithinBounds(t, b) })
	}
}

// decodedWithinBounds decodes the bytes and returns the record, or nil when there is none. A listing takes a dozen
// times as much memory as its shortest record.
func decodedWithinBounds(t *testing.T, b []byte) *record {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := decodeRecord(b, "this", now)
	runtime.ReadMemStats(&after)
	if taken, most := after.TotalAlloc-before.TotalAlloc, uint64(64*len(b)+1<<16); taken > most {
		t.Errorf("%d bytes took %d bytes of memory, more than %d", len(b), taken, most)
	}
	if (err == nil) != (r != nil) {
		t.Errorf("record %v, error %v", r, err)
	}
	return r
}

// FuzzDecodeRecord finds bytes that harm the reader even if they are signed: whatever decodes can be used, and written
// again.
func FuzzDecodeRecord(f *testing.F) {
	f.Add(recordOf(full(f), full(f)).append(nil))
	f.Add(recordOf().append(nil))
	item := recordOf()
	item.setItem(nil)
	f.Add(item.append(nil))
	f.Add([]byte(nil))
	for _, b := range greedy() {
		f.Add(b[:min(len(b), 1<<12)])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := decodedWithinBounds(t, b)
		if r == nil {
			return
		}
		again, err := decodeRecord(r.append(nil), "this", now)
		if err != nil || len(again.page().Properties) != len(r.page().Properties) {
			t.Errorf("written again it reads as %+v, %v", again, err)
		}
	})
}

// The bytes of an entry never change while the shape stays: in a rolling release two programs share one cache. The
// golden entry of a shape is written once, with -update, and never again.
func TestTheBytesOfAnEntryChangeOnlyWithTheShape(t *testing.T) {
	keys := OwnKeyring()
	key := ports.SigningKey{ID: "0123456789ABCDEF", Secret: bytes.Repeat([]byte{7}, ports.SigningSecretLength)}
	if err := keys.use([]ports.SigningKey{key}); err != nil {
		t.Fatal(err)
	}
	const entry = "entry of the golden record"
	golden := filepath.Join("testdata", "entry-"+shape+".golden")
	written, err := os.ReadFile(golden)
	if errors.Is(err, os.ErrNotExist) && *update {
		written = []byte(hex.EncodeToString(keys.newest().seal(entry, recordOf(full(t), bare()))) + "\n")
		err = errors.Join(os.MkdirAll("testdata", 0o700), os.WriteFile(golden, written, 0o600))
	}
	if err != nil {
		t.Fatalf("the shape is new: remove the golden entry of the old one, and run this test with -update (%v)", err)
	}
	if all, err := filepath.Glob(filepath.Join("testdata", "entry-*.golden")); err != nil || len(all) != 1 {
		t.Errorf("entries of other shapes are left: %q, %v", all, err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(written)))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := keys.open(entry, b)
	if err != nil {
		t.Fatalf("the form of the envelope has changed: raise shape (%v)", err)
	}
	if encoded := recordOf(full(t), bare()).append(nil); !bytes.Equal(payload, encoded) {
		t.Errorf("the form of a record has changed: raise shape\nwas %x\nis  %x", payload, encoded)
	}
}
