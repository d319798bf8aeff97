package porttest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

// audited is a custom adapter: a wrapper that records deletions.
type audited struct {
	ports.PropertyRepository
	note func(text string)
}

func (a *audited) Delete(ctx context.Context, id property.ID, version int64) (property.Change, error) {
	change, err := a.PropertyRepository.Delete(ctx, id, version)
	if err == nil {
		a.note("removed " + change.Before.Title)
	}
	return change, err
}

// An adapter joins the suite with one test, which passes an empty repository for each case.
func TestAuditedPropertyRepository(t *testing.T) {
	porttest.PropertyRepository(t, func(t *testing.T) ports.PropertyRepository {
		note := func(text string) { t.Log(text) }
		return &audited{memory.NewPropertyRepository(time.Now), note}
	}, porttest.Features{})
}

// The limiter of ExampleRateLimiter passes the suite. Its file has no test, so that the documentation shows the whole
// file.
func TestExampleRateLimiter(t *testing.T) { joinSuite(t) }

// store is how a program provides the repository that its use cases get.
var store = fx.Provide(func() ports.PropertyRepository { return memory.NewPropertyRepository(time.Now) })

// useCase stands for the parts of the program that depend on the port.
func useCase(repo ports.PropertyRepository) error {
	details := property.Details{Title: "Sunny flat", Location: "Seattle", Price: 450_000_00}
	p, err := property.New(property.ID{15: 1}, details, time.Now())
	if err != nil {
		return err
	}
	if _, err := repo.Create(context.Background(), p, nil); err != nil {
		return err
	}
	_, err = repo.Delete(context.Background(), p.ID, p.Version)
	return err
}

// A wrapper goes around the repository that the program provides.
func Example_wrap() {
	app := fx.New(fx.NopLogger, store, fx.Invoke(useCase),
		fx.Decorate(func(store ports.PropertyRepository) ports.PropertyRepository {
			return &audited{store, func(text string) { fmt.Println(text) }}
		}),
	)
	fmt.Println(app.Err())
	// Output:
	// removed Sunny flat
	// <nil>
}

// A repository takes the place of the one that the program provides.
func Example_replace() {
	mine := &audited{memory.NewPropertyRepository(time.Now), func(text string) { fmt.Println("mine:", text) }}
	app := fx.New(fx.NopLogger, store, fx.Invoke(useCase),
		fx.Replace(fx.Annotate(mine, fx.As(new(ports.PropertyRepository)))),
	)
	fmt.Println(app.Err())
	// Output:
	// mine: removed Sunny flat
	// <nil>
}
