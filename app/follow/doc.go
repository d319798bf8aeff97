// Package follow keeps a process up to date with the database. The follower reads the change feed into the ledger,
// the live feed shares what it has read with event streams, the notifier wakes other processes, and the janitor
// removes expired records. The package knows the ports and nothing of their implementations.
package follow
