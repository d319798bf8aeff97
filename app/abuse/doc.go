// Package abuse attacks a process and measures what its other clients get meanwhile. It has tests only.
package abuse
