// Package ports holds the interfaces between Gable's use cases and the world: what they ask of a store, a cache, an event
// bus and a change feed. The comments are the specification. Package porttest has a suite for each of the ports, and says
// what no suite tries out. [ReadOptions] and the actor travel in a call's context and have no suite. Nothing here knows a database, a
// network or a library.
//
// # The ports
//
//   - [PropertyRepository] keeps listings: the database, the decorator that caches it, or a map in memory.
//   - [ChangeFeed] tells every committed change, whoever made it; the caches live by it.
//   - [ChangeHistory] tells what has become of one listing, and who did it.
//   - [Cache] keeps bytes for a while and may forget them at any time; nothing depends on it for being right.
//   - [RateLimiter] counts what clients use.
//   - [SigningKeyRepository] stores the keys that sign the service's own entries in a shared Cache.
//   - [EventPublisher] tells the parts of one process about changes.
//   - [KeyRepository] keeps API keys.
//   - [IdempotencyKeyRepository] removes old idempotency keys.
//   - [AccountRepository], [SessionRepository], [BrowserRepository] and [PasswordHasher] are for the people who sign in to
//     the web pages.
//
// # What they are for
//
// Together they keep a promise: no reader is shown something older than it may be, whoever writes and whatever dies.
//
//	write ─▶ PropertyRepository ─▶ row and change, committed together ─▶ EventPublisher ─▶ ledger, bell
//	                                        │
//	          everybody's commits ─▶ ChangeFeed ─▶ ledger: recent changes, and the place reached
//	                                                  │ judges
//	read ─▶ view cache ─▶ cached PropertyRepository ─▶ Cache: {answer, the place of its load}
//	                              │ no true answer kept
//	                              └─▶ PropertyRepository over the database
//
// Each port promises as much as that needs, and no more. A repository returns committed states with their versions, and
// every change of its own with its transaction. A feed tells every committed change once, and says with each page which
// place has been reached: an epoch, which names the database's history, and a snapshot in it. A cache may forget,
// garble or resurrect anything, and others may write into it: entries are signed, carry their question, their epoch and
// the place from before their load, and the reader's own ledger decides. A bus delivers in order and at once. The
// context of a read carries its [ReadOptions], and the context of a write carries the actor; what comes of them is
// returned: a [ReadInfo], a committed change. Answers to be verified travel as samples (package cachestat).
//
// # How fresh
//
// A reader chooses among four levels:
//
//   - By default an acknowledged write shows at once in the process that took it, and elsewhere as soon as the feed has it:
//     a process whose feed has been silent for longer than it may be (a second, unless configured) passes its caches by.
//   - A session never sees less than it has written or seen, in any process.
//   - Linearizable answers are as if there were no cache, listing by listing: they follow a reading of the feed that began
//     after the request.
//   - Tolerant readers take an answer that was true a while ago, if the store cannot be reached.
//
// Not promised is that all listings on a page come from one moment: while several processes write at once it may show one of
// their changes and not yet another that was committed a moment before. Nor do pages fetched one after another come from one
// moment. A database that forgets what it has committed, in a crash, takes the promises with it, and so does whoever
// switches its triggers off.
//
// # Writing an adapter
//
// An adapter is a package under adapters that implements one of these interfaces with one library, imports domain and
// ports and nothing else of Gable, and returns its concrete type from a constructor. A wrapper around another adapter is an
// adapter too. Embed the interface and write only the methods that differ:
//
//	package audited
//
//	// PropertyRepository tells what is removed, and by whom. It never changes an answer.
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
// Errors are translated at this border, by code and never by text: the errors that a method names, [ErrUnavailable] for an
// outage, each wrapped around its cause with what was being done.
//
// # Joining the suite
//
// One test is all there is to it. The suite asks for a new, empty value for each of its cases:
//
//	func TestPropertyRepository(t *testing.T) {
//		porttest.PropertyRepository(t, func(t *testing.T) ports.PropertyRepository {
//			return audited.New(memory.NewPropertyRepository(time.Now), func(property.ID, string) {})
//		}, porttest.Features{})
//	}
//
// A case is named after what is true, such as update_refuses_another_version, and prints the rule when it fails. Where a
// store honestly cannot do something, a field of Features says so. A store that answers searches by itself also joins
// porttest.Differential, which compares it with the domain on random listings and random searches.
//
// # Swapping it in
//
// Only app/server knows fx. Its wiring builds the repository that the use cases get in one function in plain sight; change
// that function, or hand the server one more option, at the top level and not inside a module:
//
//	fx.Decorate(func(store ports.PropertyRepository, log *zap.Logger) ports.PropertyRepository {
//		return audited.New(store, func(id property.ID, actor string) {
//			log.Info("listing removed", zap.Stringer("id", id), zap.String("by", actor))
//		})
//	})
//
// wraps what is there, and
//
//	fx.Replace(fx.Annotate(mine, fx.As(new(ports.PropertyRepository))))
//
// puts another in its place. The examples of package porttest show both running.
//
// # Adding to the product
//
// ADDING.md, in this folder, says in five lines each which files a new field, filter, sort, command, metric, cache, store or
// subscriber of changes takes.
package ports
