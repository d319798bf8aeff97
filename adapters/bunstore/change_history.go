package bunstore

import (
	"context"
	"math"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// ChangeHistory is a ports.ChangeHistory over property_changes. Changes are ordered by seq.
type ChangeHistory struct{ db *DB }

var _ ports.ChangeHistory = (*ChangeHistory)(nil)

// historyRow is a change and its actor.
type historyRow struct {
	changeRow

	Actor string `bun:"actor"`
}

// historySQL reads the index on (property_id, seq) backwards, once for the listing and once for the resets. Resets
// have no property_id; ordering by it only helps the planner. Version 1 is the insert of a listing.
const historySQL = `
SELECT * FROM (
    SELECT * FROM (
        SELECT ` + changeColumns + `, actor FROM property_changes
        WHERE property_id = ?0 AND seq < ?1 ORDER BY seq DESC LIMIT ?2
    ) AS own
    UNION ALL
    SELECT * FROM (
        SELECT ` + changeColumns + `, actor FROM property_changes
        WHERE property_id IS NULL AND seq < ?1 AND seq > coalesce((
            SELECT CASE version WHEN 1 THEN seq END FROM property_changes
            WHERE property_id = ?0 ORDER BY seq LIMIT 1), 0)
        ORDER BY property_id DESC, seq DESC LIMIT ?2
    ) AS resets
) AS c ORDER BY seq DESC LIMIT ?2`

// History is described at ports.ChangeHistory.
func (h *ChangeHistory) History(
	ctx context.Context, id property.ID, before int64, limit int,
) (ports.HistoryPage, error) {
	ctx, cancel := h.db.withTimeout(ctx)
	defer cancel()
	var rows []historyRow
	err := h.db.retryRead(ctx, func() error {
		rows = nil
		return h.query(id, before, limit).Scan(ctx, &rows)
	})
	if err != nil {
		return ports.HistoryPage{}, h.db.explain(ctx, "read the history of property "+id.String(), err)
	}
	var page ports.HistoryPage
	if len(rows) > limit {
		rows = rows[:limit]
		page.Next = rows[limit-1].Seq
	}
	for i := range rows {
		change := rows[i].change()
		change.Actor = rows[i].Actor
		page.Changes = append(page.Changes, change)
	}
	return page, nil
}

// query asks for one change more than the limit, to find out whether there are more.
func (h *ChangeHistory) query(id property.ID, before int64, limit int) *bun.RawQuery {
	if before == 0 {
		before = math.MaxInt64
	}
	return h.db.read.NewRaw(historySQL, uuid(id), before, int64(limit)+1)
}
