package bunstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

var errBadBatch = fmt.Errorf("a batch has at most %d listings, each with a reference of its own", ports.MaxBatch)

// Upsert is described at ports.PropertyRepository. It reads the stored listings of the batch, and then inserts the
// new and updates the different ones with one statement each. When another process inserts one of the references
// meanwhile, it begins again and finds that listing.
func (r *PropertyRepository) Upsert(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	u := upsert{dialect: r.db.dialect, batch: batch}
	err := u.check()
	for attempt := 1; err == nil; attempt++ {
		err = r.db.domainError(r.db.atomically(ctx, u.run))
		if err == nil {
			r.db.recordCommit(ctx, lastTx(u.stamps))
			return u.result(), nil
		}
		if attempt < attempts && errors.Is(err, property.ErrReferenceTaken) {
			err = ctx.Err()
		}
	}
	return nil, r.db.explain(ctx, fmt.Sprintf("upsert %d properties", len(batch)), err)
}

// Compare is described at ports.PropertyRepository. It reads the stored listings of the batch and locks nothing.
func (r *PropertyRepository) Compare(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	ctx, cancel := r.db.withTimeout(ctx)
	defer cancel()
	u := upsert{dialect: r.db.dialect, batch: batch}
	err := u.check()
	if err == nil {
		err = r.db.retryRead(ctx, func() error { return u.load(ctx, u.stored(r.db.read)) })
	}
	if err != nil {
		return nil, r.db.explain(ctx, fmt.Sprintf("compare %d properties", len(batch)), err)
	}
	return u.compared(), nil
}

// upsert is a batch that is being written, or compared.
type upsert struct {
	dialect           dialect
	batch             []ports.Incoming
	known             map[string]knownRow // by reference, before the write
	inserted, updated []property.Property // from the batch, with the ids they are stored under
	stamps            map[uuid]stamp
}

// knownRow is a listing as it was before the batch, and the transaction that wrote it, as read by the dialect's
// writerSQL.
type knownRow struct {
	bun.BaseModel `bun:"table:properties,alias:p"`

	row

	Writer int64 `bun:"writer,scanonly"`
}

// stamp is the values that the database set when it wrote a listing.
type stamp struct {
	bun.BaseModel `bun:"table:properties"`

	ID        uuid    `bun:"id"`
	Version   int64   `bun:"version"`
	CreatedAt instant `bun:"created_at"`
	UpdatedAt instant `bun:"updated_at"`
	Tx        int64   `bun:"tx"`
	Started   string  `bun:"started"` // empty where the database has one epoch only
}

func (u *upsert) check() error {
	references := make(map[string]bool, len(u.batch))
	for _, p := range u.batch {
		references[p.Reference] = true
	}
	if len(u.batch) > ports.MaxBatch || references[""] || len(references) < len(u.batch) {
		return errBadBatch
	}
	return nil
}

func (u *upsert) run(ctx context.Context, tx bun.IDB) error {
	*u = upsert{dialect: u.dialect, batch: u.batch}
	if err := u.load(ctx, u.dialect.lockRows(u.stored(tx))); err != nil {
		return err
	}
	u.sort()
	if err := u.dialect.writeAsActor(ctx, tx, func() error { return u.write(ctx, tx) }); err != nil {
		return err
	}
	return u.readStamps(ctx, tx)
}

