package memory_test

import (
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestChangeHistory(t *testing.T) {
	porttest.ChangeHistory(t, func(*testing.T) (ports.PropertyRepository, ports.ChangeFeed, ports.ChangeHistory) {
		repo := memory.NewPropertyRepository(time.Now)
		return repo, memory.NewChangeFeed(repo), memory.NewChangeHistory(repo)
	})
}
