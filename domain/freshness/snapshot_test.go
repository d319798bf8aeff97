package freshness_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/freshness"
)

// ended draws which of the first transactions have ended, and returns the snapshot that a database would take then.
func ended(t *rapid.T) ([]bool, freshness.Snapshot) {
	ended := rapid.SliceOfN(rapid.Bool(), 0, 30).Draw(t, "ended")
	s := freshness.Snapshot{Xmax: uint64(len(ended))}
	for tx, done := range ended {
		if !done {
			s.InFlight = append(s.InFlight, uint64(tx))
		}
	}
	s.Xmin = s.Xmax
	if len(s.InFlight) > 0 {
		s.Xmin = s.InFlight[0]
	}
	return ended, s
}

func TestSnapshotSeesExactlyWhatHadEnded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ended, s := ended(t)
		for tx := range uint64(len(ended) + 3) {
			want := tx < uint64(len(ended)) && ended[tx]
			if got := s.Sees(tx); got != want {
				t.Fatalf("snapshot %s sees transaction %d: %t", s, tx, got)
			}
		}
	})
}

func TestZeroSnapshotHasSeenNothing(t *testing.T) {
	for _, tx := range []uint64{0, 1, 1 << 63, ^uint64(0)} {
		if (freshness.Snapshot{}).Sees(tx) {
			t.Errorf("it sees transaction %d", tx)
		}
	}
}

func TestSnapshotTextReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, s := ended(t)
		got, err := freshness.ParseSnapshot(s.String())
		if err != nil || got.Xmin != s.Xmin || got.Xmax != s.Xmax || !slices.Equal(got.InFlight, s.InFlight) {
			t.Fatalf("%q reads as %+v, error %v", s, got, err)
		}
	})
}

func TestSnapshotTextIsThatOfPostgres(t *testing.T) {
	for text, want := range map[string]freshness.Snapshot{
		"10:20:10,14,15": {Xmin: 10, Xmax: 20, InFlight: []uint64{10, 14, 15}},
		"731:731:":       {Xmin: 731, Xmax: 731},
	} {
		got, err := freshness.ParseSnapshot(text)
		if err != nil || got.Xmin != want.Xmin || got.Xmax != want.Xmax || !slices.Equal(got.InFlight, want.InFlight) {
			t.Errorf("%q reads as %+v, error %v", text, got, err)
		}
		if want.String() != text {
			t.Errorf("%+v is written %q, want %q", want, want, text)
		}
	}
}

func TestInvalidSnapshotsAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "10", "10:20", "10:20:10:", "20:10:", "a:20:", "10:b:", "-1:20:", "10:20:x", "10:20:9", "10:20:20",
		"10:20:14,12", "10:20:12,12", "10:20:12,", "10:20:,12", "10:20: 12", "10:18446744073709551616:",
	} {
		if s, err := freshness.ParseSnapshot(text); !errors.Is(err, freshness.ErrInvalidSnapshot) {
			t.Errorf("%q reads as %+v, error %v", text, s, err)
		}
	}
}

func FuzzParseSnapshot(f *testing.F) {
	for _, text := range []string{"10:20:10,14,15", "731:731:", "20:10:", "10:20:14,12"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := freshness.ParseSnapshot(text)
		if err != nil {
			if !errors.Is(err, freshness.ErrInvalidSnapshot) {
				t.Errorf("the error is %v", err)
			}
			return
		}
		again, err := freshness.ParseSnapshot(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("%q reads as %s, and that as %s, error %v", text, s, again, err)
		}
		for _, tx := range s.InFlight {
			if s.Sees(tx) {
				t.Errorf("%s sees transaction %d, which was in flight", s, tx)
			}
		}
	})
}

// Postgres transactions are below 2^63, and it answers a snapshot with a higher number with an error.
func TestASnapshotWithAnImpossibleTransactionIsRefused(t *testing.T) {
	for _, text := range []string{
		"1:9223372036854775808:", "9223372036854775808:9223372036854775808:", "1:18446744073709551615:",
		"1:2:9223372036854775808",
		"1:18446744073709551616:", "-1:1:", "+1:1:", "1_0:20:",
	} {
		if s, err := freshness.ParseSnapshot(text); err == nil {
			t.Errorf("%s is read as %v", text, s)
		}
	}
	if _, err := freshness.ParseSnapshot("1:9223372036854775807:"); err != nil {
		t.Error(err)
	}
}