func (u *upsert) write(ctx context.Context, tx bun.IDB) error {
	if len(u.inserted) > 0 {
		rows := rowsOf(u.inserted)
		if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
			return err
		}
	}
	if len(u.updated) > 0 {
		rows := rowsOf(u.updated)
		if _, err := tx.NewUpdate().Model(&rows).Column(detailColumns...).Bulk().Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stored is the query for the stored listings with the batch's references. Batches that lock them do so in the same
// order, and never wait for each other.
func (u *upsert) stored(db bun.IDB) *bun.SelectQuery {
	references := make([]string, len(u.batch))
	for i, p := range u.batch {
		references[i] = p.Reference
	}
	return db.NewSelect().Model((*knownRow)(nil)).Column(columns...).ColumnExpr(u.dialect.writerSQL()+" AS writer").
		Where("p.reference IN (?)", bun.List(references)).Order("p.reference")
}

func (u *upsert) load(ctx context.Context, q *bun.SelectQuery) error {
	var rows []knownRow
	if err := q.Scan(ctx, &rows); err != nil {
		return err
	}
	u.known = make(map[string]knownRow, len(rows))
	for i := range rows {
		u.known[rows[i].Reference.Optional.Value] = rows[i]
	}
	return nil
}

// sort separates new listings from different ones, each in the order of references.
func (u *upsert) sort() {
	for i := range u.batch {
		switch c := u.merge(&u.batch[i]).Change; c.Op {
		case property.OpInsert:
			u.inserted = append(u.inserted, *c.After)
		case property.OpUpdate:
			u.updated = append(u.updated, *c.After)
		}
	}
	byReference := func(a, b property.Property) int { return cmp.Compare(a.Reference, b.Reference) }
	slices.SortFunc(u.inserted, byReference)
	slices.SortFunc(u.updated, byReference)
}

// merge returns what becomes of a listing of the batch, as far as that is known before the write.
func (u *upsert) merge(in *ports.Incoming) ports.Upserted {
	row, known := u.known[in.Reference]
	switch {
	case !known && in.Withdrawal:
		return ports.Upserted{}
	case !known:
		return ports.Upserted{Change: property.Inserted(0, in.Property)}
	}
	before := row.property()
	after := before
	var foreign string
	after.Details, foreign = in.Onto(&before.Details)
	if before.Details.Equal(after.Details) {
		unchanged := property.Change{ID: before.ID, Version: before.Version, After: &before}
		return ports.Upserted{Change: unchanged, Foreign: foreign}
	}
	return ports.Upserted{Change: property.Updated(0, before, after)}
}

func (u *upsert) compared() []ports.Upserted {
	result := make([]ports.Upserted, len(u.batch))
	for i := range u.batch {
		result[i] = u.merge(&u.batch[i])
	}
	return result
}

func (u *upsert) readStamps(ctx context.Context, tx bun.IDB) error {
	var ids []uuid
	for _, p := range u.inserted {
		ids = append(ids, uuid(p.ID))
	}
	for _, p := range u.updated {
		ids = append(ids, uuid(p.ID))
	}
	var err error
	u.stamps, err = readStamps(ctx, tx, u.dialect, ids)
	return err
}

// readStamps reads what the database set in the listings that this transaction has written.
func readStamps(ctx context.Context, tx bun.IDB, d dialect, ids []uuid) (map[uuid]stamp, error) {
	stamps := make(map[uuid]stamp, len(ids))
	if len(ids) == 0 {
		return stamps, nil
	}
	var list []stamp
	if err := tx.NewRaw(d.stampsSQL(), bun.List(ids)).Scan(ctx, &list); err != nil {
		return nil, err
	}
	for _, s := range list {
		stamps[s.ID] = s
	}
	return stamps, nil
}

// lastTx is the latest transaction of a batch; 0 when it wrote nothing.
func lastTx(stamps map[uuid]stamp) (last uint64) {
	for _, s := range stamps {
		last = max(last, uint64(s.Tx))
	}
	return last
}

// result returns the changes in the order of the batch, with the values that the database set.
func (u *upsert) result() []ports.Upserted {
	result := u.compared()
	for i := range result {
		c := &result[i].Change
		s, written := u.stamps[uuid(c.ID)]
		if !written {
			continue
		}
		p := *c.After
		p.Version, p.CreatedAt, p.UpdatedAt = s.Version, s.CreatedAt.time(), s.UpdatedAt.time()
		if c.Op == property.OpUpdate {
			*c = property.Updated(uint64(s.Tx), *c.Before, p)
			c.BeforeTx = u.dialect.writerOf(u.known[p.Reference].Writer, s.Tx)
		} else {
			*c = property.Inserted(uint64(s.Tx), p)
		}
		c.Epoch = u.dialect.epochOf(s.Started)
	}
	return result
}
