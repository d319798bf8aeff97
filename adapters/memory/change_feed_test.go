package memory_test

import (
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestIdempotencyKeyRepository(t *testing.T) {
	porttest.IdempotencyKeyRepository(t, func(*testing.T) (ports.PropertyRepository, ports.IdempotencyKeyRepository) {
		repo := memory.NewPropertyRepository(time.Now)
		return repo, repo
	})
}

func TestChangeFeed(t *testing.T) {
	porttest.ChangeFeed(t, func(*testing.T) (ports.PropertyRepository, ports.ChangeFeed) {
		repo := memory.NewPropertyRepository(time.Now)
		return repo, memory.NewChangeFeed(repo)
	})
}
