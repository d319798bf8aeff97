package bunstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// SQLite has one writer at a time, so changes are committed in the order of seq, and a position in the feed is the
// seq of a change with its mark. The mark distinguishes two changes with the same seq: a file that is put back to an
// older state makes other changes with numbers that it has used before. Where the mark is the same, everything before
// is the same, too.

// point is a position in the feed. The zero point stands before every change.
type point struct {
	seq  int64
	mark string // of the change with this seq
}

// sqliteCursor begins a cursor, so that it is not taken for a cursor of Postgres: "s12.9f86d081884c7d65".
const sqliteCursor = "s"

func (p point) String() string { return sqliteCursor + strconv.FormatInt(p.seq, 10) + "." + p.mark }

// parsePoint reads a cursor. One of Postgres is gone: it is from before a move of the database.
func parsePoint(text string) (point, error) {
	p, ok := readPoint(text)
	if ok {
		return p, nil
	}
	return point{}, cursorError(text)
}

// readPoint is parsePoint without errors. Older programs wrote cursors without marks; no change has an empty mark, so
// these are gone.
func readPoint(text string) (point, bool) {
	digits, mark, marked := strings.Cut(strings.TrimPrefix(text, sqliteCursor), ".")
	seq, err := strconv.ParseInt(digits, 10, 64)
	if !strings.HasPrefix(text, sqliteCursor) || err != nil || seq < 0 || len(mark) > 2*markBytes {
		return point{}, false
	}
	if !marked {
		mark = "none"
	}
	return point{seq, mark}, true
}

// feedPoint is the point as a freshness.Point: it has seen every change up to this one. A change's seq is its
// transaction.
func (p point) feedPoint(epoch string) freshness.Point {
	return freshness.Point{Epoch: epoch, Snapshot: freshness.Snapshot{Xmin: uint64(p.seq) + 1, Xmax: uint64(p.seq) + 1}}
}

const markBytes = 8

// mark is a digest of what distinguishes the change from any other with this seq: the listing, its version and the
// time.
func (r *changeRow) mark() string {
	id := ""
	if r.PropertyID != nil {
		id = property.ID(*r.PropertyID).String()
	}
	sum := sha256.Sum256(fmt.Append(nil, r.Op, " ", id, " ", r.Version, " ", r.ChangedAt))
	return hex.EncodeToString(sum[:markBytes])
}

func (r *changeRow) point() point { return point{r.Seq, r.mark()} }

// markColumns are the columns that a mark is made of.
const markColumns = "seq, op, property_id, version, changed_at"

// sqliteState is where the feed stands: the last change removed, the last change made, and how changes are recorded.
type sqliteState struct {
	Pruned     int64  `bun:"pruned"`
	PrunedMark string `bun:"pruned_mark"`
	Last       int64  `bun:"last"`
	Schema     int64  `bun:"schema"`
	Recorders  int    `bun:"recorders"`

	marks map[int64]string // of the requested changes that are there
}

// sqliteRecorders are the triggers without which listings change unrecorded. Any change of the schema, including one
// of these triggers, gives the file another schema_version.
var sqliteRecorders = []string{
	"properties_replace_by_insert", "properties_replace_by_update", "properties_keep_id",
	"properties_on_insert", "properties_on_update", "properties_on_delete",
}

var sqliteStateSQL = `
SELECT coalesce((SELECT seq FROM feed_retention), 0) AS pruned,
    coalesce((SELECT mark FROM feed_retention), '') AS pruned_mark,
    coalesce((SELECT max(seq) FROM property_changes), (SELECT seq FROM feed_retention), 0) AS last,
    (SELECT schema_version FROM pragma_schema_version) AS schema,
    (SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'properties'
        AND name IN ('` + strings.Join(sqliteRecorders, "', '") + `')) AS recorders`

// read reads where the feed stands, and the marks of its end and of these changes.
func (s *sqliteState) read(ctx context.Context, tx bun.IDB, seqs ...int64) error {
	if err := tx.NewRaw(sqliteStateSQL).Scan(ctx, s); err != nil {
		return err
	}
	if s.Recorders < len(sqliteRecorders) {
		return fmt.Errorf("a trigger of properties is missing: %w", errNotRecorded)
	}
	var rows []changeRow
	err := tx.NewRaw("SELECT "+markColumns+" FROM property_changes WHERE seq IN (?)", bun.List(append(seqs, s.Last))).
		Scan(ctx, &rows)
	s.marks = map[int64]string{0: "", s.Pruned: s.PrunedMark}
	for i := range rows {
		s.marks[rows[i].Seq] = rows[i].mark()
	}
	return err
}

