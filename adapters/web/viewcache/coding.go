package viewcache

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// coding is a content coding. The order is the server's preference when the client likes several equally.
type coding int

const (
	brotliCoding coding = iota
	zstdCoding
	gzipCoding
	identity
	codings
)

var codingNames = [codings]string{"br", "zstd", "gzip", "identity"}

// shortestCompressed is the size in bytes below which compressing a body gains nothing.
const shortestCompressed = 512

// negotiate chooses the coding for an Accept-Encoding header (RFC 9110, 12.5.3). It uses no coding that the header does
// not name. A header that forbids identity as well still gets identity, since an answer beats none.
func negotiate(header string) coding {
	if header == "" {
		return identity
	}
	best, bestQuality := identity, 0
	for item := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		quality := qualityOf(parameters)
		c := codingNamed(strings.TrimSpace(name))
		if c < identity && quality > 0 && (quality > bestQuality || quality == bestQuality && c < best) {
			best, bestQuality = c, quality
		}
	}
	return best
}

func codingNamed(name string) coding {
	switch {
	case strings.EqualFold(name, "br"):
		return brotliCoding
	case strings.EqualFold(name, "zstd"):
		return zstdCoding
	case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
		return gzipCoding
	case name == "*":
		return gzipCoding
	}
	return identity
}

// qualityOf reads ";q=0.5" in thousandths; an absent or malformed one is 1.
func qualityOf(parameters string) int {
	text, found := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
	if !found {
		return 1_000
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 1_000
	}
	return int(q * 1_000)
}

// Variant returns the view in the coding that suits an Accept-Encoding header.
func (v *View) Variant(acceptEncoding string) *Variant {
	c := identity
	if len(v.answer.Body) >= shortestCompressed {
		c = negotiate(acceptEncoding)
	}
	slot := &v.variants[c]
	slot.once.Do(func() {
		slot.Variant = v.make(c)
		v.present.Or(1 << c)
	})
	return slot.Variant
}

func (v *View) make(c coding) *Variant {
	body, suffix := v.answer.Body, ""
	variant := &Variant{ContentType: []string{v.answer.ContentType}}
	if c != identity {
		body, suffix = compress(c, body), "-"+codingNames[c]
		variant.ContentEncoding = []string{codingNames[c]}
	}
	if v.answer.Link != "" {
		variant.Link = []string{v.answer.Link}
	}
	variant.Body = body
	variant.ETag = []string{`"` + v.digest + suffix + `"`}
	variant.ContentLength = []string{strconv.Itoa(len(body))}
	return variant
}

// compress compresses a body, at levels that favor size, since it runs once for a view. Writing to memory cannot fail.
func compress(c coding, body []byte) []byte {
	var b bytes.Buffer
	var w io.WriteCloser
	switch c {
	case brotliCoding:
		w = brotli.NewWriterLevel(&b, 5)
	case zstdCoding:
		w, _ = zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	default:
		w, _ = gzip.NewWriterLevel(&b, gzip.DefaultCompression)
	}
	_, _ = w.Write(body)
	_ = w.Close()
	return b.Bytes()
}
