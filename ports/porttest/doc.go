// Package porttest holds one conformance suite for each port: PropertyRepository, ChangeFeed, ChangeHistory, KeyRepository,
// AccountRepository, SessionRepository, PasswordHasher, Cache and EventPublisher. An adapter that passes its suite keeps
// every promise the port's comments make; so does a wrapper around an adapter, which runs the same suite. Only tests
// import it.
//
// Every case is one subtest on a fresh value. Its name says what is true, and when it fails it prints the rule it guards.
// Stores that answer searches are also compared with each other and with the domain's own reading of a search, on random
// listings: Differential.
package porttest
