package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/app/config"
)

// Imports bounds the imports over HTTP, those of the API and of the back office together.
type Imports struct {
	config.ImportsConfig
	places chan struct{}
}

// NewImports makes bounds without a running import.
func NewImports(c *config.Config) *Imports {
	return &Imports{c.Imports, make(chan struct{}, c.Imports.MaxAtOnce)}
}

// begin takes one of the places for imports, and starts the time limit of the import; release returns the place. It
// comes before the body is read, because that may be large and slow.
func (m *Imports) begin(ctx context.Context) (timed context.Context, release func(), err error) {
	select {
	case m.places <- struct{}{}:
	default:
		return nil, nil, problem.Refuse(problem.Unavailable, "Too many imports are running; try again later.")
	}
	timed, cancel := context.WithTimeoutCause(ctx, m.Timeout, m.refusal("take up to %s", config.ShortDuration(m.Timeout)))
	return timed, func() { cancel(); <-m.places }, nil
}

// refusal returns the error of an import beyond a bound.
func (m *Imports) refusal(format string, args ...any) error {
	return problem.Refuse(problem.PayloadTooLarge, "An import may %s. Send it in parts.",
		fmt.Sprintf(format, args...))
}

// explain replaces the error of an import that a bound ended by a refusal that names the bound.
func (m *Imports) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, listingfile.ErrTooMuchText) {
		return m.refusal("have up to %s of text once it is uncompressed", m.MaxUnpacked)
	}
	if refusal, ok := errors.AsType[*problem.RefusalError](context.Cause(ctx)); ok {
		return refusal
	}
	return err
}

// Names of temporary files of imports. On most systems the names are gone while the files are used.
const (
	spoolPattern = "gable-import-*"
	spoolAge     = 24 * time.Hour // age at which an import cannot be running any more
)

// SweepSpools removes temporary files and folders of processes that ended suddenly, and returns how many.
func SweepSpools(dir string, now time.Time) (removed int) {
	for pattern, isOurs := range map[string]func(fs.FileMode) bool{
		spoolPattern: fs.FileMode.IsRegular, listingfile.TemporaryPattern: fs.FileMode.IsDir,
	} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is right
		for _, name := range names {
			info, err := os.Lstat(name)
			if err == nil && isOurs(info.Mode()) && now.Sub(info.ModTime()) > spoolAge && os.RemoveAll(name) == nil {
				removed++
			}
		}
	}
	return removed
}
