// Package follow keeps a process up to date: the follower reads the change feed into the ledger, the live feed shares
// what it has read with event streams, the notifier wakes other processes, and the janitor removes what is too old. It
// knows the ports and nothing of the parts behind them.
package follow
