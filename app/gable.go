// Package main is the gable program.
package main

import "os"

func main() {
	ctx, stop := endOnSignal()
	code := run(ctx, &process{os.Stdin, os.Stdout, os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}
