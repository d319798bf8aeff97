package migrations_test

import "testing"

func TestSQLiteRefusesReplaceWhichWouldDeleteUnseen(t *testing.T) {
	db := openSQLite(t)
	exec(t, db, insertOne, insertTwo, "UPDATE properties SET reference = 'taken' WHERE id = '"+one+"'")
	const reason = "use ON CONFLICT DO UPDATE"
	wantRefused(t, db, "REPLACE"+insertOne[len("INSERT"):], reason)
	wantRefused(t, db, "INSERT OR REPLACE INTO properties (reference, title, price, location)"+
		" VALUES ('taken', 'T', 1, 'L')",
		reason)
	wantRefused(t, db, "UPDATE OR REPLACE properties SET reference = 'taken' WHERE id = '"+two+"'", reason)
	exec(t, db,
		"INSERT OR REPLACE INTO properties (title, price, location) VALUES ('new', 1, 'L')",
		"INSERT OR IGNORE INTO properties (reference, title, price, location) VALUES ('taken', 'T', 1, 'L')")
	if got, want := ops(readFeed(t, db)), "insert 1, insert 1, update 2, insert 1"; got != want {
		t.Errorf("recorded %s, want %s", got, want)
	}
}

func TestSQLiteReportsATakenReferenceAsSuch(t *testing.T) {
	db := openSQLite(t)
	exec(t, db, insertOne, insertTwo, "UPDATE properties SET reference = 'taken' WHERE id = '"+one+"'")
	const reason = "UNIQUE constraint failed: properties.reference (2067)"
	wantRefused(t, db, "INSERT INTO properties (reference, title, price, location) VALUES ('taken', 'T', 1, 'L')", reason)
	wantRefused(t, db, "UPDATE properties SET reference = 'taken' WHERE id = '"+two+"'", reason)
}

func TestSQLiteRecordsTheSameWithRecursiveTriggers(t *testing.T) {
	db := openSQLite(t)
	db.SetMaxOpenConns(1)
	exec(t, db, "PRAGMA recursive_triggers = ON", insertOne, "UPDATE properties SET price = 2",
		"UPDATE properties SET version = 77", "DELETE FROM properties", insertOne)
	if got, want := ops(readFeed(t, db)), "insert 1, update 2, update 3, delete 4, insert 5"; got != want {
		t.Errorf("recorded %s, want %s", got, want)
	}
}

func TestSQLiteRefusesTextThatIsCutOrNotText(t *testing.T) {
	db := openSQLite(t)
	for _, title := range []string{"'a' || char(0) || 'b'", "x'6162'", "'a' || char(133)"} {
		wantRefused(t, db, insertWith("title", title), "CHECK constraint failed")
	}
	for _, id := range []string{"upper('" + one + "')", "'" + one + "' || char(0)", "x'00'"} {
		wantRefused(t, db, insertWith("id", id), "CHECK constraint failed")
	}
	wantRefused(t, db, insertWith("price", "1.005"), "CHECK constraint failed")
	wantRefused(t, db, insertWith("created_at", "'2026-01-01 00:00:00'"), "CHECK constraint failed")
	wantRefused(t, db, insertWith("bedrooms", "2.5"), "CHECK constraint failed")
}

func TestSQLiteNumbersChangesAsTransactions(t *testing.T) {
	db := openSQLite(t)
	exec(t, db, insertOne, insertTwo, "DELETE FROM property_changes",
		"UPDATE properties SET price = 2 WHERE id = '"+one+"'")
	var seq, tx int
	if err := db.QueryRowContext(t.Context(), "SELECT seq, tx FROM property_changes").Scan(&seq, &tx); err != nil {
		t.Fatal(err)
	}
	if seq != 3 || tx != seq {
		t.Errorf("seq %d, tx %d; want 3 for both, never a number used before", seq, tx)
	}
}
