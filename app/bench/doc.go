// Package bench measures whole programs. It has benchmarks only.
package bench
