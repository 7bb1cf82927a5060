package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const (
	// maxFileBytes is far above a file of 10,000 routes; what is larger was
	// named by mistake.
	maxFileBytes = 8 << 20
	// maxNesting and maxOperators, of one expression, keep the parser and the
	// evaluation, which recurse, within their stack: a file of brackets only
	// would end the process, not the parse.
	maxNesting   = 250
	maxOperators = 5_000
)

// readFiles reads and parses the file at path, or the *.hcl files of the
// directory at path. It returns the files by the names that diagnostics show,
// and the directory that relative paths start from.
func readFiles(path string) (map[string]*hcl.File, string, hcl.Diagnostics) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", hcl.Diagnostics{unreadable(path, err)}
	}
	names, dir := []string{path}, filepath.Dir(path)
	if info.IsDir() {
		dir = path
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, "", hcl.Diagnostics{unreadable(path, err)}
		}
		names = nil
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".hcl") && !strings.HasPrefix(entry.Name(), ".") {
				names = append(names, filepath.Join(path, entry.Name()))
			}
		}
		if len(names) == 0 {
			return nil, "", hcl.Diagnostics{{
				Severity: hcl.DiagError,
				Summary:  "No configuration in the directory",
				Detail:   fmt.Sprintf("%s has no file whose name ends in .hcl.", path),
			}}
		}
	}
	files := map[string]*hcl.File{}
	var diags hcl.Diagnostics
	for _, name := range names {
		src, err := readCapped(name)
		if err != nil {
			diags = append(diags, unreadable(name, err))
			continue
		}
		file, more := parse(src, name, hcl.InitialPos)
		diags = append(diags, more...)
		if file != nil {
			files[name] = file
		}
	}
	return files, dir, diags
}

func unreadable(path string, err error) *hcl.Diagnostic {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "The configuration can't be read",
		Detail:   fmt.Sprintf("Reading %s failed: %s.", path, err),
	}
}

func readCapped(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(src) > maxFileBytes {
		err = fmt.Errorf("it is larger than %d bytes; split it into several files of one directory", maxFileBytes)
	}
	return src, err
}

// parse is hclsyntax.ParseConfig for text that nobody vouches for.
func parse(src []byte, name string, start hcl.Pos) (*hcl.File, hcl.Diagnostics) {
	if diag := tooDeep(src, name, start); diag != nil {
		return &hcl.File{Bytes: src}, hcl.Diagnostics{diag}
	}
	return hclsyntax.ParseConfig(src, name, start)
}

// tooDeep finds what would make the parser or the evaluation recurse too often.
func tooDeep(src []byte, name string, start hcl.Pos) *hcl.Diagnostic {
	tokens, _ := hclsyntax.LexConfig(src, name, start)
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
		}
		if braces+others > maxNesting {
			return errorAt(token.Range, "Nested too deep",
				"Brackets may be nested %d deep. Look for one that is never closed.", maxNesting)
		}
		if operators > maxOperators {
			return errorAt(token.Range, "Too many operators",
				"One expression may hold %d operators and indexes. Look for a bracket that is never closed, or split the expression.", maxOperators)
		}
	}
	return nil
}

// inOrder returns the files in the order of their names, which is the order of
// routes.
func inOrder(files map[string]*hcl.File) []*hcl.File {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make([]*hcl.File, len(names))
	for i, name := range names {
		out[i] = files[name]
	}
	return out
}
