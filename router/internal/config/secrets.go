package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// secretMark marks what the secret functions give, through every expression.
type secretMark struct{}

// secrets are what diagnostics must not show: values, and the places where an
// operator has written a secret into the file itself.
type secrets struct {
	values []string
	places []hcl.Range
}

// minMasked is below the length of any secret worth the name; masking shorter
// text would make messages unreadable.
const minMasked = 4

func (s *secrets) learn(value string) {
	if len(value) >= minMasked && !slices.Contains(s.values, value) {
		s.values = append(s.values, value)
	}
}

// mask replaces every known secret in text, in every form, the longest first.
func (s *secrets) mask(text string) string {
	var forms []string
	for _, value := range s.values {
		for _, form := range router.NewSecret([]byte(value)).Forms() {
			if len(form) >= minMasked {
				forms = append(forms, form)
			}
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, "(secret)")
	}
	return text
}

// maskFiles returns the files with the secrets written in them starred out, so
// that snippets keep their columns.
func (s *secrets) maskFiles(files map[string]*hcl.File) map[string]*hcl.File {
	if len(s.places) == 0 {
		return files
	}
	masked := map[string]*hcl.File{}
	for name, file := range files {
		masked[name] = &hcl.File{Body: file.Body, Bytes: bytes.Clone(file.Bytes), Nav: file.Nav}
	}
	for _, place := range s.places {
		src := masked[place.Filename].Bytes
		for i := place.Start.Byte; i < min(place.End.Byte, len(src)); i++ {
			if src[i] != '\n' && src[i] != '\r' {
				src[i] = '*'
			}
		}
	}
	return masked
}

// learnLiterals notes the literals in the expression of a sensitive attribute.
// The arguments of a secret function are names, and stay readable.
func (s *secrets) learnLiterals(expr hcl.Expression) {
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return
	}
	names := map[hclsyntax.Node]bool{}
	hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			if slices.Contains(secretFunctions(), n.Name) {
				for _, arg := range n.Args {
					names[arg] = true
				}
			}
		case *hclsyntax.TemplateExpr:
			if names[n] {
				for _, part := range n.Parts {
					names[part] = true
				}
			}
		case *hclsyntax.LiteralValueExpr:
			if names[n] || n.Val.IsNull() || n.Val.Type() == cty.Bool {
				break
			}
			s.places = append(s.places, n.SrcRange)
			if n.Val.Type() == cty.String {
				s.learn(n.Val.AsString())
			}
		}
		return nil
	})
}

func secretFunctions() []string { return []string{"credential", "env", "file"} }

// secretCall finds a call of a secret function.
func secretCall(expr hcl.Expression) (string, hcl.Range, bool) {
	var found *hclsyntax.FunctionCallExpr
	if node, ok := expr.(hclsyntax.Node); ok {
		hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
			if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && found == nil && slices.Contains(secretFunctions(), call.Name) {
				found = call
			}
			return nil
		})
	}
	if found == nil {
		return "", hcl.Range{}, false
	}
	return found.Name, found.NameRange, true
}

// refuseSecret reports a secret where it could leak.
func (r *reader) refuseSecret(expr hcl.Expression) bool {
	name, rng, found := secretCall(expr)
	if found {
		r.add(errorAt(rng, "A secret can't stand here",
			"%s() gives a secret, which would be shown or written down from here. Secrets belong into source blocks and into a plugin's config and env.", name))
	}
	return found
}

// secretContext evaluates what may hold secrets: the blocks of sources and a
// plugin's config and env.
func (l *loader) secretContext() *hcl.EvalContext {
	ctx := l.constants.NewChild()
	ctx.Functions = l.secretCalls()
	return ctx
}

// secretCalls are the functions that secretFunctions names.
func (l *loader) secretCalls() map[string]function.Function {
	return map[string]function.Function{
		"credential": l.secretFunction("A credential of the service manager: systemd's LoadCredential.", "name", l.env.Credential),
		"env": l.secretFunction("A variable of the daemon's environment.", "name", func(name string) ([]byte, error) {
			value, ok := l.env.Getenv(name)
			if !ok {
				return nil, fmt.Errorf("the environment has no %s", name)
			}
			return []byte(value), nil
		}),
		"file": l.secretFunction("What a file holds, without a line end behind it.", "path", func(path string) ([]byte, error) {
			return l.env.ReadFile(l.resolve(path))
		}),
	}
}

func (l *loader) secretFunction(doc, param string, read func(string) ([]byte, error)) function.Function {
	return function.New(&function.Spec{
		Description: doc,
		Params:      []function.Parameter{{Name: param, Type: cty.String}},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			raw, err := read(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			value, err := secretText(raw)
			if err != nil {
				return cty.NilVal, err
			}
			l.secrets.learn(value)
			return cty.StringVal(value).Mark(secretMark{}), nil
		},
	})
}

// secretText drops the one line end that editors and shells leave behind a
// secret in a file.
func secretText(raw []byte) (string, error) {
	text := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if !utf8.ValidString(text) {
		return "", errors.New("it is not text in UTF-8")
	}
	if cty.NormalizeString(text) != text {
		return "", errors.New("it has decomposed letters, which would be changed; write it in Unicode form NFC")
	}
	return text, nil
}
