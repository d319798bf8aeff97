package route

// The paths that several packages name.
const (
	Changes     = "/v1/changes"
	Imports     = "/v1/imports"
	Exports     = "/v1/exports"
	StaffImport = "/admin/import"
	StaffBulk   = "/admin/bulk/apply"
)

// Traits distinguish the requests of a path from others. Most paths have the zero value.
type Traits struct {
	// Long requests take as long as the work or the client needs: no request deadline applies to them, and each is
	// charged as many requests.
	Long bool
	// Streaming paths also answer with a stream, which lasts until the client leaves.
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

// Timed reports whether the duration of a request is a measure of the server.
func (t Traits) Timed() bool { return !t.Long && !t.Streaming }
