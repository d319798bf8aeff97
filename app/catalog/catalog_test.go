package catalog_test

import (
	"errors"
	"testing"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Whoever is refused because of what another process has written, or is told that all is as wished for already, may read
// here next, and must be shown that.
func TestWhatOthersHaveWrittenIsKnownHereBeforeAWriterIsToldOfIt(t *testing.T) {
	never := property.ID{15: 99}
	for name, c := range map[string]struct {
		write func(s *shop) error
		want  error
	}{
		"revised, and it is gone": {func(s *shop) error {
			_, err := s.Revise(t.Context(), never, nil, raise(1))
			return err
		}, property.ErrNotFound},
		"revised, and it is at another version": {func(s *shop) error {
			_, err := s.Revise(t.Context(), s.ids[0], atVersion(7), raise(1))
			return err
		}, property.ErrVersionConflict},
		"revised, and it is as wished for": {func(s *shop) error {
			_, err := s.Revise(t.Context(), s.ids[0], nil, raise(0))
			return err
		}, nil},
		"removed, and it is gone": {func(s *shop) error {
			_, err := s.Remove(t.Context(), never, nil)
			return err
		}, property.ErrNotFound},
		"removed, and it is at another version": {func(s *shop) error {
			_, err := s.Remove(t.Context(), s.ids[0], atVersion(7))
			return err
		}, property.ErrVersionConflict},
		"removed, and gone when asked for a tag": {func(s *shop) error {
			_, err := s.Remove(t.Context(), never, atVersion(1))
			return err
		}, property.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, plain, 100)
			s.caughtUp = 0
			if err := c.write(s); !errors.Is(err, c.want) || s.caughtUp != 1 {
				t.Errorf("the writer is told %v after catching up %d times", err, s.caughtUp)
			}
			s.behind = ports.ErrUnavailable
			if err := c.write(s); !errors.Is(err, ports.ErrUnavailable) || c.want != nil && errors.Is(err, c.want) {
				t.Errorf("while that cannot be known here, the writer is told %v", err)
			}
		})
	}
	s := newShop(t, plain, 100)
	s.caughtUp = 0
	if _, err := s.Revise(t.Context(), s.ids[0], nil, raise(1)); err != nil || s.caughtUp != 0 {
		t.Errorf("for a write that is done somebody waited %d times, %v", s.caughtUp, err)
	}
}

// atVersion expects the listing at this version.
func atVersion(version int64) func(*property.Property) bool {
	return func(current *property.Property) bool { return current.Version == version }
}
