package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	revalidate = "no-cache"
	forever    = "public, max-age=31536000, immutable"
)

// file is something to serve. Only its compressed form is kept: nearly everybody asks for that one.
type file struct {
	gzipped      []byte
	hash         string
	contentType  string
	cacheControl string
	policy       string // Content-Security-Policy; "" for what is no page
}

// newFile is a file that clients keep but ask about each time.
func newFile(contentType string, content []byte) *file {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(content) // a buffer takes everything
	_ = z.Close()
	return &file{gzipped: b.Bytes(), hash: hashOf(b.Bytes()), contentType: contentType, cacheControl: revalidate}
}

// newAsset is a file whose address changes with its content, so that clients need never ask again. Data that ends in .gz
// by its name is compressed already; the file is called without that ending.
func newAsset(embeddedName string, data []byte) (name string, f *file) {
	name, compressed := strings.CutSuffix(embeddedName, ".gz")
	if compressed {
		f = &file{gzipped: data, hash: hashOf(data), contentType: typeOf(name)}
	} else {
		f = newFile(typeOf(name), data)
	}
	f.cacheControl = forever
	return name, f
}

// typeOf is the media type by the name's end. The standard library's table depends on the machine.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return "text/plain; charset=utf-8"
	}
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// buildOf is one hash over all files.
func buildOf(files map[string]*file) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b.WriteString(name + " " + files[name].hash + "\n")
	}
	return hashOf([]byte(b.String()))
}

// ServeHTTP answers GET and HEAD, conditional requests and ranges.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cacheControl)
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	if f.policy != "" {
		h.Set("Content-Security-Policy", f.policy)
		h.Set("Referrer-Policy", "no-referrer")
	}
	body := f.gzipped
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(body)))
		h.Set("ETag", `"`+f.hash+`-gzip"`)
	} else {
		body = f.plain()
		h.Set("ETag", `"`+f.hash+`"`)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// plain is the content. What is embedded or was just compressed always unpacks; a test reads every file.
func (f *file) plain() []byte {
	z, _ := gzip.NewReader(bytes.NewReader(f.gzipped))
	content, _ := io.ReadAll(z)
	return content
}

// acceptsGzip reports whether Accept-Encoding names gzip, or anything by *, with a weight above zero.
func acceptsGzip(values []string) bool {
	found := false
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, parameters, _ := strings.Cut(item, ";")
		weight, given := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		accepted := !given || err == nil && q > 0
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip":
			return accepted
		case "*":
			found = accepted
		}
	}
	return found
}
