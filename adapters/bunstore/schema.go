package bunstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"github.com/gable-listings/gable/migrations"
)

// The reasons why a schema cannot be used.
var (
	// ErrSchemaOlder says that the database lacks migrations of this program.
	ErrSchemaOlder = errors.New("the database schema is older than this program: run `gable migrate up`")
	// ErrSchemaNewer says that a newer program has migrated the database to a schema that this program cannot run on.
	ErrSchemaNewer = errors.New("this program is older than the database schema: run the newer program")
)

// Migration is one step of the schema.
type Migration struct {
	Name      string    // number and words, such as 20261123000001_properties
	AppliedAt time.Time // zero when it has not been applied

	oldest string // the oldest program that runs on the schema after it: the number of that program's newest migration
}

func (m Migration) applied() bool { return !m.AppliedAt.IsZero() }

func (m Migration) number() string { return numberOf(m.Name) }

func numberOf(name string) string {
	number, _, _ := strings.Cut(name, "_")
	return number
}

// Schema compares the migrations and triggers of this program with those of a database.
type Schema struct {
	Known    []Migration // this program's, oldest first
	Unknown  []Migration // applied by other programs, oldest first
	Triggers TriggerState
}

// Check returns nil when this program runs on the schema: it is the program's own, or newer and compatible. Errors:
// ErrSchemaNewer, ErrSchemaOlder.
func (s *Schema) Check() error {
	if err := s.runsBeside(); err != nil {
		return err
	}
	if len(s.missing()) > 0 {
		return ErrSchemaOlder
	}
	return s.Triggers.check(s.program())
}

// Empty reports whether no migration of any program was applied.
func (s *Schema) Empty() bool { return len(s.Unknown) == 0 && len(s.missing()) == len(s.Known) }

// program is the name of this program: the number of its newest migration.
func (s *Schema) program() string { return s.Known[len(s.Known)-1].number() }

// Note says how the schema differs from this program's own, though the program runs on it. It is empty when the
// schema does not differ.
func (s *Schema) Note() string {
	switch newer := s.Newer(); {
	case newer != "":
		return "newer than this program and compatible: it has " + newer
	case s.Triggers.applied() && !s.Triggers.Own:
		return "compatible: its triggers are those of another program"
	}
	return ""
}

// Newer is the name of the newest migration that this program does not know, or empty.
func (s *Schema) Newer() string {
	if len(s.Unknown) == 0 {
		return ""
	}
	return s.Unknown[len(s.Unknown)-1].Name
}

// runsBeside returns ErrSchemaNewer when a migration or the triggers of another program need a newer program than
// this one.
func (s *Schema) runsBeside() error {
	own := s.program()
	for _, m := range s.Unknown {
		if m.oldest > own {
			return fmt.Errorf("%w (it has %s)", ErrSchemaNewer, m.Name)
		}
	}
	return s.Triggers.runBeside(own)
}

func (s *Schema) missing() []Migration {
	return slices.DeleteFunc(slices.Clone(s.Known), Migration.applied)
}

// newest returns the n migrations that were applied last, newest first. Migrations of a newer program are on top of
// them, and only that program can roll them back.
func (s *Schema) newest(n int) ([]Migration, error) {
	if newer := s.Newer(); newer != "" {
		return nil, fmt.Errorf("%w (it has %s)", ErrSchemaNewer, newer)
	}
	applied := slices.DeleteFunc(slices.Clone(s.Known), func(m Migration) bool { return !m.applied() })
	if n < 1 || n > len(applied) {
		return nil, fmt.Errorf("%d migrations requested, %d applied", n, len(applied))
	}
	slices.Reverse(applied)
	return applied[:n], nil
}

// Schema reads which migrations are applied, and changes nothing. A database that was never migrated has none.
func (db *DB) Schema(ctx context.Context) (*Schema, error) {
	ctx, cancel := db.withTimeout(ctx)
	defer cancel()
	s, err := db.schema(ctx, db.probe)
	return s, db.explain(ctx, "read the state of the schema", err)
}

