// Package memory implements the ports in the memory of the process. Its cache and its rate limiter serve in
// production. All the rest, listings with their change feed and history, API keys, accounts with their sessions and
// browsers, is the reference implementation of the ports: it passes every conformance suite, is the plainest reading
// of what they require, and is used by tests alone. It never writes to disk and ends with the process.
package memory
