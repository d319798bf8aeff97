// Package ports holds the interfaces between Gable's use cases and the world: what they ask of a store, a cache, an event
// bus and a change feed. The comments are the specification; package porttest checks every sentence of it.
package ports
