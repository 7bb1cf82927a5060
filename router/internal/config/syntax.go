package config

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
)

const (
	// maxNesting and maxOperators, of one expression, keep the parser and the
	// evaluation, which recurse, within their stack: a file of brackets only
	// would end the process, not the parse.
	maxNesting   = 250
	maxOperators = 5_000
	// maxExponent keeps the text of a number short: 1e999999999 has a billion
	// digits.
	maxExponent = 3 // digits
)

// isJSON reports whether a file of this name is in HCL's JSON syntax.
func isJSON(name string) bool { return strings.HasSuffix(name, ".json") }

// parse reads text that nobody vouches for, in the syntax that the name says.
// Places count in the bytes of the File.
func parse(src []byte, name string, start hcl.Pos) (*hcl.File, hcl.Diagnostics) {
	if diag := notText(src, name, start); diag != nil {
		shown := bytes.ToValidUTF8(bytes.ReplaceAll(src, []byte{0}, []byte{'?'}), []byte{'?'})
		return &hcl.File{Bytes: shown}, hcl.Diagnostics{diag}
	}
	src = normalise(src)
	tooDeep := tooDeep
	if isJSON(name) {
		tooDeep = tooDeepJSON
	}
	if diag := tooDeep(src, name, start); diag != nil {
		return &hcl.File{Bytes: src}, hcl.Diagnostics{diag}
	}
	return parseKnown(src, name, start)
}

// parseKnown is parse for text that has been parsed before.
func parseKnown(src []byte, name string, start hcl.Pos) (*hcl.File, hcl.Diagnostics) {
	if !isJSON(name) {
		file, diags := hclsyntax.ParseConfig(src, name, start)
		if body, ok := file.Body.(*hclsyntax.Body); ok {
			ownOperators(body)
		}
		return file, diags
	}
	if len(bytes.TrimSpace(src)) == 0 {
		src = []byte("{}") // an empty file is a configuration in the native syntax too
	}
	file, diags := json.ParseWithStartPos(src, name, start)
	file.Body = jsonBody{Body: file.Body, src: src}
	return file, diags
}

// tooDeep finds what would make the parser or the evaluation recurse too often.
func tooDeep(src []byte, name string, start hcl.Pos) *hcl.Diagnostic {
	tokens, _ := hclsyntax.LexConfig(src, name, start)
	return tooDeepTokens(tokens)
}

// tooDeepTemplate is tooDeep for a text with interpolations.
func tooDeepTemplate(src []byte, name string, start hcl.Pos) *hcl.Diagnostic {
	tokens, _ := hclsyntax.LexTemplate(src, name, start)
	return tooDeepTokens(tokens)
}

func tooDeepTokens(tokens hclsyntax.Tokens) *hcl.Diagnostic {
	// An expression goes on over line ends where something other than a brace
	// is open.
	braces, others, operators := 0, 0, 0
	for _, token := range tokens {
		switch token.Type {
		case hclsyntax.TokenOBrace:
			braces++
		case hclsyntax.TokenCBrace:
			braces = max(braces-1, 0)
		case hclsyntax.TokenOBrack:
			others++
			operators++ // an index
		case hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			others++
		case hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			others = max(others-1, 0)
		case hclsyntax.TokenNewline:
			if others == 0 {
				operators = 0
			}
		case hclsyntax.TokenQuestion, hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenPlus,
			hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPercent, hclsyntax.TokenAnd,
			hclsyntax.TokenOr, hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual, hclsyntax.TokenLessThan,
			hclsyntax.TokenLessThanEq, hclsyntax.TokenGreaterThan, hclsyntax.TokenGreaterThanEq:
			operators++
		case hclsyntax.TokenNumberLit:
			if tooLarge(token.Bytes) {
				return numberTooLarge(token.Range)
			}
		}
		if braces+others > maxNesting {
			return nestedTooDeep(token.Range)
		}
		if operators > maxOperators {
			return errorAt(token.Range, "Too many operators",
				"One expression may hold %d operators and indexes. Look for a bracket that is never closed, or split the expression.", maxOperators)
		}
	}
	return nil
}

func nestedTooDeep(rng hcl.Range) *hcl.Diagnostic {
	return errorAt(rng, "Nested too deep", "Brackets may be nested %d deep. Look for one that is never closed.", maxNesting)
}

// tooLarge reports a number that nobody counts in.
func tooLarge(number []byte) bool {
	i := bytes.IndexAny(number, "eE")
	return len(number) > maxDigitsOf || i >= 0 && len(bytes.TrimLeft(number[i+1:], "+-0")) > maxExponent
}

func numberTooLarge(rng hcl.Range) *hcl.Diagnostic {
	return errorAt(rng, "A number that is too large", "A number may have %d digits, and its exponent %d.", maxDigitsOf, maxExponent)
}

// tooDeepJSON is tooDeep for JSON, but for what its texts hold.
func tooDeepJSON(src []byte, name string, start hcl.Pos) *hcl.Diagnostic {
	depth := 0
	for i := 0; i < len(src); i++ {
		switch c := src[i]; c {
		case '"':
			i = endOfText(src, i)
		case '[', '{':
			if depth++; depth > maxNesting {
				return nestedTooDeep(placeOf(src, name, start, i))
			}
		case ']', '}':
			depth = max(depth-1, 0)
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			n := len(src[i:]) - len(bytes.TrimLeft(src[i:], "-+.0123456789eE"))
			if tooLarge(src[i : i+n]) {
				return numberTooLarge(placeOf(src, name, start, i))
			}
			i += n - 1
		}
	}
	return nil
}

// endOfText is the place of the quote that ends the text which begins at i.
func endOfText(src []byte, i int) int {
	for i++; i < len(src) && src[i] != '"'; i++ {
		if src[i] == '\\' {
			i++
		}
	}
	return i
}
