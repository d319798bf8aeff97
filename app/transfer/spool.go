package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/gable-listings/gable/domain/property"
)

// spoolFile is a body, or what came from a pipe, in a temporary file.
type spoolFile struct {
	file *os.File
	size int64
}

// spool copies a body of up to so many bytes to a temporary file. Where the system allows it, the file loses its name
// at once, so that it disappears with the process.
func spool(ctx context.Context, body io.Reader, most int64) (*spoolFile, error) {
	f, err := os.CreateTemp("", spoolPattern)
	if err != nil {
		return nil, fmt.Errorf("copy the file to a temporary one: %w", err)
	}
	s := &spoolFile{file: f}
	_ = os.Remove(f.Name()) // Windows refuses, see remove
	received := &receiver{ctx: ctx, body: http.MaxBytesReader(nil, io.NopCloser(body), most)}
	s.size, err = io.Copy(f, received)
	if received.err != nil {
		err = &property.BrokenFileError{Err: received.err}
	}
	if tooLong, ok := errors.AsType[*http.MaxBytesError](received.err); ok {
		err = tooLong
	}
	if err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// open returns the body and its size; several readers may be open.
func (s *spoolFile) open() (File, int64, error) { return openForOwner{s.file}, s.size, nil }

func (s *spoolFile) remove() {
	_ = s.file.Close()           // only read from
	_ = os.Remove(s.file.Name()) // usually gone already
}

// File is a file that can be read at any place.
type File interface {
	io.ReaderAt
	io.Closer
}

// openForOwner is a file that its owner closes.
type openForOwner struct{ io.ReaderAt }

// Close leaves the file open.
func (openForOwner) Close() error { return nil }

// receiver records the error of a body, so that a body which ends early or takes too long is not taken for a full
// disk.
type receiver struct {
	ctx  context.Context //nolint:containedctx // a Reader gets none
	body io.Reader
	err  error
}

func (r *receiver) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		r.err = context.Cause(r.ctx)
		return 0, r.err
	}
	n, err := r.body.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
