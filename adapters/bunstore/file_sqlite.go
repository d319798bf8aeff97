package bunstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/gable-listings/gable/ports"
)

// sqliteFile is the database file at a path. An open connection stays with its file when another one takes that path,
// and the two would not see each other's changes. So every use of a connection checks whether its file is still the
// one at the path. If not, all connections are closed, and only then does the next one open the new file: SQLite
// finds the log of a database by its path, too, and would read that of the old file into the new one. The last
// connection to the old file therefore empties its log into it.
type sqliteFile struct {
	path string

	mu         sync.Mutex
	now        *openedFile // of the open connections; nil before the first; guarded by mu, as are the fields below
	generation int         // connections of an earlier one are closed at their next use
	old        int         // connections to files that were at the path before
	pools      []*sql.DB   // of its connections; set before the first is used
}

// openedFile is a file found at the path, and the number of connections to it. The mutex of the sqliteFile guards the
// numbers.
type openedFile struct {
	info           os.FileInfo
	conns, leaving int // those that are open, and those of them that are being closed
}

var errFileReplaced = fmt.Errorf("the database file has been replaced, and the old one is still in use: %w",
	ports.ErrUnavailable)

// findFile creates the file if it does not exist, or refuses it.
func (db *DB) findFile(path string) error {
	if !db.options.MustExist {
		return createFile(path)
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("find the database file: %w", err)
	}
	return nil
}

// createFile creates the file if it does not exist, readable for its owner alone.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the operator's own path
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return fmt.Errorf("create the database file: %w: %w", ports.ErrUnavailable, err)
	}
	return f.Close()
}

// beginOpen counts a connection that is about to be opened, and returns its file and generation.
func (f *sqliteFile) beginOpen() (on *openedFile, generation int, err error) {
	f.mu.Lock()
	replaced, err := f.checkPath()
	if err == nil && f.old > 0 {
		err = errFileReplaced
	}
	if err == nil {
		f.now.conns++
	}
	on, generation = f.now, f.generation
	f.mu.Unlock()
	if replaced {
		f.closeIdle()
	}
	return on, generation, err
}

// current reports whether a connection may still be used.
func (f *sqliteFile) current(generation int) bool {
	f.mu.Lock()
	replaced, err := f.checkPath()
	same := err == nil && f.generation == generation
	f.mu.Unlock()
	if replaced {
		f.closeIdle()
	}
	return same
}

// checkPath finds the file at the path, and reports whether it replaces the one before. The caller holds mu.
func (f *sqliteFile) checkPath() (replaced bool, err error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return false, fmt.Errorf("find the database file: %w: %w", ports.ErrUnavailable, err)
	}
	if f.now != nil && os.SameFile(f.now.info, info) {
		return false, nil
	}
	if replaced = f.now != nil; replaced {
		f.old += f.now.conns
		f.generation++
	}
	f.now = &openedFile{info: info}
	return replaced, nil
}

// recycle closes every connection, at once or after its present use: what a connection has cached of the file may
// differ from the file.
func (f *sqliteFile) recycle() {
	f.mu.Lock()
	f.generation++
	f.mu.Unlock()
	f.closeIdle()
}

// closeIdle closes the connections that are not in use: a pool does so when it has no room for them.
func (f *sqliteFile) closeIdle() {
	for _, pool := range f.pools {
		room := pool.Stats().MaxOpenConnections
		pool.SetMaxIdleConns(0)
		pool.SetMaxIdleConns(room)
	}
}

// beginClose counts a connection that is about to be closed, and reports whether it is the last one to a replaced file.
func (f *sqliteFile) beginClose(on *openedFile) (last bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	on.leaving++
	return on != f.now && on.leaving == on.conns
}

// endClose counts a connection that has been closed.
func (f *sqliteFile) endClose(on *openedFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	on.conns, on.leaving = on.conns-1, on.leaving-1
	if on != f.now {
		f.old--
	}
}

// sqliteConnector opens connections to the file.
type sqliteConnector struct {
	driver.Connector

	file     *sqliteFile
	uncached bool // each use of a connection sees the file as it is then
}

func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	on, generation, err := c.file.beginOpen()
	if err != nil {
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		c.file.beginClose(on)
		c.file.endClose(on)
		return nil, err
	}
	return &sqliteConn{conn.(driverConn), c, on, generation}, nil //nolint:forcetypeassert // the driver's do all of it
}

// driverConn is the set of interfaces that the driver's connections implement.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// sqliteConn is a connection that is not used again once its file has been replaced.
type sqliteConn struct {
	driverConn

	from       sqliteConnector
	on         *openedFile
	generation int
}

// ResetSession comes before every use but the first.
func (c *sqliteConn) ResetSession(ctx context.Context) error {
	if !c.from.file.current(c.generation) {
		return driver.ErrBadConn
	}
	if c.from.uncached {
		if _, err := c.ExecContext(ctx, "PRAGMA shrink_memory", nil); err != nil {
			return driver.ErrBadConn
		}
	}
	return c.driverConn.ResetSession(ctx)
}

// IsValid comes after every use. The new file waits until no connection to the old one is left.
func (c *sqliteConn) IsValid() bool {
	c.from.file.mu.Lock()
	defer c.from.file.mu.Unlock()
	return c.from.file.generation == c.generation && c.driverConn.IsValid()
}

func (c *sqliteConn) Close() error {
	var err error
	if c.from.file.beginClose(c.on) {
		_, err = c.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)", nil) // within busy_timeout
	}
	err = errors.Join(err, c.driverConn.Close())
	c.from.file.endClose(c.on)
	return err
}
