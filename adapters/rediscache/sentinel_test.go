package rediscache_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gable-listings/gable/adapters/rediscache"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

// startSentinel runs a Sentinel that watches the server, and returns its address. A Sentinel is redis-server in
// another mode.
func startSentinel(t *testing.T, server string) string {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server to run a Sentinel with")
	}
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := socket.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	host, watched, _ := net.SplitHostPort(client(t, server).Options().Addr)
	if err := socket.Close(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor homes %s %s 1\n", port, filepath.Dir(config),
		host, watched)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := exec.CommandContext(t.Context(), binary, config, "--sentinel")
	if err := sentinel.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sentinel.Wait() }) // the context has ended it
	return address
}

func TestCacheBehindSentinelKeepsThePortsPromises(t *testing.T) {
	const largest = 50_000
	address := startSentinel(t, servicetest.StartRedis(t).URL())
	url := "redis+sentinel://" + address + "?master_name=homes"
	probe := open(t, rediscache.Options{URL: url, Timeout: patient})
	await(t, "the Sentinel to name its server", func() bool { return probe.Ping(t.Context()) == nil })
	porttest.Cache(t, func(t *testing.T) ports.Cache {
		cache := open(t, rediscache.Options{URL: url, Timeout: patient, MaxValueBytes: largest})
		if err := cache.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		return cache
	}, porttest.CacheFeatures{LargestValue: largest})
}
