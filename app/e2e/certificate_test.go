package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/cli"
	"github.com/gable-listings/gable/app/config"
)

// writeCertificate writes a new certificate for localhost with a serial number, and its key.
func writeCertificate(t *testing.T, folder string, serial int64) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	apptest.Must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	apptest.Must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	apptest.Must(t, err)
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	apptest.Must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	apptest.Must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	pool = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	apptest.Must(t, err)
	pool.AddCert(parsed)
	return certFile, keyFile, pool
}

// serialOf returns the serial number of the certificate that a listener presents, and the protocol that it agrees to.
func serialOf(t *testing.T, address string, pool *x509.CertPool) (serial int64, protocol string) {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{
		RootCAs: pool, ServerName: "localhost", NextProtos: []string{"h2", "http/1.1"},
	})
	apptest.Must(t, err)
	defer conn.Close()
	state := conn.ConnectionState()
	return state.PeerCertificates[0].SerialNumber.Int64(), state.NegotiatedProtocol
}

func TestAListenerWithTLSSpeaksHTTP2AndTakesARenewedCertificate(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certFile, keyFile, pool := writeCertificate(t, folder, 1)
	s := startTLS(t, certFile, keyFile)
	address := s.Servers.Public.Addr().String()
	if serial, protocol := serialOf(t, address, pool); serial != 1 || protocol != "h2" {
		t.Fatalf("certificate %d, protocol %q", serial, protocol)
	}
	client := &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"},
	}}
	defer client.CloseIdleConnections()
	response, err := client.Get(s.Servers.Public.URL() + "/v1/properties")
	apptest.Must(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	apptest.Must(t, err)
	apptest.Must(t, response.Body.Close())
	if response.ProtoMajor != 2 || response.StatusCode != http.StatusOK ||
		response.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s %d %v", response.Proto, response.StatusCode, response.Header)
	}

	apptest.Must(t, os.WriteFile(certFile, []byte("half a renewal"), 0o600)) // the certificate before stays
	s.Eventually("the broken file has been checked", func() bool {
		serial, _ := serialOf(t, address, pool)
		return serial == 1 && s.Log.FilterMessageSnippet("cannot reload TLS certificate").Len() > 0
	})
	_, _, renewed := writeCertificate(t, folder, 2)
	both := pool.Clone()
	both.AppendCertsFromPEM(readFile(t, certFile))
	s.Eventually("the renewed certificate is presented", func() bool {
		serial, _ := serialOf(t, address, both)
		return serial == 2
	})
	if serial, _ := serialOf(t, address, renewed); serial != 2 {
		t.Errorf("certificate %d", serial)
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	apptest.Must(t, err)
	return data
}

// startTLS starts a server that listens with TLS. The test client does not reach it.
func startTLS(t *testing.T, certFile, keyFile string) *apptest.Server {
	t.Helper()
	return apptest.Launch(t, "sqlite:"+filepath.Join(t.TempDir(), "gable.db"), "memory:", func(c *config.Config) {
		c.HTTP.TLSCert, c.HTTP.TLSKey = certFile, keyFile
	})
}

func TestUnusableCertificatesAreFoundBeforeTheStart(t *testing.T) {
	certFile, _, _ := writeCertificate(t, t.TempDir(), 1)
	_, otherKey, _ := writeCertificate(t, t.TempDir(), 2)
	for name, c := range map[string]struct{ cert, key, want string }{
		"no key":        {certFile, "none", "--http-tls-cert: needs http.tls_key"},
		"no file":       {"/nowhere/cert.pem", otherKey, "no such file"},
		"another's key": {certFile, otherKey, "private key does not match"},
	} {
		args := []string{"--http-tls-cert", c.cert}
		if c.key != "none" {
			args = append(args, "--http-tls-key", c.key)
		}
		code, _, stderr := apptest.Gable(t, append([]string{"config", "check"}, args...)...)
		if code != cli.ExitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: code %d, %s, want %s", name, code, stderr, c.want)
		}
	}
}

func TestASocketIsAnAddress(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "gable") //nolint:usetesting // t.TempDir is too long for a socket on some systems
	apptest.Must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "http.sock")
	stale, err := net.Listen("unix", path)
	apptest.Must(t, err)
	stale.(*net.UnixListener).SetUnlinkOnClose(false) // as when a process is killed
	apptest.Must(t, stale.Close())
	s := apptest.Launch(t, "sqlite:"+filepath.Join(folder, "gable.db"), "memory:", func(c *config.Config) {
		c.HTTP.Address = "unix:" + path
	})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 || info.Mode().Type() != fs.ModeSocket {
		t.Fatalf("%v, %v", info, err)
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://gable/v1/properties")
	apptest.Must(t, err)
	apptest.Must(t, response.Body.Close())
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
	apptest.Must(t, s.Stop())
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket remains after the server has ended")
	}
}
