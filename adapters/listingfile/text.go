package listingfile

import (
	"errors"
	"strings"
	"unicode"

	"golang.org/x/net/html"

	"github.com/gable-listings/gable/domain/property"
)

// lineBreaks are the elements that begin a new line, and the text that they become.
var lineBreaks = map[string]string{
	"br": "\n", "p": "\n", "div": "\n", "ul": "\n", "ol": "\n", "tr": "\n",
	"h1": "\n", "h2": "\n", "h3": "\n", "li": "\n• ",
}

// plainText returns the visible text of HTML: without tags, with entities resolved and line breaks in place. Scripts
// and styles are left out.
func plainText(text string) string {
	if !strings.ContainsAny(text, "<&") {
		return text
	}
	var out strings.Builder
	hidden := 0
	tokens := html.NewTokenizer(strings.NewReader(text))
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			return strings.TrimSpace(out.String())
		case html.TextToken:
			if hidden == 0 {
				out.WriteString(html.UnescapeString(string(tokens.Raw())))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			tag, _ := tokens.TagName()
			name := string(tag)
			switch {
			case name == "script" || name == "style":
				if kind == html.StartTagToken {
					hidden++
				} else if hidden > 0 {
					hidden--
				}
			case kind != html.EndTagToken:
				out.WriteString(lineBreaks[name])
			case name == "p":
				out.WriteString("\n")
			}
		}
	}
}

// tidy removes what is invisible or unwanted. That is control characters, zero-width spaces and byte order marks,
// characters for private use, runs of spaces, and more than one empty line. The joiner inside emoji stays.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Co, r), r == '\u200b', r == '\ufeff', r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text)
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// numbers is how a file writes numbers.
type numbers struct {
	style property.NumberStyle
	strip []string // meaningless texts around numbers, such as currency signs
}

// plain returns the number as digits, with a point, a minus and an exponent where it has them. Where the mapping
// declares no mark, 450.000 stays as ambiguous as it is.
func (n *numbers) plain(text string) (string, error) {
	for _, sign := range n.strip {
		text = strings.ReplaceAll(text, sign, "")
	}
	if text = strings.TrimSpace(text); property.Blank(text) {
		return "", nil
	}
	plain, err := n.style.Plain(text)
	switch {
	case errors.Is(err, property.ErrNotNumber):
		return "", errNotNumber
	case err != nil && property.Ambiguous(text):
		return text, nil
	case err != nil:
		return "", err
	}
	if _, err := property.ParseNumber(plain); err != nil { // beyond what floats have
		return "", errNotNumber
	}
	if n.style.Decimal != 0 { // the mapping has said which mark is which
		plain = unambiguous(plain)
	}
	return plain, nil
}
