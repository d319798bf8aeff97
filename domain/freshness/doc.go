// Package freshness decides whether a cached answer is still current. It compares changes with answers and does
// nothing else: no input or output, no clock, no cache.
//
// A process follows the database's committed changes and appends them to a Ledger. Every cached answer carries the
// position in the ledger up to which it is known to be current, and what it depends on. An answer may be served
// only if no change behind its position touches it. That holds without any deletion by the writer, in time or in
// order.
package freshness
