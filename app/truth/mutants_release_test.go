//go:build unix

package truth

// The rules about which programs run on which schema, and about what a release does to readers and writers meanwhile.
var releaseMutants = []mutant{
	{
		"a program does not run on a schema that needs a newer one",
		"adapters/bunstore/schema.go", "if m.oldest > own {", "if m.oldest > own && false {", storePkg,
		"TestAProgramRunsOnANewerSchema",
	},
	{
		"nor on one that does not state what it needs",
		"adapters/bunstore/schema.go", "oldest: m.Name}", "oldest: \"\"}", storePkg, "TestAnUnknownMigration",
	},
	{
		"the first release runs beside no migration that it does not know",
		"adapters/bunstore/schema.go", "isFirst := m.number() <= migrations.FirstRelease;", "isFirst := true;",
		storePkg, "TestTheTableOfTheFirstRelease",
	},
	{
		"a migration without its record is rolled back",
		"adapters/bunstore/schema.go",
		"	if err != nil {\n		return fmt.Errorf(\"record migration %s: %w\", m.Name, err)\n	}\n", "	_ = err\n",
		storePkg, "TestAMigrationAndItsRecord",
	},
	{
		"only the program that brings the newest migration rolls it back",
		"adapters/bunstore/schema.go", "if newer := s.Newer(); newer != \"\" {", "if newer := s.Newer(); false {",
		storePkg, "TestMigrationsAreTakenBack",
	},
	{
		"a program leaves the triggers of a newer one",
		"adapters/bunstore/triggers.go", "err != nil || s.Newer() != \"\" || s.Triggers.Own", "err != nil || s.Triggers.Own",
		storePkg, "TestAProgramLeavesTheTriggers",
	},
	{
		"and does not run beside triggers that need a newer one",
		"adapters/bunstore/triggers.go", "if !t.Own && t.oldest > program {", "if false {",
		storePkg, "TestTriggersThatNeed",
	},
	{
		"triggers name no column that the schema lacks",
		"adapters/bunstore/triggers.go", "return slices.Contains(columns, column)",
		"return slices.Contains(columns, column) || true", storePkg, "TestAProgramLeavesTheTriggers",
	},
	{
		"a program has the triggers that it brings",
		"adapters/bunstore/triggers.go", "if !t.Own && t.newest < program {", "if false {",
		storePkg, "TestADatabaseWithoutTheTriggers",
	},
	{
		"no query queues behind a migration that waits for a table",
		"adapters/bunstore/postgres.go", "\"SET LOCAL lock_timeout = '1s'\"", "\"SELECT 1\"",
		storePkg, "TestAMigrationThatWaitsForATable",
	},
	{
		"a database that is being restored is unavailable",
		"adapters/bunstore/postgres.go",
		"\"55P03\",\n		\"42P01\", \"42703\", \"42883\", \"3F000\", \"54000\":", "\"55P03\":",
		storePkg, "TestADatabaseThatIsBeingRestored",
	},
	{
		"every migration says which programs run on its schema",
		"migrations/migrations.go",
		"	if said == nil {\n", "	if said == nil {\n		return FirstRelease, nil\n	}\n	if said[0] == nil {\n",
		schemaPkg, "TestTheStatementOfAMigration",
	},
}
