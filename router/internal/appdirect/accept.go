package appdirect

import (
	"mime"
	"strconv"
	"strings"
)

// The forms of a result, as router.Notice names them.
const (
	formatJSON = "json"
	formatXML  = "xml"
)

// formatOf reads Accept headers: JSON, unless XML is preferred. Marketplaces
// take either (AppDirect documentation, "Integration events"), so that anything
// unreadable means JSON.
func formatOf(accept []string) string {
	var json, xml, any float64
	namesJSON := false
	for _, header := range accept {
		for part := range strings.SplitSeq(header, ",") {
			name, q, ok := mediaRange(part)
			if !ok {
				continue
			}
			switch name {
			case "application/json", "text/json":
				json, namesJSON = max(json, q), true
			case "application/xml", "text/xml":
				xml = max(xml, q)
			case "*/*", "application/*":
				any = max(any, q)
			}
		}
	}
	// A form that is named goes before one that a wildcard covers.
	if xml > 0 && (namesJSON && xml > json || !namesJSON && xml >= any) {
		return formatXML
	}
	return formatJSON
}

// mediaRange reads one element of an Accept header: the name, and how much it
// is wanted.
func mediaRange(part string) (name string, q float64, ok bool) {
	if !strings.Contains(part, ";") {
		return strings.ToLower(strings.TrimSpace(part)), 1, true
	}
	name, params, err := mime.ParseMediaType(part)
	if err != nil {
		return "", 0, false
	}
	text, given := params["q"]
	if !given {
		return name, 1, true
	}
	q, err = strconv.ParseFloat(text, 64)
	return name, q, err == nil
}
