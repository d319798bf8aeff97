package config

import (
	"strings"
	"time"

	"github.com/gable-listings/gable/app/querycache"
)

// Config is the configuration; each field is one key, its koanf tags joined by a dot. The names of variables and
// flags follow from the key, and defaults and descriptions stand in configs/default.yaml, so a new key is one field
// here and two lines there. A number must be positive unless its field says zero:"ok".
type Config struct {
	Database  DatabaseConfig  `koanf:"database"`
	Cache     CacheConfig     `koanf:"cache"`
	View      ViewConfig      `koanf:"view"`
	Freshness FreshnessConfig `koanf:"freshness"`
	HTTP      HTTPConfig      `koanf:"http"`
	Access    AccessConfig    `koanf:"access"`
	Imports   ImportsConfig   `koanf:"imports"`
	Ops       OpsConfig       `koanf:"ops"`
	Listings  ListingsConfig  `koanf:"listings"`
	Compat    CompatConfig    `koanf:"compat"`
	Log       LogConfig       `koanf:"log"`
	Tracing   TracingConfig   `koanf:"tracing"`
	Shutdown  ShutdownConfig  `koanf:"shutdown"`
}

// OwnCache reports whether the query cache belongs to this process alone.
func (c *Config) OwnCache() bool {
	kind, err := querycache.Find(string(c.Cache.URL))
	return err == nil && kind.Own
}

// Embedded reports whether the database is a file, or the memory, of this program.
func (c *Config) Embedded() bool { return strings.HasPrefix(string(c.Database.URL), "sqlite:") }

// DatabaseConfig describes the database.
type DatabaseConfig struct {
	URL          URL           `koanf:"url"`
	MaxConns     int           `koanf:"max_conns"`
	QueryTimeout time.Duration `koanf:"query_timeout"`
}

// CacheConfig describes the query cache.
type CacheConfig struct {
	URL      URL           `koanf:"url"`
	MaxBytes Bytes         `koanf:"max_bytes"`
	TTL      time.Duration `koanf:"ttl"`
	Timeout  time.Duration `koanf:"timeout"`
	LeaseTTL time.Duration `koanf:"lease_ttl"`
}

// ViewConfig describes the view cache.
type ViewConfig struct {
	MaxBytes Bytes         `koanf:"max_bytes"`
	TTL      time.Duration `koanf:"ttl"`
}

// FreshnessConfig describes how this process follows changes.
type FreshnessConfig struct {
	LedgerLength     int           `koanf:"ledger_length"`
	LedgerBytes      Bytes         `koanf:"ledger_bytes"`
	MaxStaleness     time.Duration `koanf:"max_staleness"`
	PollInterval     time.Duration `koanf:"poll_interval"`
	IdlePollInterval time.Duration `koanf:"idle_poll_interval"`
	Retention        time.Duration `koanf:"retention"`
	Notify           bool          `koanf:"notify" was:"bell"`
	CatchUpTimeout   time.Duration `koanf:"catch_up_timeout"`
	StaleIfError     time.Duration `koanf:"stale_if_error" zero:"ok"`
	VerifyInterval   time.Duration `koanf:"verify_interval" zero:"ok"`
}

// LiveBytes bounds the weight of the changes in memory for event streams.
func (c *FreshnessConfig) LiveBytes() int64 { return int64(c.LedgerBytes) / 4 }

// HTTPConfig describes the public listener.
type HTTPConfig struct {
	Address        string        `koanf:"address"`
	ReadTimeout    time.Duration `koanf:"read_timeout"`
	WriteTimeout   time.Duration `koanf:"write_timeout"`
	IdleTimeout    time.Duration `koanf:"idle_timeout"`
	HandlerTimeout time.Duration `koanf:"handler_timeout"`
	MaxBody        Bytes         `koanf:"max_body"`
	MaxInFlight    int           `koanf:"max_in_flight"`
	MaxExports     int           `koanf:"max_exports"`
	MaxStreams     int           `koanf:"max_streams"`
	MaxSending     Bytes         `koanf:"max_sending"`
	RateLimit      int           `koanf:"rate_limit" zero:"ok"`
	RateBurst      int           `koanf:"rate_burst"`

	MaxStreamsPerClient int `koanf:"max_streams_per_client"`
	MaxExportsPerClient int `koanf:"max_exports_per_client"`

	RequireIfMatch bool          `koanf:"require_if_match"`
	CDNMaxAge      time.Duration `koanf:"cdn_max_age" zero:"ok"`
	PublicURL      string        `koanf:"public_url"`
	BasePath       string        `koanf:"base_path"`
	HSTSSubdomains bool          `koanf:"hsts_subdomains"`
	CORSOrigins    string        `koanf:"cors_origins"`
	TLSCert        string        `koanf:"tls_cert"`
	TLSKey         string        `koanf:"tls_key"`
	TrustedProxies string        `koanf:"trusted_proxies"`
	ProxyProtocol  bool          `koanf:"proxy_protocol"`

	IdempotencyRetention time.Duration `koanf:"idempotency_retention"`
}

// AccessConfig describes how people sign in to the pages.
type AccessConfig struct {
	SessionIdleTimeout  time.Duration `koanf:"session_idle_timeout"`
	RequireSecondFactor string        `koanf:"require_second_factor"`
}

// ImportsConfig bounds the imports that come over HTTP.
type ImportsConfig struct {
	MaxBytes    Bytes         `koanf:"max_bytes"`
	MaxUnpacked Bytes         `koanf:"max_unpacked"`
	MaxRows     int           `koanf:"max_rows"`
	Timeout     time.Duration `koanf:"timeout"`
	MaxAtOnce   int           `koanf:"max_at_once"`
}

// OpsConfig describes the listener for operators.
type OpsConfig struct {
	Address string `koanf:"address"`
	Hosts   string `koanf:"hosts"`
}

// ListingsConfig holds defaults of new listings.
type ListingsConfig struct {
	DefaultCurrency string `koanf:"default_currency"`
}

// CompatConfig says whose shape the addresses of a replaced service have.
type CompatConfig struct {
	Django bool `koanf:"django"`
}

// LogConfig describes the log.
type LogConfig struct {
	Level    string `koanf:"level"`
	Format   string `koanf:"format"`
	Sampling bool   `koanf:"sampling"`
}

// TracingConfig describes the export of traces.
type TracingConfig struct {
	Endpoint URL     `koanf:"endpoint"`
	Ratio    float64 `koanf:"ratio"`
}

// ShutdownConfig bounds the shutdown.
type ShutdownConfig struct {
	Delay   time.Duration `koanf:"delay" zero:"ok"`
	Timeout time.Duration `koanf:"timeout"`
}
