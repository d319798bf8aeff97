// Package transfer moves listings in bulk: it joins the use cases of imports and exports to the formats of files, for
// the API, the pages and the commands alike, and bounds what comes over HTTP.
package transfer
