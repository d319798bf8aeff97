package server

import (
	"crypto/tls"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/gable-listings/gable/app/config"
	"go.uber.org/zap"
)

// certificate is a TLS certificate and its key in two PEM files, read again when they change, so that a renewal needs
// no restart. When the changed files cannot be used, the certificate read before stays in use.
type certificate struct {
	certFile, keyFile string
	log               *zap.Logger

	mu     sync.Mutex // guards what follows
	loaded *tls.Certificate
	state  fileStates // of the files when they were last read
	looked time.Time
}

// fileStates tells two files apart from what they were.
type fileStates [2]struct {
	modified time.Time
	size     int64
}

// certificatePause is the shortest time between two looks at the files.
const certificatePause = time.Second

// openCertificate reads the files once, so that unusable ones fail the start.
func openCertificate(certFile, keyFile string, log *zap.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, looked: time.Now()}
	var err error
	if c.state, err = c.look(); err != nil {
		return nil, err
	}
	c.loaded, err = config.LoadCertificate(certFile, keyFile)
	return c, err
}

// get returns the certificate for a handshake.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= certificatePause {
		c.looked = now
		c.reload()
	}
	return c.loaded, nil
}

func (c *certificate) reload() {
	state, err := c.look()
	if err == nil && state == c.state {
		return
	}
	var next *tls.Certificate
	if err == nil {
		c.state = state
		next, err = config.LoadCertificate(c.certFile, c.keyFile)
	}
	if err != nil {
		c.log.Warn("cannot read the changed TLS certificate; the one before stays in use", zap.Error(err))
		return
	}
	c.loaded = next
	c.log.Info("TLS certificate reloaded", zap.Time("not_after", next.Leaf.NotAfter))
}

func (c *certificate) look() (state fileStates, err error) {
	for i, name := range []string{c.certFile, c.keyFile} {
		info, statErr := os.Stat(name)
		if statErr != nil {
			err = errors.Join(err, statErr)
			continue
		}
		state[i].modified, state[i].size = info.ModTime(), info.Size()
	}
	return state, err
}
