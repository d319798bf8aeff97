package route

// The paths that more than one room names.
const (
	Changes     = "/v1/changes"
	Imports     = "/v1/imports"
	Exports     = "/v1/exports"
	StaffImport = "/admin/import"
	StaffBulk   = "/admin/bulk/apply"
)

// Traits tell the requests of a path from others. The zero value is that of most paths.
type Traits struct {
	// Long requests take as long as the work or the client needs: no deadline of requests holds for them, and they are
	// charged as many.
	Long bool
	// Streaming says that the path also answers with a stream, which lasts until its client leaves.
	Streaming bool
}

var traits = map[string]Traits{
	Changes:     {Streaming: true},
	Imports:     {Long: true},
	Exports:     {Long: true},
	StaffImport: {Long: true},
	StaffBulk:   {Long: true},
}

// Of returns the traits of a path.
func Of(path string) Traits { return traits[path] }

// Timed reports whether how long a request takes says something about the server.
func (t Traits) Timed() bool { return !t.Long && !t.Streaming }
