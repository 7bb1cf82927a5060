package router

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Forms are what to look for where the secret must not be: it as it is, quoted,
// in an address, in hex, in base64 wherever it stands in what is encoded; and the
// lines of it, as they are, quoted or in an address. The longest come first.
func (s Secret) Forms() []string {
	text := string(s.Reveal())
	if text == "" {
		return nil
	}
	inHex := hex.EncodeToString(s.Reveal())
	all := append(asText(text), inHex, strings.ToUpper(inHex))
	all = append(all, inBase64(s.Reveal())...)
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range lines {
		if len(lines) > 1 && len(line) >= shortestHidden {
			all = append(all, asText(line)...)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(all)
}

// asText is a text as it is, in addresses, and in quotes: JSON's, also of those
// who write a slash as \/ there, and Go's.
func asText(text string) []string {
	all := []string{text, url.QueryEscape(text), url.PathEscape(text)}
	for _, quoted := range []string{quotedAsJSON(text), strconv.Quote(text), strconv.QuoteToASCII(text)} {
		inner := quoted[1 : len(quoted)-1]
		all = append(all, inner, strings.ReplaceAll(inner, "/", `\/`))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func quotedAsJSON(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		return `""` // a string can always be written
	}
	return string(quoted)
}

// inBase64 are the letters that hang on the secret alone, whatever stands before
// and behind it: the user of a basic authentication, say.
func inBase64(secret []byte) []string {
	var out []string
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString(append(make([]byte, before), secret...))
		inner := text[(before*8+5)/6 : (before+len(secret))*8/6]
		out = append(out, inner, strings.NewReplacer("+", "-", "/", "_").Replace(inner))
	}
	return out
}
