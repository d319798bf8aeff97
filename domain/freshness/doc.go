// Package freshness decides whether a kept answer is still true. It knows who has seen which change and nothing else: no
// input or output, no clock, no cache.
//
// A process follows the database's committed changes into a Ledger. Every kept answer says up to which position of the
// ledger it is known to be true and what it depends on. An answer may be served only if no change behind its position
// touches it. Nothing has to be deleted for that to hold: not by the writer, not in time, not in order.
package freshness
