package server

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/app/querycache"
)

// reason describes in a few words why a part of the service does not work. The text is public and has no addresses,
// names or secrets; the whole cause is in the log and on the operators' listener.
func reason(err error) string {
	return cmp.Or(querycache.Reason(err), bunstore.Reason(err), networkReason(err), "unavailable")
}

// networkReason returns why a server could not be reached; "" for other errors.
func networkReason(err error) string {
	var unknown *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to the server"
	case errors.Is(err, os.ErrNotExist):
		return "no such socket or file"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF):
		return "connection lost"
	case errors.As(err, &unknown):
		return "host name not found"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timed out"
	}
	return ""
}
