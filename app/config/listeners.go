package config

import (
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/gable-listings/gable/adapters/web/exchange"
)

// SocketPath is the path of an address like unix:/run/gable.sock.
func SocketPath(address string) (path string, socket bool) {
	return strings.CutPrefix(address, "unix:")
}

// longestSocketPath is what every kernel takes, in bytes.
const longestSocketPath = 103

// Proxies are the peers that are believed; the configuration has been checked.
func (c *HTTPConfig) Proxies() exchange.Proxies {
	list, _ := exchange.ParseProxies(c.TrustedProxies)
	return list
}

// LoadCertificate reads a TLS certificate and its key from two PEM files.
func LoadCertificate(certFile, keyFile string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load the TLS certificate %s with the key %s: %w", certFile, keyFile, err)
	}
	return &pair, nil
}
