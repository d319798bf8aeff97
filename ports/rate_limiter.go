package ports

import (
	"context"
	"net/netip"
	"time"
)

// Client is a party whose usage is counted: the holder of an API key or, without a key, an address. Equal values
// are one client.
type Client struct {
	Key     string     // the id of the key, or ""
	Address netip.Addr // of IPv6 the first 64 bits, which belong to one customer
}

// ClientAt returns the client with an address and no key. The zero address is one client, too: all callers without
// an address.
func ClientAt(address netip.Addr) Client {
	if address.Is6() && !address.Is4In6() {
		network, _ := address.WithZone("").Prefix(64) // 64 bits are never too many for an IPv6 address
		address = network.Addr()
	}
	return Client{Address: address.Unmap()}
}

// ClientWith returns the client that holds the key with this id, at any address.
func ClientWith(keyID string) Client { return Client{Key: keyID} }

// String is a text that is unique to the client.
func (c Client) String() string {
	if c.Key != "" {
		return "key " + c.Key
	}
	return c.Address.String()
}

// RateLimiter counts the usage of clients by the generic cell rate algorithm (GCRA, ITU-T I.371). It counts in
// time: a client with a limit of ten requests a second uses 100 ms with each request. Usage decays at the pace of
// the clock. All methods are safe for concurrent use and return within the context's deadline.
type RateLimiter interface {
	// Take adds a cost to the client's usage and returns the sum and true. When the sum would exceed the limit it
	// adds nothing, and returns the usage and false. Cost and limit are positive, and may differ from call to call.
	// Concurrent takes are counted one after the other. Times are exact to a millisecond. A limiter may forget
	// clients when it runs out of room. The error wraps ErrUnavailable; the cost may have been added.
	Take(ctx context.Context, client Client, cost, limit time.Duration) (used time.Duration, ok bool, err error)
}
