package ports

import (
	"context"
	"net/netip"
	"time"
)

// Client is the one for whom something is counted: the holder of an API key or, without one, an address. Equal values
// are one client.
type Client struct {
	Key     string     // the id of the key, or ""
	Address netip.Addr // of IPv6 the first 64 bits, which one customer has
}

// ClientAt returns the client that has only an address. The zero address is a client, too: those who have none.
func ClientAt(address netip.Addr) Client {
	if address.Is6() && !address.Is4In6() {
		network, _ := address.WithZone("").Prefix(64) // 64 bits are never too many for an IPv6 address
		address = network.Addr()
	}
	return Client{Address: address.Unmap()}
}

// ClientWith returns the client that holds the key with this id, wherever it is.
func ClientWith(keyID string) Client { return Client{Key: keyID} }

// String is a text that no other client has.
func (c Client) String() string {
	if c.Key != "" {
		return "key " + c.Key
	}
	return c.Address.String()
}

// RateLimiter counts what clients use, by the generic cell rate algorithm (GCRA, ITU-T I.371). It counts in time: a
// client that may ask ten times a second uses 100 ms with each request. What is used is forgotten at the pace of the
// clock. All methods are safe for concurrent use and return within the context's deadline.
type RateLimiter interface {
	// Take adds a cost to what the client has used, and returns the sum and true, unless that is more than the limit:
	// then it adds nothing and returns what the client has used and false. Cost and limit are positive, and differ from
	// call to call as they like. Of takes at once, each sees those before it. Times are exact to a millisecond. It may
	// forget clients when there are more than it has room for. The error wraps ErrUnavailable; the cost may have been
	// added.
	Take(ctx context.Context, client Client, cost, limit time.Duration) (used time.Duration, ok bool, err error)
}
