package config

import (
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/gable-listings/gable/adapters/web/exchange"
)

// SocketPath returns the path of an address like unix:/run/gable.sock.
func SocketPath(address string) (path string, socket bool) {
	return strings.CutPrefix(address, "unix:")
}

// longestSocketPath is the longest path that every kernel accepts, in bytes.
const longestSocketPath = 103

// Proxies returns the trusted proxies of a checked configuration.
func (c *HTTPConfig) Proxies() exchange.Proxies {
	list, _ := exchange.ParseProxies(c.TrustedProxies)
	return list
}

// LoadCertificate reads a TLS certificate and its key from two PEM files.
func LoadCertificate(certFile, keyFile string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load TLS certificate %s with key %s: %w", certFile, keyFile, err)
	}
	return &pair, nil
}
