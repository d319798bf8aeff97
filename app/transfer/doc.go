// Package transfer connects the use cases of imports and exports to file formats. The API, the pages and the commands
// use it alike, and it bounds the imports over HTTP.
package transfer
