package porttest

// WrittenNumber is a number as people and programs write it, and how it is read.
type WrittenNumber struct {
	Text  string
	Typed string // as the pages read it; "" where they refuse it
	File  string // as a file reads it whose mapping says nothing of numbers; "" where the row is rejected
	// Readings are those that a refusal names; none for what is not a number.
	Readings []string
}

// WrittenNumbers are numbers that forms, search fields, bulk edits and files must read alike.
func WrittenNumbers() []WrittenNumber {
	both := func(texts ...string) []string { return texts }
	return []WrittenNumber{
		{"450.000", "", "", both("450000", "450.00")},
		{"1.250", "", "", both("1250", "1.25")},
		{"1,5", "", "", both("15", "1.5")},
		{"1,2345", "", "", both("12345", "1.2345")},
		{"12,50", "", "", both("1250", "12.50")},
		{"12,34,567", "", "", both("1234567")},
		{"1.250.000", "", "", both("1250000")},
		{"1.234,56", "", "", both("1234.56")},
		{"1 234,56", "", "", both("1234.56")},
		{"1250-", "", "", both("-1250")},
		{"125-", "", "", both("-125")},
		{".5", "", "", both("0.5")},
		{"5.", "", "", both("5")},
		{"0,5", "", "", both("0.5")},
		{"0,250", "", "", both("0.250")},

		{"1,250", "1250", "", both("1250", "1.25")},
		{"1 250", "1250", "", both("1250")},
		{"1\u00a0250", "1250", "", both("1250")}, // no-break space
		{"1\u202f250", "1250", "", both("1250")}, // narrow no-break space
		{"1\u2009250", "1250", "", both("1250")}, // thin space
		{"1'250", "1250", "", both("1250")},
		{"1\u2019250", "1250", "", both("1250")}, // typographic apostrophe
		{"1_250", "1250", "", both("1250")},
		{"1,250,000", "1250000", "", both("1250000")},
		{"1,234.56", "1234.56", "", both("1234.56")},
		{"\uff11\uff0c\uff12\uff15\uff10", "1250", "", both("1250", "1.25")}, // full-width

		{"1250", "1250", "1250", nil},
		{"1250.50", "1250.5", "1250.5", nil},
		{"0.250", "0.25", "0.25", nil},
		{"+1250", "1250", "1250", nil},
		{" 1250\ufeff", "1250", "1250", nil},
		{"\uff11\uff12\uff15\uff10", "1250", "1250", nil},
		{"1.25e3", "1250", "1250", nil},

		{"1 5", "", "", nil},
		{"12 34", "", "", nil},
		{"1.2.3", "", "", nil},
		{"1,25,0", "", "", nil},
		{"1,250 000", "", "", nil},
		{"1..2", "", "", nil},
		{"1,,250", "", "", nil},
		{"--1", "", "", nil},
		{"-1-", "", "", nil},
		{"1/2", "", "", nil},
		{"0x10", "", "", nil},
		{"NaN", "", "", nil},
		{"ten", "", "", nil},
		{"\u0664\u0665\u0660", "", "", nil}, // Arabic-Indic digits
	}
}
