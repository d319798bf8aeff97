package cli

// importWays are the flags of imports that are not of an ordinary file.
type importWays struct {
	Restore bool   `help:"Bring an export back exactly, with ids, versions and times."`
	Django  string `name:"from-django" placeholder:"URL" help:"Import from the Postgres database of a Django service."`
}
