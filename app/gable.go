// Package main is the gable program.
package main

import "os"

func main() {
	ctx, stop := endOnSignal()
	code := run(ctx, &process{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}
