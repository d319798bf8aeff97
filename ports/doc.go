// Package ports has the interfaces between Gable's use cases and the world: stores, caches, an event bus and more.
// The comments are the specification. Package porttest has a suite for each of the ports, and lists what no suite
// tests. [ReadOptions] and the actor travel in a call's context and have no suite. Nothing here depends on a database,
// a network or a library.
//
// # The ports
//
//   - [PropertyRepository] stores listings: the database, the decorator that caches it, or a map in memory.
//   - [PropertyRestorer] brings exported listings back with their ids, versions and times.
//   - [ChangeFeed] delivers every committed change of every writer; the caches depend on it.
//   - [ChangeHistory] returns the changes of one listing, with their actors.
//   - [Cache] stores bytes for a while and may forget them at any time; nothing depends on it for correctness.
//   - [RateLimiter] counts the usage of clients.
//   - [SigningKeyRepository] stores the keys that sign the service's own entries in a shared Cache.
//   - [EventPublisher] delivers changes to the parts of one process.
//   - [KeyRepository] stores API keys.
//   - [IdempotencyKeyRepository] removes old idempotency keys.
//   - [AccountRepository], [SessionRepository], [BrowserRepository] and [PasswordHasher] serve the people who sign in
//     to the web pages.
//
// # Their purpose
//
// Together they fulfil a promise: no reader sees an answer older than its freshness level allows, with any writers and
// after any crash.
//
//	write ─▶ PropertyRepository ─▶ row and change, one commit ─▶ EventPublisher ─▶ ledger, notifier
//	                                        │
//	          all commits ─▶ ChangeFeed ─▶ ledger: recent changes, feed point
//	                                                  │ judges
//	read ─▶ view cache ─▶ cached PropertyRepository ─▶ Cache: {answer, the point before its load}
//	                              │ no current answer cached
//	                              └─▶ PropertyRepository over the database
//
// Each port promises as much as that needs, and no more. A repository returns committed states with their versions, and
// its own changes with their transactions. A feed delivers every committed change once. Each of its pages has the point
// that it reaches: an epoch, which names the database's history, and a snapshot in it. A cache may forget, garble or
// resurrect anything, and others may write into it. So entries are signed; they carry their question, their epoch and
// the point from before their load; and the reader's own ledger decides. A bus delivers in order and at once. The
// context of a read carries its [ReadOptions], and the context of a write carries the actor. The results are returned:
// a [ReadInfo], a committed change. Answers to be verified travel as samples (package cachestat).
//
// # How fresh
//
// A reader chooses among four levels:
//
//   - By default an acknowledged write is visible at once in the process that took it, and elsewhere as soon as the
//     feed delivers it. A process whose feed has been silent for longer than allowed (a second, unless configured)
//     bypasses its caches.
//   - A session never sees less than it has written or seen, in any process.
//   - Linearizable answers contain every change that was acknowledged before the request: they follow a poll of the
//     feed that began after it.
//   - Tolerant readers accept an answer that was current a while ago, if the store cannot be reached.
//
// Two things are not promised. The listings on a page may come from different moments: while several processes write,
// a page may show one of their changes and miss another that was committed a moment before. Pages fetched one after
// another come from different moments, too. The promises end with a database that loses committed changes in a crash,
// or whose triggers are switched off.
//
// # Writing an adapter
//
// An adapter is a package under adapters that implements one of these interfaces with one library. It imports domain
// and ports and nothing else of Gable, and returns its concrete type from a constructor. A wrapper around another
// adapter is an adapter, too. Embed the interface and write only the methods that differ:
//
//	package audited
//
//	// PropertyRepository reports deleted listings with their actors. It never changes an answer.
//	type PropertyRepository struct {
//		ports.PropertyRepository
//		removed func(id property.ID, actor string)
//	}
//
//	func New(store ports.PropertyRepository, removed func(id property.ID, actor string)) *PropertyRepository {
//		return &PropertyRepository{store, removed}
//	}
//
//	func (r *PropertyRepository) Delete(ctx context.Context, id property.ID, version int64) (property.Change, error) {
//		change, err := r.PropertyRepository.Delete(ctx, id, version)
//		if err == nil {
//			r.removed(id, ports.ActorFrom(ctx))
//		}
//		return change, err
//	}
//
// An adapter translates errors by code and never by text: into the errors that the method names, and [ErrUnavailable]
// for an outage. Each wraps its cause and names the failed operation.
//
// # Joining the suite
//
// One test is enough. The suite asks for a new, empty value for each of its cases:
//
//	func TestPropertyRepository(t *testing.T) {
//		porttest.PropertyRepository(t, func(t *testing.T) ports.PropertyRepository {
//			return audited.New(memory.NewPropertyRepository(time.Now), func(property.ID, string) {})
//		}, porttest.Features{})
//	}
//
// A case is named after what is true, such as update_refuses_another_version, and prints the rule when it fails. A
// field of Features declares what a store cannot do. A store that answers searches by itself also joins
// porttest.Differential, which compares it with the domain on random listings and random searches.
//
// # Swapping it in
//
// Only app/server uses fx. One function of its wiring builds the repository of the use cases. Change that function, or
// pass one more option to the server, at the top level and not inside a module:
//
//	fx.Decorate(func(store ports.PropertyRepository, log *zap.Logger) ports.PropertyRepository {
//		return audited.New(store, func(id property.ID, actor string) {
//			log.Info("listing removed", zap.Stringer("id", id), zap.String("by", actor))
//		})
//	})
//
// wraps the existing repository, and
//
//	fx.Replace(fx.Annotate(mine, fx.As(new(ports.PropertyRepository))))
//
// replaces it. The examples of package porttest run both.
//
// # Adding to the product
//
// ADDING.md, in this folder, lists in five lines each the files of a new field, filter, sort, command, metric, cache,
// store or subscriber of changes.
package ports
