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

// sqliteFile is the database file that a path leads to. An open connection stays with its file when another one takes that
// path, and the two would not see each other's changes. So every use of a connection looks whether its file is still the one
// at the path. If not, all connections are closed, and only then does the next one open the new file: SQLite finds the log of
// a database by its path, too, and would read that of the old file into the new one. The last connection to the old file
// therefore empties its log into it.
type sqliteFile struct {
	path string

	mu         sync.Mutex
	now        *openedFile // what the connections are open on; nil before the first; guarded by mu, like the rest
	generation int         // connections of an earlier one are closed at their next use
	old        int         // connections to files that were at the path before
	pools      []*sql.DB   // of its connections; set before the first is used
}

// openedFile is a file that was found at the path, and how many connections to it there are. The mutex of the
// sqliteFile guards the numbers.
type openedFile struct {
	info           os.FileInfo
	conns, leaving int // those that are open, and those of them that are being closed
}

var errFileReplaced = fmt.Errorf("the database file has been replaced, and the old one is still in use: %w", ports.ErrUnavailable)

// createFile makes sure that there is a file, which nobody but its owner can read.
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

// opening counts a connection that is about to be opened, and returns what it will be open on and its generation.
func (f *sqliteFile) opening() (on *openedFile, generation int, err error) {
	f.mu.Lock()
	replaced, err := f.look()
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
	replaced, err := f.look()
	same := err == nil && f.generation == generation
	f.mu.Unlock()
	if replaced {
		f.closeIdle()
	}
	return same
}

// look finds out which file is at the path, and whether that is another one than before. mu is held.
func (f *sqliteFile) look() (replaced bool, err error) {
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

// recycle has every connection closed, at once or when its present user has done with it: what it has cached of the file may
// not be what is in it.
func (f *sqliteFile) recycle() {
	f.mu.Lock()
	f.generation++
	f.mu.Unlock()
	f.closeIdle()
}

// closeIdle closes the connections that nobody uses: a pool does so when it has no room for them.
func (f *sqliteFile) closeIdle() {
	for _, pool := range f.pools {
		room := pool.Stats().MaxOpenConnections
		pool.SetMaxIdleConns(0)
		pool.SetMaxIdleConns(room)
	}
}

// closing counts a connection that is about to be closed, and reports whether it is the last one to a file that has been
// replaced.
func (f *sqliteFile) closing(on *openedFile) (last bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	on.leaving++
	return on != f.now && on.leaving == on.conns
}

// closed counts a connection that has been closed.
func (f *sqliteFile) closed(on *openedFile) {
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
	uncached bool // a use of a connection sees what is in the file now
}

func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	on, generation, err := c.file.opening()
	if err != nil {
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		c.file.closing(on)
		c.file.closed(on)
		return nil, err
	}
	return &sqliteConn{conn.(driverConn), c, on, generation}, nil //nolint:forcetypeassert // the driver's connections can do all of it
}

// driverConn is what a connection of the driver can do.
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

// IsValid comes after every use. The new file waits until nobody has a connection to the old one any more.
func (c *sqliteConn) IsValid() bool {
	c.from.file.mu.Lock()
	defer c.from.file.mu.Unlock()
	return c.from.file.generation == c.generation && c.driverConn.IsValid()
}

func (c *sqliteConn) Close() error {
	var err error
	if c.from.file.closing(c.on) {
		_, err = c.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)", nil) // within busy_timeout
	}
	err = errors.Join(err, c.driverConn.Close())
	c.from.file.closed(c.on)
	return err
}
