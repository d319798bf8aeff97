package server

import (
	"crypto/tls"
	"errors"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/app/config"
)

// certificate is a TLS certificate and its key in two PEM files, reloaded when they change, so that a renewal needs
// no restart. When the changed files are unusable, the previous certificate stays in use.
type certificate struct {
	certFile, keyFile string
	log               *zap.Logger

	mu      sync.Mutex // guards what follows
	loaded  *tls.Certificate
	state   fileStates // of the files when they were last read
	checked time.Time
}

// fileStates shows whether one of the two files has changed.
type fileStates [2]struct {
	modified time.Time
	size     int64
}

// certificatePause is the shortest time between two checks of the files.
const certificatePause = time.Second

// openCertificate reads the files once, so that unusable ones fail the start.
func openCertificate(certFile, keyFile string, log *zap.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, checked: time.Now()}
	var err error
	if c.state, err = c.stat(); err != nil {
		return nil, err
	}
	c.loaded, err = config.LoadCertificate(certFile, keyFile)
	return c, err
}

// get returns the certificate for a handshake.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= certificatePause {
		c.checked = now
		c.reload()
	}
	return c.loaded, nil
}

func (c *certificate) reload() {
	state, err := c.stat()
	if err == nil && state == c.state {
		return
	}
	var next *tls.Certificate
	if err == nil {
		c.state = state
		next, err = config.LoadCertificate(c.certFile, c.keyFile)
	}
	if err != nil {
		c.log.Warn("cannot reload TLS certificate, using the previous one", zap.Error(err))
		return
	}
	c.loaded = next
	c.log.Info("TLS certificate reloaded", zap.Time("not_after", next.Leaf.NotAfter))
}

func (c *certificate) stat() (state fileStates, err error) {
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
