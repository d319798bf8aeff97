package server

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/passwords"
	"github.com/gable-listings/gable/adapters/web"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// share is one part of the memory bound of gable serve.
type share struct {
	what  string
	bytes int64
}

// Memory of the things that the configuration counts, in bytes, rounded up.
const (
	programBytes   = 48 << 20 // code, tables and word lists
	requestBytes   = 64 << 10 // a request and its small answer
	waitingBytes   = 32 << 10 // a request that waits, and its connection
	loadBytes      = 4 * property.PageBytes
	changeBytes    = 160 // a change's entry in the ledger, without its weight
	importRowBytes = 40
	importBytes    = 16 << 20 // a form in memory, a batch, buffers
)

// memoryShares returns the parts of the live memory that gable serve takes at most.
func memoryShares(c *config.Config) []share {
	query := int64(0)
	if c.OwnCache() {
		query = int64(c.Cache.MaxBytes)
	}
	return []share{
		{"the program itself", programBytes},
		{"view cache (view.max_bytes and a sixteenth)",
			int64(c.View.MaxBytes) + int64(c.View.MaxBytes)/viewcache.TargetShare},
		{"query cache (cache.max_bytes, of memory:)", query},
		{"ledger (freshness.ledger_bytes, ledger_length)",
			int64(c.Freshness.LedgerBytes) + int64(c.Freshness.LedgerLength)*changeBytes},
		{"event streams (a quarter of ledger_bytes)", c.Freshness.LiveBytes()},
		{"a poll of the change feed (ledger_bytes)", int64(c.Freshness.LedgerBytes) + 2*ports.FeedPageBytes},
		{"loads (database.max_conns)", int64(c.Database.MaxConns) * loadBytes},
		{"large answers (http.max_sending)", int64(c.HTTP.MaxSending)},
		{"requests (http.max_in_flight, max_streams)", int64(c.HTTP.MaxInFlight+c.HTTP.MaxStreams) * requestBytes},
		{"requests that wait (8 times max_in_flight)", web.AsideFactor * int64(c.HTTP.MaxInFlight) * waitingBytes},
		{"request bodies", web.BodyBytes},
		{"password hashes (half of the processors)", passwords.MaxBytes()},
		{"imports (imports.max_at_once, max_rows)",
			int64(c.Imports.MaxAtOnce) * (int64(c.Imports.MaxRows)*importRowBytes + importBytes)},
	}
}

// memoryLimit returns the sum of the parts, and a quarter more for garbage that is not collected yet.
func memoryLimit(c *config.Config) int64 {
	sum := int64(0)
	for _, part := range memoryShares(c) {
		sum += part.bytes
	}
	return sum + sum/4
}

const memoryVariable = "GOMEMLIMIT" // of the Go runtime

// LimitMemory makes the garbage collector work harder near the memory bound of the configuration. It does nothing
// when the environment sets a limit.
func LimitMemory(c *config.Config, log *zap.Logger) {
	if os.Getenv(memoryVariable) != "" {
		return
	}
	limit := memoryLimit(c)
	debug.SetMemoryLimit(limit)
	log.Info("memory limited", zap.Int64("bytes", limit))
}

// WriteMemory writes the parts and the limit as comments of a configuration file.
func WriteMemory(w io.Writer, c *config.Config) error {
	text := "# Memory that gable serve takes at most, in bytes:\n"
	for _, part := range memoryShares(c) {
		text += fmt.Sprintf("#   %-50s %14d\n", part.what, part.bytes)
	}
	text += fmt.Sprintf("#   %-50s %14d\n", memoryVariable+" unless set: the sum and a quarter", memoryLimit(c))
	_, err := io.WriteString(w, text)
	return err
}
