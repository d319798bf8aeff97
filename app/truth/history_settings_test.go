//go:build unix

package truth

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gable-listings/gable/app/apptest"
)

// sessionSettings are ways in which a writer's session may differ from the defaults of Postgres. None may affect what
// is recorded.
var sessionSettings = []string{
	"extra_float_digits = -15", "extra_float_digits = 0", "extra_float_digits = 3",
	"DateStyle = 'SQL, DMY'", "DateStyle = 'German'", "DateStyle = 'Postgres, YMD'",
	"IntervalStyle = 'sql_standard'", "IntervalStyle = 'iso_8601'",
	"TimeZone = 'Asia/Kathmandu'", "TimeZone = 'America/St_Johns'", "TimeZone = '<-17:59>+17:59'",
	"bytea_output = 'escape'", "xmlbinary = 'hex'", "lc_numeric = 'C'", "lc_monetary = 'C'",
	"standard_conforming_strings = off", "quote_all_identifiers = on", "array_nulls = off", "transform_null_equals = on",
	"search_path = ''", "search_path = 'pg_temp, public'", "search_path = 'nowhere'",
	"enable_indexscan = off", "enable_hashjoin = off", "plan_cache_mode = 'force_generic_plan'",
	"gable.reset_rows = 1", "gable.reset_rows = 0",
}

// inSession runs a transaction with a few settings of its own, which end with it.
func (h *history) inSession(
	ctx context.Context, r *rand.Rand, options pgx.TxOptions, work func(tx pgx.Tx) error,
) error {
	return pgx.BeginTxFunc(ctx, h.Sql, options, func(tx pgx.Tx) error {
		for range r.IntN(4) {
			if _, err := tx.Exec(ctx, "SET LOCAL "+sessionSettings[r.IntN(len(sessionSettings))]); err != nil {
				return err
			}
		}
		return work(tx)
	})
}

// Reborn listings are deleted and inserted again by a single writer, in ways in which their versions may repeat. Their
// price counts up instead, and takes the version's place in what answers show.
const (
	historyReborn = 4
	rebornPrice   = 2_000_000 // above all searches for others; a serial number is added
)

// reborn is what a listing's writer knows of it.
type reborn struct {
	listing int // its number in the history
	serial  int // of its last state that may have been committed
}

// reinsert deletes listings and inserts them again until the context ends.
func (h *history) reinsert(ctx context.Context, r *rand.Rand) {
	var all []*reborn
	for i := range historyReborn {
		all = append(all, &reborn{historyListings + i, 1})
	}
	pace := time.NewTicker(90 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		limited, cancel := context.WithTimeout(ctx, apptest.WirePatience)
		switch b := all[r.IntN(len(all))]; r.IntN(3) {
		case 0:
			h.replaceInOneStatement(limited, r, b)
		case 1:
			h.insertFromTheOldSnapshot(limited, r, b)
		default:
			h.removeOrInsert(limited, r, b)
		}
		cancel()
	}
}

// change records what a transaction makes of a listing: states that follow one another. Each is a price that contains
// its serial number, or absence. Where the outcome is not known, the numbers are used up.
func (h *history) change(b *reborn, states int, work func(serial int) (absent []bool, err error)) {
	h.writers.RLock()
	defer h.writers.RUnlock()
	life := &h.listings[b.listing]
	life.begin()
	serial := b.serial + 1
	absent, err := work(serial)
	if err == nil {
		for i, gone := range absent {
			price := rebornPrice + serial + i
			if gone {
				price = absentPrice
			}
			h.learn(b.listing, serial+i, price, 0)
		}
		b.serial += len(absent)
		h.wrote()
	} else {
		b.serial += states
	}
	life.end(h.now(), err == nil)
}

const insertReborn = "INSERT INTO public.properties (id, title, price, location) VALUES ($1, 'reborn', $2, 'Here')"

func (h *history) removeOrInsert(ctx context.Context, r *rand.Rand, b *reborn) {
	h.change(b, 1, func(serial int) (absent []bool, err error) {
		err = h.inSession(ctx, r, pgx.TxOptions{}, func(tx pgx.Tx) error {
			gone, err := tx.Exec(ctx, "DELETE FROM public.properties WHERE id = $1", h.ids[b.listing])
			if absent = []bool{true}; err != nil || gone.RowsAffected() > 0 {
				return err
			}
			absent = []bool{false}
			_, err = tx.Exec(ctx, insertReborn, h.ids[b.listing], rebornPrice+serial)
			return err
		})
		return absent, err
	})
}

// replaceInOneStatement deletes the listing and inserts it again in one statement.
func (h *history) replaceInOneStatement(ctx context.Context, r *rand.Rand, b *reborn) {
	h.change(b, 1, func(serial int) (absent []bool, err error) {
		err = h.inSession(ctx, r, pgx.TxOptions{}, func(tx pgx.Tx) error {
			replaced, err := tx.Exec(ctx, `WITH gone AS (DELETE FROM public.properties WHERE id = $1 RETURNING id)
				INSERT INTO public.properties (id, title, price, location) SELECT id, 'reborn', $2, 'Here' FROM gone`,
				h.ids[b.listing], rebornPrice+serial)
			if err == nil && replaced.RowsAffected() > 0 {
				absent = []bool{false}
			}
			return err
		})
		return absent, err
	})
}

// insertFromTheOldSnapshot inserts a listing that was absent in the transaction's snapshot; others have inserted and
// deleted it since.
func (h *history) insertFromTheOldSnapshot(ctx context.Context, r *rand.Rand, b *reborn) {
	id := h.ids[b.listing]
	h.change(b, 3, func(serial int) (absent []bool, err error) {
		err = h.inSession(ctx, r, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
			var there bool
			err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM public.properties WHERE id = $1)", id).Scan(&there)
			if err != nil || there {
				return err
			}
			for i, statement := range []string{insertReborn, "DELETE FROM public.properties WHERE id = $1 AND price = $2"} {
				if _, err := h.Sql.Exec(ctx, statement, id, rebornPrice+serial); err != nil {
					return fmt.Errorf("step %d: %w", i, err)
				}
			}
			absent = []bool{false, true, false}
			_, err = tx.Exec(ctx, insertReborn, id, rebornPrice+serial+2)
			return err
		})
		if absent != nil && isSerialization(err) {
			return absent[:2], nil
		}
		return absent, err
	})
}

// isSerialization reports whether a transaction has certainly changed nothing because it lost a race with another.
func isSerialization(err error) bool {
	var refusal interface{ SQLState() string }
	return errors.As(err, &refusal) && refusal.SQLState() == "40001"
}
