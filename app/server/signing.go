package server

import (
	"context"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/app/config"
)

// signing keeps the keys that sign the records of a shared cache up to date. It reads and renews them now and then,
// and soon after a record was signed with a key that this process does not have.
type signing struct {
	keys  *cached.Keyring
	limit time.Duration // for one refresh
	log   *zap.Logger
	away  bool // the last refresh failed
}

const (
	signingPause = 10 * time.Minute
	// signingGap is the shortest time between two refreshes: any writer of the cache can name unknown keys.
	signingGap = 2 * time.Second
)

// newKeyring returns the signing keys of the query cache: those of all processes for a shared cache.
func newKeyring(db *bunstore.DB, c *config.Config) *cached.Keyring {
	if c.OwnCache() {
		return cached.OwnKeyring()
	}
	return cached.NewKeyring(db.SigningKeys(), c.Cache.TTL)
}

// sign reads the keys before anything is cached. Without them the cache is bypassed until they can be read.
func sign(lc fx.Lifecycle, keys *cached.Keyring, log *zap.Logger, c *config.Config) {
	if c.OwnCache() {
		return
	}
	s := &signing{keys: keys, limit: c.Database.QueryTimeout, log: log.Named("cache")}
	lc.Append(fx.StartHook(s.refresh))
	background(lc, s.run)
}

// run refreshes until the context ends.
func (s *signing) run(ctx context.Context) {
	for {
		if !pause(ctx, signingGap) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.keys.Unknown():
		case <-time.After(signingPause):
		}
		s.refresh(ctx)
	}
}

// pause waits, and reports whether the context has not ended meanwhile.
func pause(ctx context.Context, length time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(length):
		return true
	}
}

// refresh reads the keys once, and logs the first failure and the first success after it.
func (s *signing) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	err := s.keys.Refresh(ctx)
	switch {
	case err != nil && !s.away:
		s.log.Warn("cannot read signing keys, using those in memory", zap.Error(err))
	case err == nil && s.away:
		s.log.Info("signing keys readable again")
	}
	s.away = err != nil
}
