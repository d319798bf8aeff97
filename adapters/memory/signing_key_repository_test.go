package memory_test

import (
	"testing"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestSigningKeyRepositoryKeepsItsPromises(t *testing.T) {
	porttest.SigningKeyRepository(t, func(*testing.T) ports.SigningKeyRepository { return &memory.SigningKeyRepository{} })
}
