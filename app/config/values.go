package config

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// URL is the address of a database or cache. It may hold a password, so it prints itself masked; string(u) is the
// real text.
type URL string

var (
	userinfo      = regexp.MustCompile(`(?s)(://[^@:]*):.*@`) // greedy: a password may itself hold "@" or "/"
	secretParam   = regexp.MustCompile(`(?i)([?&;][^=&;#]*(?:pass|secret|token)[^=&;#]*=)[^&;#]*`)
	maskedSecrets = "${1}xxxxx"
)

// masked returns a text with every password in a URL replaced by xxxxx, also in URLs that cannot be parsed.
func masked(text string) string {
	return secretParam.ReplaceAllString(userinfo.ReplaceAllString(text, "${1}:xxxxx@"), maskedSecrets)
}

// MaskedLines masks a message line by line, so that two URLs in it do not look like one.
func MaskedLines(message string) string {
	var text strings.Builder
	for line := range strings.Lines(message) {
		text.WriteString(masked(line))
	}
	return text.String()
}

// String returns the URL, masked.
func (u URL) String() string { return masked(string(u)) }

// GoString masks the URL in %#v too.
func (u URL) GoString() string { return strconv.Quote(u.String()) }

// MarshalText masks the URL in encoders too.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// Bytes is a size.
type Bytes int64

// In descending order: the first unit that divides a size is the shortest way to write it.
var byteUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// String writes the size in the largest unit that divides it: 64MiB, 1536KiB, 100B.
func (b Bytes) String() string {
	for _, u := range byteUnits {
		if n := int64(b); n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return "0B"
}

func parseBytes(text string) (Bytes, error) {
	number, factor := text, int64(1)
	for _, u := range byteUnits {
		if before, found := strings.CutSuffix(text, u.name); found {
			number, factor = strings.TrimSpace(before), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64/factor || n < math.MinInt64/factor {
		return 0, fmt.Errorf("invalid size %q; write a number of bytes, or one with a unit, like 512KiB or 64MiB", text)
	}
	return Bytes(n * factor), nil
}

// assign sets a field of Config to a raw value, as read from YAML, the environment or a flag. The error shows how to
// write the value.
func assign(field reflect.Value, raw any, zeroAllowed bool) error {
	text, err := scalarText(raw)
	if err != nil {
		return err
	}
	switch target := field.Addr().Interface().(type) {
	case *string:
		*target = text
	case *URL:
		*target = URL(text)
	case *bool:
		*target, err = parseBool(text)
	case *int:
		*target, err = parseInt(text)
	case *float64:
		*target, err = parseRatio(text)
	case *Bytes:
		*target, err = parseBytes(text)
	case *time.Duration:
		*target, err = parseDuration(text)
	default:
		panic(fmt.Sprintf("a configuration field cannot be a %s", field.Type()))
	}
	if err == nil && field.CanInt() {
		err = checkSign(field.Int(), text, zeroAllowed)
	}
	return err
}

func scalarText(raw any) (string, error) {
	switch v := raw.(type) {
	case nil:
		return "", fmt.Errorf("has no value; leave the key out to use the default")
	case map[string]any, []any:
		return "", fmt.Errorf("must be a single value, not a list or a section")
	case string:
		if v == "" {
			return "", fmt.Errorf("is empty; leave it out to use the default")
		}
		return v, nil
	default:
		return fmt.Sprint(v), nil
	}
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%q must be true or false", text)
}

func parseInt(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q must be a whole number", text)
	}
	return n, nil
}

// parseRatio reads a share of a whole. The bounds also refuse NaN, which compares with nothing.
func parseRatio(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f > 0 && f <= 1) {
		return 0, fmt.Errorf("%q must be a number above 0 and up to 1, like 0.01", text)
	}
	return f, nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("invalid duration %q; write it with units, like 500ms, 15s or 1h30m", text)
	}
	return d, nil
}

func checkSign(n int64, text string, zeroAllowed bool) error {
	switch {
	case n > 0, n == 0 && zeroAllowed:
		return nil
	case zeroAllowed:
		return fmt.Errorf("%q must not be negative", text)
	default:
		return fmt.Errorf("%q must be more than zero", text)
	}
}

// valueText writes a field's value the way assign reads it, passwords masked.
func valueText(field reflect.Value) string {
	if d, ok := field.Interface().(time.Duration); ok {
		return ShortDuration(d)
	}
	return fmt.Sprint(field.Interface())
}

// ShortDuration formats a duration without the zeroes of time.Duration's String: 1h, not 1h0m0s.
func ShortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
