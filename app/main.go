// Package main is the gable program.
package main

import (
	"os"

	"github.com/gable-listings/gable/app/cli"
)

func main() {
	ctx, stop := cli.EndOnSignal()
	code := cli.Run(ctx, &cli.Process{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}
