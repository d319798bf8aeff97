package memory_test

import (
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestPropertyRepository(t *testing.T) {
	open := func(*testing.T) ports.PropertyRepository { return memory.NewPropertyRepository(time.Now) }
	porttest.PropertyRepository(t, open, porttest.Features{})
}

func TestPropertyRestorer(t *testing.T) {
	porttest.PropertyRestorer(t, func(*testing.T) (ports.PropertyRepository, ports.PropertyRestorer) {
		repo := memory.NewPropertyRepository(time.Now)
		return repo, repo
	})
}

func TestPropertyRepositoryAnswersAsTheDomainReads(t *testing.T) {
	porttest.Differential(t, map[string]ports.PropertyRepository{"memory": memory.NewPropertyRepository(time.Now)})
}
