// Package listingfile reads and writes files of listings. It reads CSV, NDJSON (one JSON object a line) and RESO JSON,
// each also compressed with gzip or alone in a zip, and workbooks in .xlsx. A mapping says which column of a foreign
// file becomes which field of a listing.
//
// Reading is a stream. Memory stays bounded for any file, and a bad row is reported with its line and reason and
// never stops the rows after it. Records come in the order of the file. A repeated reference comes out each time; the
// importer decides which one counts. The package never stores anything, never fetches an address it reads, and does
// not check the rules of the trade: a title may come out empty, for the domain to refuse.
package listingfile
