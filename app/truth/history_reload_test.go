//go:build unix

package truth

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gable-listings/gable/app/apptest"
)

// reloadPatience is the time limit for a change of the whole table, waiting for others included.
const reloadPatience = time.Minute

// alone works on the table while no other writer does; writes under way have ended. Reads go on.
func (h *history) alone(work func(ctx context.Context)) {
	h.writers.Lock()
	defer h.writers.Unlock()
	ctx, cancel := context.WithTimeout(h.T.Context(), reloadPatience)
	defer cancel()
	apptest.Poll(h.T, "no transaction writes", func() bool {
		var writing int
		err := h.Sql.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND backend_xid IS NOT NULL`).Scan(&writing)
		return err == nil && writing == 0
	})
	work(ctx)
}

// newEdition returns a fault that gives all listings the next edition in one transaction, in its own way.
func newEdition(change func(ctx context.Context, tx pgx.Tx, edition int) error) func(*history, *apptest.Node,
	*rand.Rand) {
	return func(h *history, _ *apptest.Node, _ *rand.Rand) {
		h.alone(func(ctx context.Context) {
			edition := h.beginEdition()
			var after []showing
			err := pgx.BeginFunc(ctx, h.Sql, func(tx pgx.Tx) (err error) {
				if err = change(ctx, tx, edition); err == nil {
					after, err = h.table(ctx, tx)
				}
				return err
			})
			if err != nil {
				h.T.Errorf("edition %d: %v", edition, err)
				return
			}
			h.endEdition(edition, h.now())
			for _, s := range after {
				h.learn(s.listing, s.version, s.price, 0)
			}
		})
	}
}

// table returns the ordinary listings as a transaction sees them.
func (h *history) table(ctx context.Context, tx pgx.Tx) ([]showing, error) {
	rows, err := tx.Query(ctx, "SELECT id::text, version, price::int, bedrooms FROM properties WHERE price < $1",
		historyBands*bandWidth)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s showing, err error) {
		var id string
		err = row.Scan(&id, &s.version, &s.price, &s.edition)
		s.listing = h.index[id]
		return s, err
	})
}

func execAll(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// rewriteColumn changes the column's type, and all its values, and changes the type back.
func rewriteColumn(ctx context.Context, tx pgx.Tx, edition int) error {
	return execAll(ctx, tx,
		fmt.Sprintf("ALTER TABLE properties ALTER COLUMN bedrooms TYPE bigint USING %d", edition),
		"ALTER TABLE properties ALTER COLUMN bedrooms TYPE integer")
}

func updateAll(edition int) string {
	return fmt.Sprintf("UPDATE properties SET bedrooms = %d", edition)
}

// changeWithoutTriggers disables all triggers for a change of all listings, and then restores the state of each.
func changeWithoutTriggers(ctx context.Context, tx pgx.Tx, edition int) error {
	rows, err := tx.Query(ctx, `SELECT format('ALTER TABLE properties %s TRIGGER %I', CASE tgenabled
			WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'D' THEN 'DISABLE' ELSE 'ENABLE' END, tgname)
		FROM pg_trigger WHERE tgrelid = 'properties'::regclass AND NOT tgisinternal`)
	if err != nil {
		return err
	}
	asBefore, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return execAll(ctx, tx, append([]string{
		"ALTER TABLE properties DISABLE TRIGGER ALL", updateAll(edition), "ALTER TABLE properties ENABLE TRIGGER ALL",
	}, asBefore...)...)
}

func changeAsReplica(ctx context.Context, tx pgx.Tx, edition int) error {
	return execAll(ctx, tx, "SET LOCAL session_replication_role = replica", updateAll(edition))
}

// copyBack empties the table and copies its listings back.
func copyBack(ctx context.Context, tx pgx.Tx, edition int) error {
	var columns, values string
	err := tx.QueryRow(ctx, `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
			string_agg(CASE attname WHEN 'bedrooms' THEN $1 ELSE quote_ident(attname) END, ', ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = 'properties'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
		fmt.Sprint(edition)).Scan(&columns, &values)
	if err != nil {
		return err
	}
	var rows bytes.Buffer
	conn := tx.Conn().PgConn()
	if _, err := conn.CopyTo(ctx, &rows, "COPY (SELECT "+values+" FROM properties) TO STDOUT"); err != nil {
		return err
	}
	// Versions continue after the last recorded one of each id, so the present ones have to be recorded.
	if err := execAll(ctx, tx, "UPDATE properties SET bedrooms = bedrooms", "TRUNCATE properties"); err != nil {
		return err
	}
	_, err = conn.CopyFrom(ctx, &rows, "COPY properties ("+columns+") FROM STDIN")
	return err
}

// writeTableAnew changes where the table is stored, and nothing else.
func writeTableAnew(h *history, _ *apptest.Node, _ *rand.Rand) {
	ctx, cancel := context.WithTimeout(h.T.Context(), reloadPatience)
	defer cancel()
	if _, err := h.Sql.Exec(ctx, "VACUUM FULL properties"); err != nil {
		h.T.Error(err)
	}
}

// reloadDump restores a dump of the tables over them, as pg_dump --clean | psql does. Tables and triggers are dropped,
// the rows come back, and the triggers come last. Before the triggers the listings get the next edition.
func reloadDump(h *history, _ *apptest.Node, _ *rand.Rand) {
	dump, err := exec.LookPath("pg_dump")
	psql, other := exec.LookPath("psql")
	if err != nil || other != nil {
		h.T.Logf("skip the reload: pg_dump and psql are missing (postgresql-client)")
		return
	}
	h.alone(func(ctx context.Context) {
		run := func(in, program string, args ...string) string {
			cmd := exec.CommandContext(ctx, program, args...)
			var out, errors bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &errors
			if err := cmd.Run(); err != nil {
				h.T.Fatalf("%s: %v: %s", program, err, &errors)
			}
			return out.String()
		}
		var drop, create, triggers string
		edition, back := 0, func(time.Duration) {}
		err := pgx.BeginFunc(ctx, h.Sql, func(tx pgx.Tx) error {
			// A write whose answer was lost may still commit. It must not come between the dump and the end of the tables.
			if err := execAll(ctx, tx, "LOCK TABLE properties, property_changes IN SHARE ROW EXCLUSIVE MODE"); err != nil {
				return err
			}
			drop, create, triggers = h.parts(run("", dump, "--clean", "--table", "properties", "--table", "property_changes",
				h.Database))
			edition = h.beginEdition()
			back = h.beginAbsence(h.now())
			_, err := tx.Conn().PgConn().Exec(ctx, drop).ReadAll()
			return err
		})
		if err != nil {
			h.T.Errorf("drop the tables: %v", err)
			return
		}
		run(create+strings.Replace(updateAll(edition), "properties", "public.properties", 1)+";\n"+triggers,
			psql, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", h.Database)
		back(h.now())
		h.endEdition(edition, h.now())
	})
}

// parts splits a dump: what drops the tables, what makes and fills them, and what makes the triggers.
func (h *history) parts(script string) (drop, create, triggers string) {
	var lines []string
	for line := range strings.Lines(script) {
		if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
			lines = append(lines, line)
		}
	}
	script = strings.Join(lines, "")
	from, to := strings.Index(script, "DROP "), strings.Index(script, "CREATE TABLE")
	if first := strings.Index(script, "ALTER TABLE"); first < from {
		from = first
	}
	at := strings.Index(script, "CREATE TRIGGER")
	if from < 0 || to < from || at < to {
		h.T.Fatal("the dump does not drop and create tables and triggers")
	}
	return script[from:to], script[:from] + script[to:at], script[at:]
}
