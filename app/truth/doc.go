// Package truth looks for wrong answers of several processes over one database, under faults. It compares every answer
// with what was committed and acknowledged. It has tests only.
package truth
