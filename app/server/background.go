package server

import (
	"context"
	"sync"

	"go.uber.org/fx"
)

// background runs loops from the start of the program to its end, and waits for them there.
func background(lc fx.Lifecycle, loops ...func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	lc.Append(fx.StartStopHook(
		func() {
			for _, loop := range loops {
				running.Go(func() { loop(ctx) })
			}
		},
		func() {
			cancel()
			running.Wait()
		},
	))
}
