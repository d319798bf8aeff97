package memory_test

import (
	"testing"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestKeyRepository(t *testing.T) {
	porttest.KeyRepository(t, func(*testing.T) (ports.KeyRepository, ports.AccountRepository) {
		accounts := memory.NewAccountRepository()
		return memory.NewKeyRepository(accounts), accounts
	})
}
