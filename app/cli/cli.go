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
	Serve    serveCmd    `cmd:"" help:"Answer the HTTP API."`
	Demo     demoCmd     `cmd:"" help:"Try everything: a server of its own with real listings, gone when it stops."`
	Migrate  migrateCmd  `cmd:"" help:"Bring the database's schema up to date, or take it back."`
	Import   importCmd   `cmd:"" help:"Bring listings in from a file."`
	Export   exportCmd   `cmd:"" help:"Write listings to a file."`
	Generate generateCmd `cmd:"" help:"Store made-up listings."`
	Admin    adminCmd    `cmd:"" help:"Look after API keys and accounts."`
	Cache    cacheCmd    `cmd:"" help:"Look at the caches of a running server, or empty them."`
	Config   configCmd   `cmd:"" help:"Check the configuration."`
	Version  versionCmd  `cmd:"" help:"Say which build this is."`
}

// newCommands offers each command the settings that it uses as flags.
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

// exited carries an exit code out of kong, which ends the process itself after --help.
type exited int

// Run carries out one command line and returns the exit code. It ends early when the context does.
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
		kong.Description("Gable keeps property listings and answers searches over HTTP, from caches that are never quietly wrong.\n\n"+
			"Exit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong."),
		kong.Writers(p.Out, p.Err),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 120}),
		kong.Vars{"mappings": strings.Join(listingfile.Mappings(), ", ")},
		kong.Bind(p, &c.Admin.adminFlags, &c.Migrate),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
}

// refuse tells that the command line is wrong, in one line, and where to read how it would be right.
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
	case readerGone(err): // gable export | head: there is nobody to print it for
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(p.Err, "gable: interrupted")
	default:
		fmt.Fprintf(p.Err, "gable: %s\n", config.MaskedLines(err.Error()))
	}
	return ExitFailed
}

// variables are the names that stand for flags, in order.
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
