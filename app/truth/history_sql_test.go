//go:build unix

package truth

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gable-listings/gable/app/apptest"
)

// writeBySQL changes listings around the program. It changes several at once, by a statement that is recorded as a
// reset and by one that is rolled back, and deletes listings and inserts them again.
func (h *history) writeBySQL(ctx context.Context, r *rand.Rand) {
	pace := time.NewTicker(80 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		h.writers.RLock()
		limited, cancel := context.WithTimeout(ctx, apptest.WirePatience)
		switch n := r.IntN(10); {
		case n < 6:
			h.changeTogether(limited, r, n == 0)
		case n < 9:
			h.removeOrReturn(limited, r, historyListings-1-r.IntN(historyRemoved))
		default:
			h.rollBack(limited, r)
		}
		cancel()
		h.writers.RUnlock()
	}
}

func (h *history) changeTogether(ctx context.Context, r *rand.Rand, asReset bool) {
	chosen := r.Perm(historyListings)[:2+r.IntN(5)]
	price := r.IntN(historyBands * bandWidth)
	var ids []string
	for _, i := range chosen {
		ids = append(ids, h.ids[i])
		h.listings[i].begin()
	}
	var members []member
	err := h.inSession(ctx, r, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if asReset {
			if _, err := tx.Exec(ctx, "SET LOCAL gable.reset_rows = 0"); err != nil {
				return err
			}
		}
		// Rows are locked in one order, so that two writers never wait for each other.
		rows, err := tx.Query(ctx, `WITH locked AS (
				SELECT id FROM public.properties WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE)
			UPDATE public.properties p
			SET price = $2, latitude = sqrt($2 + 0.1::float8), longitude = -sqrt($2 + 0.3::float8)
			FROM locked WHERE p.id = locked.id RETURNING p.id::text, p.version`, ids, price)
		if err != nil {
			return err
		}
		members, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (member, error) {
			var id string
			var version int
			err := row.Scan(&id, &version)
			return member{h.index[id], version}, err
		})
		return err
	})
	if err == nil {
		group := h.together(members)
		for _, m := range members {
			h.learn(m.listing, m.version, price, group)
		}
		h.wrote()
	}
	for _, i := range chosen {
		h.listings[i].end(h.now(), err == nil)
	}
}

// removeOrReturn deletes a listing that is there and inserts one that is not, in the edition of the others.
func (h *history) removeOrReturn(ctx context.Context, r *rand.Rand, listing int) {
	b, price := &h.listings[listing], r.IntN(historyBands*bandWidth)
	b.begin()
	var version int
	gone := true
	err := h.inSession(ctx, r, pgx.TxOptions{}, func(tx pgx.Tx) error {
		id := h.ids[listing]
		// Versions continue after the last recorded one of an id, so the deletion has to be recorded.
		if err := execAll(ctx, tx, "SET LOCAL gable.reset_rows = 1000"); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, "DELETE FROM public.properties WHERE id = $1 RETURNING version", id).Scan(&version)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		gone = false
		return tx.QueryRow(ctx, `INSERT INTO public.properties (id, title, price, location, bedrooms)
			SELECT $1, 'listing', $2, 'Here', max(bedrooms) FROM public.properties RETURNING version`, id, price).Scan(&version)
	})
	if err == nil {
		if gone {
			version, price = version+1, absentPrice
		}
		h.learn(listing, version, price, 0)
		h.wrote()
	}
	b.end(h.now(), err == nil)
}

func (h *history) rollBack(ctx context.Context, r *rand.Rand) {
	tx, err := h.Sql.Begin(ctx)
	if err != nil {
		return
	}
	_, _ = tx.Exec(ctx, "UPDATE properties SET price = $2 WHERE id = $1", h.ids[r.IntN(historyListings)], forbiddenPrice)
	_ = tx.Rollback(ctx)
}
