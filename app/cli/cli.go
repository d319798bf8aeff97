package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/app/config"
)

// commands is the command line: one field for each command, in the order of the help.
type commands struct {
	Serve    serveCmd    `cmd:"" help:"Run the HTTP server."`
	Demo     demoCmd     `cmd:"" help:"Run a temporary server with real listings."`
	Migrate  migrateCmd  `cmd:"" help:"Migrate the database schema."`
	Import   importCmd   `cmd:"" help:"Import listings from a file."`
	Export   exportCmd   `cmd:"" help:"Export listings to a file."`
	Move     moveCmd     `cmd:"" help:"Copy everything into another, empty database."`
	Generate generateCmd `cmd:"" help:"Generate and store random listings."`
	Admin    adminCmd    `cmd:"" help:"Manage API keys and accounts."`
	Cache    cacheCmd    `cmd:"" help:"Show or empty the caches of a running server."`
	Config   configCmd   `cmd:"" help:"Check the configuration."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// newCommands makes the commands, each with flags for the settings that it uses.
func newCommands() *commands {
	return &commands{
		Serve:    serveCmd{config.NewFlags()},
		Demo:     demoCmd{config.NewFlags("view", "http", "ops", "listings", "log", "shutdown")},
		Migrate:  newMigrateCmd(),
		Import:   importCmd{Flags: config.NewFlags("database", "listings")},
		Export:   exportCmd{Flags: config.NewFlags("database")},
		Generate: generateCmd{Flags: config.NewFlags("database")},
		Admin:    newAdminCmd(),
		Config:   configCmd{Check: configCheckCmd{config.NewFlags()}},
	}
}

// exited carries an exit code out of kong, which would end the process after --help.
type exited int

// Run executes one command line and returns the exit code. It ends early when the context does.
func Run(ctx context.Context, p *Process, args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			early, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = int(early)
		}
	}()
	parser := newParser(ctx, p, newCommands())
	p.others = variables(parser.Model)
	command, err := parser.Parse(args)
	if err != nil {
		return refuse(p, err)
	}
	return report(p, command.Run())
}

func newParser(ctx context.Context, p *Process, c *commands) *kong.Kong {
	return kong.Must(c,
		kong.Name("gable"),
		kong.Description("Gable stores property listings and answers searches over HTTP, "+
			"from caches that are checked against every change.\n\n"+
			"Exit codes: 0 success, 1 failure, 2 invalid command line or configuration, 3 an import rejected rows."),
		kong.Writers(p.Out, p.Err),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 120}),
		kong.Vars{"mappings": strings.Join(listingfile.Mappings(), ", ")},
		kong.Bind(p, &c.Admin.adminFlags, &c.Migrate),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
}

// refuse prints what is wrong with a command line, in one line, and which help to read.
func refuse(p *Process, err error) int {
	path := "gable"
	var wrong *kong.ParseError
	if errors.As(err, &wrong) {
		if node := wrong.Context.Selected(); node != nil {
			path = node.FullPath()
		}
	}
	fmt.Fprintf(p.Err, "gable: %s; see %s --help\n", config.MaskedLines(err.Error()), path)
	return ExitUsage
}

// report prints why a command failed. Passwords in URLs are masked, also in the messages of libraries.
func report(p *Process, err error) int {
	var wrong config.Error
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &wrong):
		fmt.Fprintf(p.Err, "gable: %s\n", config.MaskedLines(err.Error()))
		return ExitUsage
	case errors.Is(err, errRejected):
		return ExitRejected
	case readerGone(err): // gable export | head: the reader has left
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(p.Err, "gable: interrupted")
	default:
		fmt.Fprintf(p.Err, "gable: %s\n", config.MaskedLines(err.Error()))
	}
	return ExitFailed
}

// variables returns the names of the variables of all flags, sorted.
func variables(model *kong.Application) []string {
	var names []string
	_ = kong.Visit(model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			names = append(names, flag.Envs...)
		}
		return next(nil)
	})
	slices.Sort(names)
	return slices.Compact(names)
}