// has reports whether the change at the point is part of this history.
func (s *sqliteState) has(p point) bool {
	mark, found := s.marks[p.seq]
	return found && mark == p.mark
}

func (s *sqliteState) end() point { return point{s.Last, s.marks[s.Last]} }

// changes reads where the feed stands and the changes in one transaction, so that they agree.
func (d sqliteDialect) changes(ctx context.Context, db *bun.DB, after string, left room) (page feedPage, err error) {
	known := d.history.known()
	from := point{}
	if after != "" {
		if from, err = parsePoint(after); err != nil {
			return feedPage{}, err
		}
	}
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var now sqliteState
		if err := now.read(ctx, tx, known.seq, from.seq); err != nil {
			return err
		}
		epoch := d.checkEpoch(known, &now)
		if after == "" {
			from = point{now.Pruned, now.PrunedMark}
		}
		if from.seq < now.Pruned || !now.has(from) {
			return ports.ErrFeedCursorGone
		}
		rows, err := tx.NewSelect().Model((*changeRow)(nil)).
			Where("c.seq > ?", from.seq).Order("c.seq").Limit(int64(left.changes) + 1).Rows(ctx)
		if err != nil {
			return err
		}
		page.changes, page.more, err = fill(ctx, db, rows, left, func(r *changeRow) *changeRow { return r })
		page.setPoints(now.end(), epoch)
		return err
	})
	return page, err
}

// checkEpoch returns the epoch of the file as it is. The epoch changes when the file lacks the latest change that this
// process knows, or when changes may have gone unrecorded.
func (d sqliteDialect) checkEpoch(known knownPoint, now *sqliteState) string {
	epoch, renewed := d.history.follow(known, now)
	if renewed && d.file != nil {
		d.file.recycle()
	}
	return epoch
}

// setPoints sets the cursors after the page and each of its changes, and the page's feed point; end is the feed's.
func (p *feedPage) setPoints(end point, epoch string) {
	for i := range p.changes {
		p.cursors = append(p.cursors, p.changes[i].point().String())
	}
	if n := len(p.changes); p.more && n > 0 {
		end = p.changes[n-1].point()
	}
	p.next, p.point = end.String(), end.feedPoint(epoch)
}

func (d sqliteDialect) head(
	ctx context.Context, db bun.IDB, back int,
) (cursor string, point freshness.Point, err error) {
	known := d.history.known()
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var now sqliteState
		if err := now.read(ctx, tx, known.seq); err != nil {
			return err
		}
		epoch := d.checkEpoch(known, &now)
		if seq := max(now.Last-int64(back), now.Pruned); seq != now.Last {
			if err := now.read(ctx, tx, seq); err != nil {
				return err
			}
			now.Last = seq
		}
		cursor, point = now.end().String(), now.end().feedPoint(epoch)
		return nil
	})
	return cursor, point, err
}

func (sqliteDialect) pruneBatch(ctx context.Context, tx bun.IDB, before instant) (int64, error) {
	var removed []changeRow
	err := tx.NewRaw(`DELETE FROM property_changes WHERE seq IN (
		SELECT seq FROM (SELECT seq, changed_at FROM property_changes ORDER BY seq LIMIT ?) AS oldest WHERE changed_at < ?)
		RETURNING `+markColumns, pruneBatch, before).Scan(ctx, &removed)
	if err != nil || len(removed) == 0 {
		return 0, err
	}
	last := slices.MaxFunc(removed, func(a, b changeRow) int { return int(a.Seq - b.Seq) })
	_, err = tx.NewRaw(`INSERT INTO feed_retention (id, seq, mark) VALUES (1, ?0, ?1)
		ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, mark = excluded.mark WHERE seq < excluded.seq`,
		last.Seq, last.mark()).Exec(ctx)
	return int64(len(removed)), err
}
