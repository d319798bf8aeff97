package passwords

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/app/accounts"
	domain "github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// gated is a hasher that takes a second for each password, one at a time, and whose hash is the password.
type gated struct{ gate *gate }

func (h gated) Hash(ctx context.Context, password string) (string, error) {
	return password, h.gate.pass(ctx, func() { time.Sleep(time.Second) })
}

func (h gated) Verify(ctx context.Context, password, hash string) (bool, error) {
	return password == hash, h.gate.pass(ctx, func() { time.Sleep(time.Second) })
}

// A flood fills the gate and goes on as fast as it is answered. A client with the right password still gets in.
func TestAFloodOfGuessesLeavesPlacesForRightSignIns(t *testing.T) {
	const right, wrong = "the right password of theirs", "a wrong guess of a password"
	address := func(i int) string { return fmt.Sprintf("198.51.%d.%d", i/250, i%250) }
	for name, c := range map[string]struct {
		guess func(i int) (name, address string)
		name  string
		known bool // whether the right sign-in comes from a remembered browser
	}{
		"one name from many addresses": {
			func(i int) (string, string) { return "anna", address(i) }, "bob", false},
		"the name of the right sign-in": {
			func(i int) (string, string) { return "anna", address(i) }, "anna", true},
		"many names from one address": {
			func(i int) (string, string) { return fmt.Sprint("name", i), "198.51.100.1" }, "anna", false},
		"few names from many addresses": {
			func(i int) (string, string) { return fmt.Sprint("name", i%5), address(i) }, "anna", false},
		"ever other names from ever other addresses": {
			func(i int) (string, string) { return fmt.Sprint("name", i), address(i) }, "anna", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memory.NewAccountRepository()
				var id byte
				accounts := accounts.NewAccounts(accounts.Ports{
					Accounts: store, Sessions: memory.NewSessionRepository(store), Browsers: memory.NewBrowserRepository(store),
					Hasher: gated{newGate(1, 11)},
				}, accounts.Options{
					NewID: func() property.ID { id++; return property.ID{15: id} }, Now: time.Now,
					Random: func(p []byte) { p[0]++ },
				})
				visitor := domain.Visitor{Address: "203.0.113.9"}
				for _, name := range []string{"anna", "bob"} {
					account, err := accounts.Create(t.Context(), name, right, domain.RoleEditor)
					if err != nil {
						t.Fatal(err)
					}
					if c.known && name == c.name {
						if visitor.Browser, _, err = accounts.RememberBrowser(t.Context(), account.ID, ""); err != nil {
							t.Fatal(err)
						}
					}
				}
				var tried, refused atomic.Int64
				ctx, stop := context.WithCancel(t.Context())
				var flood sync.WaitGroup
				defer flood.Wait()
				defer stop()
				for range 40 {
					flood.Go(func() {
						for ctx.Err() == nil {
							name, address := c.guess(int(tried.Add(1)))
							_, err := accounts.SignIn(ctx, name, wrong, domain.Visitor{Address: address})
							if errors.Is(err, ports.ErrUnavailable) {
								refused.Add(1)
							}
							time.Sleep(100 * time.Millisecond)
						}
					})
				}
				time.Sleep(500 * time.Millisecond)
				if refused.Load() == 0 {
					t.Error("the flood does not fill the gate")
				}
				for range 5 {
					if _, err := accounts.SignIn(t.Context(), c.name, right, visitor); err != nil {
						t.Fatalf("after %d guesses: %v", tried.Load(), err)
					}
				}
			})
		})
	}
}

func TestLessKnownCallersHaveFewerPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 8)
		enter := func(s ports.Standing) (let int) {
			for range 20 {
				refused := make(chan error, 1)
				go func() {
					refused <- g.pass(ports.WithStanding(t.Context(), s), func() { time.Sleep(time.Second) })
				}()
				synctest.Wait()
				select {
				case err := <-refused:
					if !errors.Is(err, ports.ErrUnavailable) {
						t.Errorf("refused with %v", err)
					}
				default:
					let++
				}
			}
			return let
		}
		suspect, strangers, known := enter(ports.Suspect), enter(ports.Stranger), enter(ports.Known)
		if suspect != 3 || strangers != 3 || known != 3 {
			t.Errorf("of 9 places %d are for suspect callers, %d more for strangers, %d more for known ones",
				suspect, strangers, known)
		}
		time.Sleep(time.Minute)
		if let := enter(ports.Known); let != 9 {
			t.Errorf("after all have left, %d are let in", let)
		}
		time.Sleep(time.Minute)
	})
}
