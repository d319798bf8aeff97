package property

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// NumberStyle is how a source writes numbers. The zero value is of a source that does not say how: a point stands
// before decimals, unless it stands where thousands would be separated, and no mark separates thousands.
type NumberStyle struct {
	Decimal rune   // the mark before decimals; 0 is a point, of which the source has not said so
	Groups  string // marks that may stand between thousands; a number has one kind of them
}

// Plain converts a number in this style to digits, with a minus, a point and an exponent where it has them.
// ParseDecimal reads the result. All kinds of spaces, of apostrophes and of minus signs count as one, full-width
// characters count as their ASCII ones, and a plus in front is dropped. Errors are *AmbiguousError, with every likely
// reading, and ErrNotNumber.
func (s NumberStyle) Plain(text string) (string, error) {
	n, ok := s.split(text)
	if !ok {
		return "", ErrNotNumber
	}
	if plain, ok := s.read(&n); ok {
		return plain, nil
	}
	if readings := s.readings(&n); len(readings) > 0 {
		return "", &AmbiguousError{Text: text, Readings: readings}
	}
	return "", ErrNotNumber
}

// MarkOf returns the mark as numbers are compared with it, or 0 if the text is anything but one mark.
func MarkOf(text string) rune {
	folded := []rune(strings.Map(foldNumber, text))
	if len(folded) != 1 || folded[0] >= '0' && folded[0] <= '9' || strings.ContainsRune("+-eE", folded[0]) {
		return 0
	}
	return folded[0]
}

// foldNumber maps a character to the one of ASCII that means the same in a number, and what is invisible to nothing.
func foldNumber(r rune) rune {
	switch {
	case r == '\u2212': // minus sign
		return '-'
	case r == '\u2019', r == '\u2018', r == '\u02BC': // apostrophes
		return '\''
	case r >= '\uFF01' && r <= '\uFF5E': // full-width forms
		return r - '\uFF01' + '!'
	case unicode.Is(unicode.Zs, r):
		return ' '
	case ignorable(r):
		return -1
	}
	return r
}

// writtenNumber is the parts of a number: runs of digits with a mark between each two.
type writtenNumber struct {
	sign     string // "-" or nothing
	behind   bool   // the minus stands behind the digits
	digits   []string
	marks    []rune
	exponent string
}

var exponentForm = regexp.MustCompile(`^[eE][+-]?[0-9]{1,4}$`)

// split is not ok when the text has anything but digits, marks, a sign and an exponent.
func (s NumberStyle) split(text string) (n writtenNumber, ok bool) {
	if len(text) > 4*maxDecimalText {
		return n, false
	}
	text = strings.TrimSpace(strings.Map(foldNumber, text))
	if len(text) > maxDecimalText {
		return n, false
	}
	text, n.behind = strings.CutSuffix(text, "-")
	if unsigned, signed := strings.CutPrefix(text, "-"); signed {
		text, n.sign = unsigned, "-"
	} else {
		text = strings.TrimPrefix(text, "+")
	}
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		text, n.exponent = text[:at], text[at:]
		if !exponentForm.MatchString(n.exponent) {
			return n, false
		}
	}
	n.digits = []string{""}
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			n.digits[len(n.digits)-1] += string(r)
		case strings.ContainsRune(".,' _", r), r == s.Decimal, strings.ContainsRune(s.Groups, r):
			n.marks, n.digits = append(n.marks, r), append(n.digits, "")
		default:
			return n, false
		}
	}
	return n, strings.Join(n.digits, "") != "" && !(n.behind && n.sign != "")
}

func (s NumberStyle) decimal() rune {
	if s.Decimal == 0 {
		return '.'
	}
	return s.Decimal
}

// read returns the number, if it is in this style and has one reading.
func (s NumberStyle) read(n *writtenNumber) (plain string, ok bool) {
	if n.behind || slices.Contains(n.digits, "") {
		return "", false
	}
	groups, marks, fraction := n.digits, n.marks, ""
	if last := len(marks) - 1; last >= 0 && marks[last] == s.decimal() {
		groups, marks, fraction = n.digits[:last+1], marks[:last], "."+n.digits[last+1]
	}
	if !uniform(marks) || len(marks) > 0 && !(strings.ContainsRune(s.Groups, marks[0]) && thousands(groups, 3)) {
		return "", false
	}
	plain = n.sign + strings.Join(groups, "") + fraction + n.exponent
	return plain, s.Decimal != 0 || !Ambiguous(plain)
}

// uniform reports whether all marks are the same.
func uniform(marks []rune) bool { return len(slices.Compact(slices.Clone(marks))) <= 1 }

// thousands reports whether the groups are those of one number. The last has three digits, those before it three or at
// least so many, and the first one to three without a zero in front.
func thousands(groups []string, least int) bool {
	for i, group := range groups {
		if i > 0 && (len(group) > 3 || len(group) < least) {
			return false
		}
	}
	first, last := groups[0], groups[len(groups)-1]
	return len(first) <= 3 && first[0] != '0' && len(last) == 3
}

// readings returns what a number that is not in this style most likely means. It is spelled in this style.
func (s NumberStyle) readings(n *writtenNumber) (all []string) {
	if n.behind {
		front := *n
		front.behind, front.sign = false, "-"
		if plain, ok := s.read(&front); ok {
			return []string{s.spelled(plain)}
		}
		return s.readings(&front)
	}
	last := len(n.marks) - 1
	add := func(whole []string, fraction string) {
		all = append(all, s.spelled(n.sign+strings.Join(whole, "")+fraction+n.exponent))
	}
	point := last >= 0 && strings.ContainsRune(".,"+string(s.decimal()), n.marks[last])
	switch {
	case slices.Contains(n.digits, ""):
		if last == 0 && point { // .5 or 5.
			all = append(all, s.spelled(n.sign+cmp.Or(n.digits[0], "0")+strings.TrimSuffix("."+n.digits[1], ".")+n.exponent))
		}
	case last == 0:
		if n.digits[0][0] != '0' && (point || thousands(n.digits, 3)) {
			add(n.digits, "")
		}
		if point {
			add(n.digits[:1], "."+n.digits[1])
		}
	case uniform(n.marks):
		if thousands(n.digits, 2) {
			add(n.digits, "")
		}
	case point && n.marks[last] != n.marks[0] && uniform(n.marks[:last]) && thousands(n.digits[:last+1], 2):
		add(n.digits[:last+1], "."+n.digits[last+1])
	}
	return all
}

// spelled writes a plain number in this style so that it has one reading.
func (s NumberStyle) spelled(plain string) string {
	if s.Decimal == 0 && Ambiguous(plain) {
		return plain[:len(plain)-1]
	}
	return strings.Replace(plain, ".", string(s.decimal()), 1)
}
