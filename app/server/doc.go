// Package server assembles the program: which parts run, with which settings, and in which order they start and stop.
// What the parts do is in their own packages. Only this package knows fx.
package server
