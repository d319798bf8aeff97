package propertyjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// checkSyntax refuses a text that is not one JSON value in UTF-8. The walkers below rely on it.
func checkSyntax(data []byte) error {
	if !utf8.Valid(data) {
		return &SyntaxError{Offset: invalidUTF8(data), Reason: "is not valid UTF-8"}
	}
	if len(bytes.TrimLeft(data, whiteSpace)) == 0 {
		return &SyntaxError{Reason: "is empty"}
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return &SyntaxError{Offset: syntax.Offset, Reason: "is not valid JSON: " + syntax.Error()}
	}
	return err
}

const whiteSpace = " \t\r\n"

func invalidUTF8(data []byte) int64 {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return int64(at)
}

// value is the text of one valid JSON value, without white space around it.
type value []byte

func (v value) isNull() bool   { return v[0] == 'n' }
func (v value) isString() bool { return v[0] == '"' }
func (v value) isArray() bool  { return v[0] == '[' }
func (v value) isObject() bool { return v[0] == '{' }
func (v value) isNumber() bool { return v[0] == '-' || v[0] >= '0' && v[0] <= '9' }

// members calls f with each name, still quoted, and value of a valid object, in order.
func (v value) members(f func(name, v value)) {
	for rest := v.inside(); len(rest) > 0; {
		name, after := cutValue(rest)
		member, after := cutValue(skip(after, ':'))
		f(name, member)
		rest = skip(after, ',')
	}
}

// items calls f with each item of a valid array, in order.
func (v value) items(f func(v value)) {
	for rest := v.inside(); len(rest) > 0; {
		item, after := cutValue(rest)
		f(item)
		rest = skip(after, ',')
	}
}

// inside is the text between the brackets.
func (v value) inside() []byte { return bytes.Trim(v[1:len(v)-1], whiteSpace) }

// skip drops white space and the separator, if it comes next.
func skip(data []byte, separator byte) []byte {
	data = bytes.TrimLeft(data, whiteSpace)
	if len(data) > 0 && data[0] == separator {
		data = data[1:]
	}
	return bytes.TrimLeft(data, whiteSpace)
}

// cutValue separates the value at the beginning of valid JSON from the rest.
func cutValue(data []byte) (v value, rest []byte) {
	depth, at := 0, 0
	for at < len(data) {
		switch data[at] {
		case '"':
			at += stringLength(data[at:]) - 1
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return data[:at], data[at:]
			}
		}
		at++
	}
	return data, nil
}

// stringLength is the length of the string at the beginning of valid JSON, with both quotes.
func stringLength(data []byte) int {
	at := 1
	for data[at] != '"' {
		if data[at] == '\\' {
			at++
		}
		at++
	}
	return at + 1
}

// text is the text of a string. It is not ok when an escape stands for half a surrogate pair, which is not a
// character.
func (v value) text() (text string, ok bool) {
	inner := string(v[1 : len(v)-1])
	if strings.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	var out strings.Builder
	for {
		at := strings.IndexByte(inner, '\\')
		if at < 0 {
			out.WriteString(inner)
			return out.String(), true
		}
		out.WriteString(inner[:at])
		r, size := unescape(inner[at:])
		if utf16.IsSurrogate(r) {
			return "", false
		}
		out.WriteRune(r)
		inner = inner[at+size:]
	}
}

// unescape returns the character of the escape at the beginning, and the length of the escape.
func unescape(text string) (rune, int) {
	switch text[1] {
	case 'u':
		r := hexRune(text)
		if utf16.IsSurrogate(r) && len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
			if pair := utf16.DecodeRune(r, hexRune(text[6:])); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return r, 6
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	return rune(text[1]), 2
}

// hexRune is the number after \u; its digits have been checked.
func hexRune(escape string) rune {
	n, _ := strconv.ParseUint(escape[2:6], 16, 16)
	return rune(n)
}
