package cached

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

const entry = "4:this:page:limit=20"

func TestAnEnvelopeOpensToTheRecordThatWasSealed(t *testing.T) {
	keys := OwnKeyring()
	want := recordOf(full(t))
	payload, err := keys.open(entry, keys.newest().seal(entry, want))
	if err != nil || !bytes.Equal(payload, want.append(nil)) {
		t.Errorf("opened as %x, %v", payload, err)
	}
	for range 100 {
		if a, b := keys.newest().seal(entry, want), keys.newest().seal(entry, want); bytes.Equal(a, b) {
			t.Fatal("a nonce was used twice")
		}
	}
}

// wantForged checks that the bytes are rejected as forged.
func wantForged(t *testing.T, keys *Keyring, key string, b []byte) {
	t.Helper()
	if payload, err := keys.open(key, b); payload != nil || !errors.Is(err, errForged) && !errors.Is(err, errUnknownKey) {
		t.Errorf("opened as %x, %v", payload, err)
	}
}

func TestAnEnvelopeWithAnyBitChangedIsForged(t *testing.T) {
	keys := OwnKeyring()
	sealed := keys.newest().seal(entry, recordOf(full(t), bare()))
	for at := range sealed {
		for bit := range 8 {
			b := slices.Clone(sealed)
			b[at] ^= 1 << bit
			wantForged(t, keys, entry, b)
		}
	}
}

func TestAnEnvelopeWithOtherBytesIsForged(t *testing.T) {
	keys, foreign := OwnKeyring(), OwnKeyring()
	sign, r := keys.newest(), recordOf(full(t))
	sealed := sign.seal(entry, r)
	other := recordOf(full(t))
	other.Listings[0].Title = "Haus am Fluss"
	theirs := foreign.newest().seal(entry, other)
	for name, b := range map[string][]byte{
		"nothing":                         nil,
		"a key's id":                      []byte(sign.id),
		"a signature of nothing":          sealed[:signedAt],
		"half of it":                      sealed[:len(sealed)/2],
		"all but the end":                 sealed[:len(sealed)-1],
		"a byte more":                     append(slices.Clone(sealed), 0),
		"it twice":                        append(slices.Clone(sealed), sealed...),
		"zeros":                           make([]byte, len(sealed)),
		"a foreign key's":                 theirs,
		"a foreign key's under our id":    append([]byte(sign.id), theirs[signatureAt:]...),
		"our signature of another record": append(slices.Clone(sealed[:signedAt]), theirs[signedAt:]...),
		"no signature":                    append([]byte(sign.id), sealed[signedAt:]...),
		"the bare record":                 r.append(nil),
	} {
		t.Run(name, func(t *testing.T) { wantForged(t, keys, entry, b) })
	}
}

func TestAnEnvelopeOpensUnderItsOwnKeyAlone(t *testing.T) {
	keys := OwnKeyring()
	sealed := keys.newest().seal(entry, recordOf(full(t)))
	for _, other := range []string{
		"", entry[:len(entry)-1], entry + "0", "4:this:page:limit=21", "4:that:page:limit=20", "3:this:page:limit=20",
		"4:this:item:x",
	} {
		wantForged(t, keys, other, sealed)
	}
}

func TestEveryKeyOfTheRingOpensAndTheNewestSeals(t *testing.T) {
	all := []ports.SigningKey{newSigningKey(), newSigningKey(), newSigningKey()}
	keys := OwnKeyring()
	for i := range all {
		alone := OwnKeyring()
		if err := errors.Join(alone.use(all[i:i+1]), keys.use(all)); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.open(entry, alone.newest().seal(entry, recordOf())); err != nil {
			t.Errorf("key %d: %v", i, err)
		}
	}
	if keys.newest().id != all[0].ID {
		t.Errorf("sealed with %s, not with the newest of %v", keys.newest().id, all)
	}
	if len(keys.Unknown()) != 0 {
		t.Error("a known key is reported as unknown")
	}
	wantForged(t, keys, entry, OwnKeyring().newest().seal(entry, recordOf()))
	if len(keys.Unknown()) != 1 {
		t.Error("an unknown key is not reported")
	}
}

// FuzzOpenEnvelope finds bytes that harm the reader, or that are accepted without a signature.
func FuzzOpenEnvelope(f *testing.F) {
	keys := OwnKeyring()
	sealed := keys.newest().seal(entry, recordOf(full(f)))
	f.Add(sealed)
	f.Add(sealed[:signedAt+2])
	f.Add([]byte(nil))
	for _, b := range greedy() {
		f.Add(append([]byte(keys.newest().id), b[:min(len(b), 1<<12)]...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !bytes.Equal(b, sealed) {
			wantForged(t, keys, entry, b)
		}
	})
}

// BenchmarkEnvelope measures the cost of a signature. Sealing also encodes the record; opening only checks.
func BenchmarkEnvelope(b *testing.B) {
	keys := OwnKeyring()
	page := make([]property.Property, 20)
	for i := range page {
		page[i] = full(b)
	}
	for name, r := range map[string]*record{"item": recordOf(full(b)), "page of 20": recordOf(page...)} {
		sealed := keys.newest().seal(entry, r)
		size := fmt.Sprintf("%s, %d bytes", name, len(sealed))
		b.Run("open "+size, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := keys.open(entry, sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("seal "+size, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				keys.newest().seal(entry, r)
			}
		})
		b.Run("decode "+size, func(b *testing.B) {
			payload := r.append(nil)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decodeRecord(payload, "this", now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
