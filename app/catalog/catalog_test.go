package catalog_test

import (
	"errors"
	"testing"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// A writer that is refused because of another process, or whose write changes nothing, may read here next. That read
// must show the change of the other process.
func TestWhatOthersHaveWrittenIsKnownHereBeforeAWriterIsAnswered(t *testing.T) {
	never := property.ID{15: 99}
	for name, c := range map[string]struct {
		write func(s *shop) error
		want  error
	}{
		"updated, and it is gone": {func(s *shop) error {
			_, err := s.Update(t.Context(), never, nil, raise(1))
			return err
		}, property.ErrNotFound},
		"updated, and it is at another version": {func(s *shop) error {
			_, err := s.Update(t.Context(), s.ids[0], atVersion(7), raise(1))
			return err
		}, property.ErrVersionConflict},
		"updated, and nothing changes": {func(s *shop) error {
			_, err := s.Update(t.Context(), s.ids[0], nil, raise(0))
			return err
		}, nil},
		"deleted, and it is gone": {func(s *shop) error {
			_, err := s.Delete(t.Context(), never, nil)
			return err
		}, property.ErrNotFound},
		"deleted, and it is at another version": {func(s *shop) error {
			_, err := s.Delete(t.Context(), s.ids[0], atVersion(7))
			return err
		}, property.ErrVersionConflict},
		"deleted, and gone when asked for a tag": {func(s *shop) error {
			_, err := s.Delete(t.Context(), never, atVersion(1))
			return err
		}, property.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, plain, 100)
			s.caughtUp = 0
			if err := c.write(s); !errors.Is(err, c.want) || s.caughtUp != 1 {
				t.Errorf("the writer receives %v after catching up %d times", err, s.caughtUp)
			}
			s.behind = ports.ErrUnavailable
			if err := c.write(s); !errors.Is(err, ports.ErrUnavailable) || c.want != nil && errors.Is(err, c.want) {
				t.Errorf("while that cannot be known here, the writer receives %v", err)
			}
		})
	}
	s := newShop(t, plain, 100)
	s.caughtUp = 0
	if _, err := s.Update(t.Context(), s.ids[0], nil, raise(1)); err != nil || s.caughtUp != 0 {
		t.Errorf("a write that is done waited %d times, %v", s.caughtUp, err)
	}
}

// atVersion expects the listing at this version.
func atVersion(version int64) func(*property.Property) bool {
	return func(current *property.Property) bool { return current.Version == version }
}
