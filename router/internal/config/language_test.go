package config

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// everyBlock calls visit for the block and for all in it, with the way to each.
func everyBlock(b Block, way string, visit func(way string, b Block)) {
	visit(way, b)
	for _, nested := range b.Blocks {
		everyBlock(nested, strings.TrimPrefix(way+"."+nested.Name, "."), visit)
	}
}

func TestAllOfTheLanguageIsDescribed(t *testing.T) {
	describe := func(way string, b Block) {
		if b.Doc == "" && way != "" {
			t.Errorf("the block %s says nothing of itself", way)
		}
		var names []string
		for _, attr := range b.body().Attributes {
			names = append(names, attr.Name)
		}
		for _, block := range b.body().Blocks {
			names = append(names, block.Type)
		}
		if slices.Sort(names); len(slices.Compact(names)) < len(b.Attrs)+len(b.Blocks) {
			t.Errorf("%s has a name twice: %q", way, names)
		}
		for _, s := range b.Attrs {
			if !strings.HasSuffix(s.Doc, ".") || len(s.Type) == 0 {
				t.Errorf("the attribute %s.%s says nothing of itself: %q", way, s.Name, s.Doc)
			}
			if _, err := fieldOf(s.Attr); err != nil {
				t.Errorf("the attribute %s.%s: %v", way, s.Name, err)
			}
		}
	}
	everyBlock(rootBlock(), "", describe)
	everyBlock(testsBlock(), "", describe)
	everyBlock(declaredBlock(), "schema", describe)
	for _, f := range DescribeLanguage().Functions {
		if f.Doc == "" {
			t.Errorf("the function %s says nothing of itself", f.Name)
		}
	}
	for name := range functionDocs() {
		if f, ok := functions()[name]; !ok || f.Description() != "" {
			t.Errorf("the function %s needs no words of ours", name)
		}
	}
	for _, n := range describedNames() {
		for _, attr := range n.Attrs {
			if attr.Doc == "" {
				t.Errorf("%s.%s says nothing of itself", n.Name, attr.Name)
			}
		}
	}
}

// What load reads by is made of the description, and of nothing beside it.
func TestNoBlockIsReadBesideTheDescription(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := file.Name(); !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || name == "language.go" {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if made, ok := literal.Type.(*ast.SelectorExpr); ok && slices.Contains([]string{"BodySchema", "AttributeSchema", "BlockHeaderSchema"}, made.Sel.Name) {
				t.Errorf("%s makes its own hcl.%s; say in language_*.go what can be written, and read it by that", file.Name(), made.Sel.Name)
			}
			return true
		})
	}
}

// The names that are described are those that expressions see.
func TestTheNamesAreDescribed(t *testing.T) {
	base := newReader()
	r := &routeReader{reader: &base, draft: &routeDraft{}}
	seen := append(keys(r.tryContext().Variables), requestVariable, eachVariable, "local", "var")
	var described []string
	for _, n := range describedNames() {
		described = append(described, n.Name)
	}
	slices.Sort(described)
	if slices.Sort(seen); !slices.Equal(slices.Compact(seen), described) {
		t.Errorf("described are %q, seen %q", described, seen)
	}
}

// A default that is written out changes nothing.
func TestTheDefaultsAreThose(t *testing.T) {
	const all = `
%ROOT%
source "hook" "h" {
  path = "/h"
  id   = request.body.id
  %SOURCE%
}
route "r" {
  from = [source.hook.h]
  %ROUTE%
  deliver "d" {
    to   = plugin.billing.cancel_subscription
    with = { customer_id = event.id }
    %DELIVER%
    retry {
      %RETRY%
    }
  }
}
`
	defaults := map[string]string{}
	for place, b := range map[string]Block{
		"%ROOT%": rootBlock(), "%SOURCE%": sourceBlock(), "%ROUTE%": routeBlock(), "%DELIVER%": deliverBlock(), "%RETRY%": retryBlock(),
	} {
		for _, s := range b.Attrs {
			if len(s.Default) > 0 {
				defaults[place] += s.Name + " = " + string(s.Default) + "\n"
			}
		}
	}
	place := regexp.MustCompile("%[A-Z]+%")
	settled := func(text string) string {
		c := mustLoad(t, text)
		route, source := c.Plan.Routes[0], c.Sources[len(c.Sources)-1]
		d := route.Deliver[0]
		return fmt.Sprintf("%+v", []any{
			c.Listen, c.ShutdownTimeout, c.Retention, c.RetentionPayload, c.RetentionSize, c.MaxInFlight, c.Rules, c.LogLevel,
			source.Unrouted, route.Final, d.Optional, d.Ordered, d.Policy,
		})
	}
	bare := settled(place.ReplaceAllString(all, ""))
	full := settled(place.ReplaceAllStringFunc(all, func(place string) string { return defaults[place] }))
	if bare != full {
		t.Errorf("without a line it is\n%s, and by what is described\n%s", bare, full)
	}
	if strings.Count(defaults["%ROOT%"], "\n") < 9 {
		t.Errorf("the settings have lost defaults:\n%s", defaults["%ROOT%"])
	}
}
