// Package asset serves files that never change while the program runs. These are style sheets, scripts, pictures, and
// pages that are the same for every visitor. It holds each file compressed, with an entity tag.
package asset

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gable-listings/gable/adapters/web/exchange"
)

const (
	revalidate = "no-cache"
	forever    = "public, max-age=31536000, immutable"
)

// File is one file to serve. Nearly every request accepts its compressed form; the plain form is unpacked on the first
// request for it and stays in memory. All files of the program unpacked take a few megabytes.
type File struct {
	// Policy is the Content-Security-Policy of a page; "" for other files.
	Policy string

	gzipped      []byte
	plain        func() []byte
	hash         string
	contentType  string
	cacheControl string
}

// New returns a file that clients may cache but must revalidate each time.
func New(contentType string, content []byte) *File {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(content) // a buffer never fails
	_ = z.Close()
	return newFile(contentType, b.Bytes(), revalidate)
}

func newFile(contentType string, gzipped []byte, cacheControl string) *File {
	return &File{
		gzipped: gzipped, plain: sync.OnceValue(func() []byte { return unpack(gzipped) }),
		hash: hashOf(gzipped), contentType: contentType, cacheControl: cacheControl,
	}
}

// unpack returns the uncompressed content. It cannot fail: the data is embedded or was just compressed, and a test
// reads every file.
func unpack(gzipped []byte) []byte {
	z, _ := gzip.NewReader(bytes.NewReader(gzipped))
	content, _ := io.ReadAll(z)
	return content
}

// Tree is a set of files under a path that changes with their content, so that clients may cache them forever.
type Tree struct {
	// Base is that path, with a slash at the end.
	Base  string
	files map[string]*File
}

// NewTree reads the files of the folders and places them below the prefix, which ends in a slash. A file whose name
// ends in .gz is already compressed and is served without that ending.
func NewTree(prefix string, from fs.FS, folders ...string) (*Tree, error) {
	t := &Tree{files: map[string]*File{}}
	for _, folder := range folders {
		entries, err := fs.ReadDir(from, folder)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			data, err := fs.ReadFile(from, path.Join(folder, e.Name()))
			if err != nil {
				return nil, err
			}
			name, f := newAsset(e.Name(), data)
			t.files[name] = f
		}
	}
	t.Base = prefix + buildOf(t.files) + "/"
	return t, nil
}

// File returns the file at a path, or nil.
func (t *Tree) File(path string) *File {
	name, below := strings.CutPrefix(path, t.Base)
	if !below {
		return nil
	}
	return t.files[name]
}

func newAsset(embeddedName string, data []byte) (name string, f *File) {
	name, compressed := strings.CutSuffix(embeddedName, ".gz")
	if compressed {
		return name, newFile(typeOf(name), data, forever)
	}
	f = New(typeOf(name), data)
	f.cacheControl = forever
	return name, f
}

// typeOf returns the media type for the extension of a name. The standard library's table depends on the machine.
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

// buildOf returns one hash over all files.
func buildOf(files map[string]*File) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b.WriteString(name + " " + files[name].hash + "\n")
	}
	return hashOf([]byte(b.String()))
}

// ServeHTTP answers GET and HEAD, conditional requests and ranges.
func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cacheControl)
	h.Add("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	if f.Policy != "" {
		exchange.SetPolicy(h, f.Policy)
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

// acceptsGzip reports whether Accept-Encoding names gzip, or anything by *, with a weight above zero.
func acceptsGzip(values []string) bool {
	found := false
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, parameters, _ := strings.Cut(item, ";")
		weight, weighted := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		accepted := !weighted || err == nil && q > 0
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip":
			return accepted
		case "*":
			found = accepted
		}
	}
	return found
}
