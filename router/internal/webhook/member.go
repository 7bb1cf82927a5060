package webhook

import (
	"bytes"
	"encoding/json"
)

// topText is the text that a JSON object has under this name at its top, or "".
// The body is known to be valid, and is passed over once: to decode all of it
// for two names would cost more than all else that is done with a request. Of
// two members with one name the later counts, as it does for expressions.
func topText(body []byte, name string) (found string) {
	depth, ours := 0, false // ours: the value that comes next is the one asked for
	for at := 0; at < len(body); at++ {
		switch body[at] {
		case '{', '[':
			if depth++; depth == 1 && body[at] == '[' {
				return ""
			}
			if ours {
				found, ours = "", false
			}
		case '}', ']':
			if depth--; ours {
				found, ours = "", false
			}
		case ',':
			if ours { // what came was no text
				found, ours = "", false
			}
		case '"':
			quoted := quotedAt(body, at)
			at += len(quoted) - 1
			switch {
			case depth != 1:
			case ours:
				found, ours = unquoteJSON(quoted), false
			default:
				rest := bytes.TrimLeft(body[at+1:], " \t\r\n")
				ours = rest[0] == ':' && unquoteJSON(quoted) == name
			}
		}
	}
	return found
}

// quotedAt is the string that begins there, quotes included.
func quotedAt(body []byte, begin int) []byte {
	end := begin + 1
	for body[end] != '"' {
		if body[end] == '\\' {
			end++
		}
		end++
	}
	return body[begin : end+1]
}

func unquoteJSON(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // a valid string
	return text
}
