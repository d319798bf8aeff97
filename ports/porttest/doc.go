// Package porttest holds one conformance suite for each port: PropertyRepository, IdempotencyKeyRepository,
// ChangeFeed, ChangeHistory, KeyRepository, AccountRepository, SessionRepository, PasswordHasher, Cache, RateLimiter
// and EventPublisher. A suite tries out what the port's comments promise, and a wrapper around an adapter runs the
// same suite. Left to an adapter's own tests are the BeforeTx and Epoch of changes, and what only an outage or a
// crash shows. Only tests import it.
//
// Every case is one subtest on a fresh value. Its name says what is true, and when it fails it prints the rule it guards.
// Stores that answer searches are also compared with each other and with the domain's own reading of a search, on random
// listings: Differential.
package porttest
