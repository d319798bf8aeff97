// Package porttest holds one conformance suite for each port: PropertyRepository, PropertyRestorer,
// IdempotencyKeyRepository, ChangeFeed, ChangeHistory, KeyRepository, AccountRepository, SessionRepository,
// PasswordHasher, Cache, RateLimiter and EventPublisher. A suite tests the promises in the comments of its port;
// wrappers around adapters run the same suite. Only the adapters' own tests cover the BeforeTx and Epoch of changes,
// outages and crashes. Only tests import it.
//
// Every case is one subtest on a fresh value. Its name states a fact, and when it fails it prints the rule it guards.
// Differential also compares stores with each other and with the domain, on random searches over random listings.
package porttest
