package memory

import (
	"context"
	"fmt"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// ChangeHistory returns the histories of one PropertyRepository's listings. Each query scans every stored change.
// There are no resets.
type ChangeHistory struct {
	repository *PropertyRepository
}

var _ ports.ChangeHistory = (*ChangeHistory)(nil)

// NewChangeHistory makes the histories of a repository.
func NewChangeHistory(repository *PropertyRepository) *ChangeHistory {
	return &ChangeHistory{repository: repository}
}

// History implements ports.ChangeHistory. Changes are ordered by transaction.
func (h *ChangeHistory) History(
	ctx context.Context, id property.ID, before int64, limit int,
) (ports.HistoryPage, error) {
	if err := ctx.Err(); err != nil {
		return ports.HistoryPage{}, fmt.Errorf("read the history of listing %s: %w", id, err)
	}
	h.repository.mu.RLock()
	defer h.repository.mu.RUnlock()
	log := &h.repository.log
	var page ports.HistoryPage
	for i := len(log.changes) - 1; i >= 0; i-- {
		c := log.changes[i]
		if c.ID != id || before != 0 && c.Tx >= uint64(before) {
			continue
		}
		if len(page.Changes) == limit {
			page.Next = int64(page.Changes[limit-1].Tx)
			break
		}
		page.Changes = append(page.Changes, c)
	}
	return page, nil
}
