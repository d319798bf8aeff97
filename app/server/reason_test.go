package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/ports"
)

func TestAReasonSaysWhyAndNamesNobody(t *testing.T) {
	dial := func(cause error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 6379}, Err: cause}
	}
	for want, errs := range map[string][]error{
		"connection refused":     {dial(os.NewSyscallError("connect", syscall.ECONNREFUSED))},
		"no route to the server": {dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH))},
		"no such socket or file": {dial(os.NewSyscallError("connect", syscall.ENOENT))},
		"connection lost":        {dial(os.NewSyscallError("read", syscall.ECONNRESET))},
		"host name not found": {
			dial(&net.DNSError{Err: "no such host", Name: "db.internal", IsNotFound: true}),
		},
		"timed out": {
			context.DeadlineExceeded, dial(os.ErrDeadlineExceeded), &pgconn.PgError{Code: "57014"},
		},
		"authentication failed": {
			&pgconn.PgError{Code: "28P01", Message: `password authentication failed for user "gable"`},
		},
		"no such database":                     {&pgconn.PgError{Code: "3D000", Message: `database "gable" does not exist`}},
		"starting up or shutting down":         {&pgconn.PgError{Code: "57P03"}},
		"the schema is older than the program": {bunstore.ErrSchemaOlder},
		"unavailable":                          {errors.New("user gable at 10.0.0.7"), ports.ErrUnavailable},
	} {
		for _, err := range errs {
			wrapped := fmt.Errorf("ping gable at 10.0.0.7: %w: %w", ports.ErrUnavailable, err)
			if got := reason(wrapped); got != want || strings.Contains(got, "gable") {
				t.Errorf("the reason of %v is %q, want %q", err, got, want)
			}
		}
	}
}
