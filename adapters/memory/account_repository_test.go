package memory_test

import (
	"testing"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestAccountRepository(t *testing.T) {
	porttest.AccountRepository(t, func(*testing.T) ports.AccountRepository { return memory.NewAccountRepository() })
}

func TestSessionRepository(t *testing.T) {
	porttest.SessionRepository(t, func(*testing.T) (ports.AccountRepository, ports.SessionRepository) {
		accounts := memory.NewAccountRepository()
		return accounts, memory.NewSessionRepository(accounts)
	})
}

func TestBrowserRepository(t *testing.T) {
	porttest.BrowserRepository(t, func(*testing.T) (ports.AccountRepository, ports.BrowserRepository) {
		accounts := memory.NewAccountRepository()
		return accounts, memory.NewBrowserRepository(accounts)
	})
}