// CheckSchema returns nil when this program runs on the schema. Errors: as Schema.Check, and ports.ErrUnavailable.
func (db *DB) CheckSchema(ctx context.Context) error {
	s, err := db.Schema(ctx)
	if err != nil {
		return err
	}
	return s.Check()
}

func (db *DB) schema(ctx context.Context, pool *bun.DB) (*Schema, error) {
	ours, err := db.migrations()
	if err != nil {
		return nil, err
	}
	s := &Schema{}
	for _, m := range ours.Sorted() {
		known := Migration{Name: m.String()}
		if known.oldest, err = migrations.OldestProgram(db.dialect.files(), known.Name); err != nil {
			return nil, err
		}
		s.Known = append(s.Known, known)
	}
	applied, err := db.appliedMigrations(ctx, pool)
	if err != nil {
		return nil, err
	}
	for _, a := range applied {
		s.add(a)
	}
	s.Triggers, err = db.triggerState(ctx, pool)
	return s, err
}

// add records that a migration is applied.
func (s *Schema) add(applied Migration) {
	at := slices.IndexFunc(s.Known, func(m Migration) bool { return m.number() == applied.number() })
	if at < 0 {
		s.Unknown = append(s.Unknown, applied)
		return
	}
	s.Known[at].AppliedAt = applied.AppliedAt
}

// The first release looks at migrationsTable and refuses to run when it finds more there than its own migrations. So
// that it can continue to run beside newer programs, that table holds the migrations of the first release and never
// more. schemaTable holds all later migrations, each with the oldest program that runs on it.
const (
	migrationsTable = "gable_migrations"
	schemaTable     = "gable_schema_migrations"
)

// schemaRow is a migration in schemaTable.
type schemaRow struct {
	bun.BaseModel `bun:"table:gable_schema_migrations,alias:m"`

	Name          string    `bun:"name,pk"`
	OldestProgram string    `bun:"oldest_program,notnull"`
	MigratedAt    time.Time `bun:"migrated_at,notnull,nullzero,default:current_timestamp"`
}

// appliedMigrations reads both tables, oldest migration first. A table that does not exist is empty.
func (db *DB) appliedMigrations(ctx context.Context, pool *bun.DB) ([]Migration, error) {
	var first []migrate.Migration
	err := pool.NewSelect().Model(&first).ModelTableExpr(migrationsTable).ColumnExpr("*").Order("name").Scan(ctx)
	if err != nil && !db.dialect.missingTable(err) {
		return nil, err
	}
	var later []schemaRow
	if err := pool.NewSelect().Model(&later).Order("name").Scan(ctx); err != nil && !db.dialect.missingTable(err) {
		return nil, err
	}
	var applied []Migration
	for _, m := range first {
		applied = append(applied, Migration{Name: m.Name, AppliedAt: m.MigratedAt.UTC(), oldest: m.Name})
	}
	for _, m := range later {
		applied = append(applied, Migration{Name: m.Name, AppliedAt: m.MigratedAt.UTC(), oldest: m.OldestProgram})
	}
	return applied, nil
}

// record stores that a migration is applied, or removes that record, on the connection of the migration's own
// transaction.
func (db *DB) record(ctx context.Context, conn bun.IConn, m Migration, up bool) error {
	pool := db.write
	first := migrate.Migration{Name: m.number(), GroupID: 1}
	later := schemaRow{Name: m.Name, OldestProgram: m.oldest}
	var err error
	switch isFirst := m.number() <= migrations.FirstRelease; {
	case up && isFirst:
		_, err = pool.NewInsert().Conn(conn).Model(&first).ModelTableExpr(migrationsTable).Exec(ctx)
	case up:
		_, err = pool.NewInsert().Conn(conn).Model(&later).Exec(ctx)
	case isFirst:
		_, err = pool.NewDelete().Conn(conn).Model(&first).ModelTableExpr(migrationsTable).
			Where("name = ?", first.Name).Exec(ctx)
	default:
		_, err = pool.NewDelete().Conn(conn).Model(&later).WherePK().Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("record migration %s: %w", m.Name, err)
	}
	return nil
}
