// Package memory keeps everything in the process: listings with their change feed, API keys, accounts with their sessions,
// and a cache. Its adapters are real ones that pass every conformance suite, made for tests, for trying things out, and as
// the plainest reading of what the ports ask for. It never writes to disk, and what it keeps ends with the process.
package memory
