package ports

import "context"

// MaxActor is the greatest length of a stored actor, in characters.
const MaxActor = 100

type actorKey struct{}

// WithActor returns a context whose writes are recorded as made by the actor: "anna", "key importer", "command
// import". Without an actor, or with an empty one, the store decides which actor it records, if any.
func WithActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// ActorFrom returns the actor of the context's writes, cut to MaxActor characters; "" when there is none.
func ActorFrom(ctx context.Context) string {
	actor, _ := ctx.Value(actorKey{}).(string)
	characters := 0
	for at := range actor {
		if characters++; characters > MaxActor {
			return actor[:at]
		}
	}
	return actor
}
