package cached_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// ring is a process's keyring over the store that all processes share.
func ring(t *testing.T, store ports.SigningKeyRepository) *cached.Keyring {
	t.Helper()
	keys := cached.NewKeyring(store, time.Hour)
	refresh(t, keys)
	return keys
}

func refresh(t *testing.T, keys *cached.Keyring) {
	t.Helper()
	if err := keys.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func with(keys *cached.Keyring) func(*cached.Options) {
	return func(o *cached.Options) { o.Keys = keys }
}

func TestProcessesWithTheSameKeysShareWhatTheyCache(t *testing.T) {
	w, store := newTown(t), &memory.SigningKeyRepository{}
	a, b := w.open(0, with(ring(t, store))), w.open(0, with(ring(t, store)))
	a.wantAbsent(idOf(1), cachestat.OutcomeMiss)
	b.wantAbsent(idOf(1), cachestat.OutcomeHit)
	foreign := w.open(0, with(ring(t, &memory.SigningKeyRepository{})))
	foreign.wantAbsent(idOf(1), cachestat.OutcomeMiss)
	foreign.wantAbsent(idOf(1), cachestat.OutcomeHit)
	a.wantAbsent(idOf(1), cachestat.OutcomeMiss)
	if n := a.counters.Errors() + b.counters.Errors() + foreign.counters.Errors(); n != 0 {
		t.Errorf("%d failures are counted; a key may be unknown", n)
	}
}

func TestAKeyIsJoinedByANewOneEachDayAndRemovedWhenItsRecordsHaveExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := newTown(t), &memory.SigningKeyRepository{}
		keys := ring(t, store)
		a, late := w.open(0, with(keys)), ring(t, store)
		b := w.open(0, with(late))
		time.Sleep(24 * time.Hour)
		a.catchUp()
		b.catchUp()
		refresh(t, keys)
		a.wantAbsent(idOf(1), cachestat.OutcomeMiss) // signed with the key of the first day
		time.Sleep(time.Minute)
		refresh(t, keys)
		a.wantAbsent(idOf(1), cachestat.OutcomeHit)
		a.wantAbsent(idOf(2), cachestat.OutcomeMiss) // and with that of the second
		b.wantAbsent(idOf(1), cachestat.OutcomeHit)
		b.wantAbsent(idOf(2), cachestat.OutcomeMiss) // b does not know it yet, and Unknown reports it
		select {
		case <-late.Unknown():
			refresh(t, late)
		default:
			t.Fatal("the new key is not reported")
		}
		a.wantAbsent(idOf(2), cachestat.OutcomeHit) // b has written it with the old key
		b.wantAbsent(idOf(3), cachestat.OutcomeMiss)
		a.wantAbsent(idOf(3), cachestat.OutcomeHit)
		if n := len(stored(t, store)); n != 2 {
			t.Errorf("%d keys are stored on the second day", n)
		}
		time.Sleep(3 * time.Hour)
		refresh(t, keys)
		if n := len(stored(t, store)); n != 1 {
			t.Errorf("%d keys are stored when nothing signed with the first can be used", n)
		}
	})
}

// stored returns the keys in the store.
func stored(t *testing.T, store ports.SigningKeyRepository) []ports.SigningKey {
	t.Helper()
	keys, err := store.RotateSigningKeys(t.Context(), ports.SigningKey{}, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// awayKeys is a store of keys that can be unreachable.
type awayKeys struct {
	ports.SigningKeyRepository
	err error
}

func (a *awayKeys) RotateSigningKeys(
	ctx context.Context, next ports.SigningKey, renewed, expired time.Time,
) ([]ports.SigningKey, error) {
	if a.err != nil {
		return nil, a.err
	}
	return a.SigningKeyRepository.RotateSigningKeys(ctx, next, renewed, expired)
}

func TestWithoutTheDatabaseAProcessGoesOnWithTheKeysItHas(t *testing.T) {
	w, store := newTown(t), &awayKeys{SigningKeyRepository: &memory.SigningKeyRepository{}}
	keys := ring(t, store)
	a := w.open(0, with(keys))
	store.err = ports.ErrUnavailable
	if err := keys.Refresh(t.Context()); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("refresh: %v", err)
	}
	a.wantAbsent(idOf(1), cachestat.OutcomeMiss)
	a.wantAbsent(idOf(1), cachestat.OutcomeHit)
}

func TestWithoutAnyKeyNothingIsCachedAndNothingCachedIsUsed(t *testing.T) {
	w, store := newTown(t), &memory.SigningKeyRepository{}
	w.open(0, with(ring(t, store))).wantAbsent(idOf(1), cachestat.OutcomeMiss)
	keys := cached.NewKeyring(store, time.Hour)
	a := w.open(0, with(keys))
	sets := w.cache.sets()
	a.wantAbsent(idOf(1), cachestat.OutcomeMiss)
	a.wantAbsent(idOf(2), cachestat.OutcomeMiss)
	if w.cache.sets() != sets {
		t.Error("something was cached without a signature")
	}
	refresh(t, keys)
	a.wantAbsent(idOf(1), cachestat.OutcomeHit)
}

func TestAKeyThatCannotSignIsRefused(t *testing.T) {
	store := &memory.SigningKeyRepository{}
	short := ports.SigningKey{ID: "0123456789ABCDEF", Secret: []byte("short"), CreatedAt: time.Now()}
	if _, err := store.RotateSigningKeys(t.Context(), short, time.Now().Add(-time.Hour), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := cached.NewKeyring(store, time.Hour).Refresh(t.Context()); err == nil {
		t.Error("a key of five bytes is in use")
	}
}
