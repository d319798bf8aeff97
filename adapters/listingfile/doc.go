// Package listingfile reads and writes files of listings: CSV, NDJSON (one JSON object a line) and RESO JSON, each also
// compressed with gzip. A mapping says which column of a foreign file becomes which field of a listing.
//
// Reading is a stream: memory stays bounded whatever the file, and a bad row is reported with its line and reason and
// never stops the rows after it. Records come in the order of the file; a reference that comes twice comes out twice, and
// which of the two counts is for the importer to say. The package never stores anything, follows no address it reads, and
// does not judge the rules of the trade: a title may come out empty, for the domain to refuse.
package listingfile
