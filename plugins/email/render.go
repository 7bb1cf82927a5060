package email

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template"

	"github.com/signalbox/signalbox/sdk"
)

//go:embed templates
var files embed.FS

// operatorTemplate is the mail that goes to operators and not to customers.
const operatorTemplate = "failure"

// templates are the mails by name.
type templates map[string]*mailTemplate

func (t templates) names() []string { return slices.Sorted(maps.Keys(t)) }

// mailTemplate is one text: a line "Subject: …", an empty line, paragraphs
// with empty lines between. A paragraph indented by four spaces is a command
// or suchlike, set in a typewriter's letters. The HTML is the same paragraphs
// in the common layout, which escapes them.
type mailTemplate struct {
	subject, body *template.Template
	layout        *htmltemplate.Template
	operators     bool
}

type rendered struct{ subject, plain, html string }

// builtin reads the templates of this binary; a mistake in one of them is a
// mistake of the program, which a test finds.
func builtin() templates {
	layout := htmltemplate.Must(htmltemplate.ParseFS(files, "templates/layout.html"))
	texts, err := fs.Glob(files, "templates/*.txt")
	if err != nil {
		panic(err)
	}
	all := templates{}
	for _, file := range texts {
		content, err := files.ReadFile(file)
		if err != nil {
			panic(err)
		}
		name := strings.TrimSuffix(path.Base(file), ".txt")
		subject, body, _ := strings.Cut(string(content), "\n\n")
		all[name] = &mailTemplate{
			subject:   parse(name, strings.TrimPrefix(subject, "Subject: ")),
			body:      parse(name, body),
			layout:    layout,
			operators: name == operatorTemplate,
		}
	}
	return all
}

func parse(name, text string) *template.Template {
	return template.Must(template.New(name).Funcs(template.FuncMap{"at": at, "hello": hello}).Parse(text))
}

// render fills the template in. A value that is absent leaves its sentence
// out; it is no error.
func (t *mailTemplate) render(product string, e sdk.Event, data json.RawMessage) (rendered, error) {
	event, err := plainValue(e)
	if err != nil {
		return rendered{}, fmt.Errorf("reading the event: %w", err)
	}
	given, err := plainValue(data)
	if err != nil {
		return rendered{}, fmt.Errorf("reading data: %w", err)
	}
	root := map[string]any{"product": product, "event": event, "data": given}
	var subject, body, page bytes.Buffer
	if err := t.subject.Execute(&subject, root); err != nil {
		return rendered{}, fmt.Errorf("filling in the subject: %w", err)
	}
	if err := t.body.Execute(&body, root); err != nil {
		return rendered{}, fmt.Errorf("filling in the text: %w", err)
	}
	plain := paragraphs(body.String())
	err = t.layout.Execute(&page, struct {
		Subject    string
		Paragraphs []paragraph
	}{oneLine(subject.String()), plain})
	if err != nil {
		return rendered{}, fmt.Errorf("laying out the HTML: %w", err)
	}
	out := rendered{subject: oneLine(subject.String()), html: page.String()}
	for i, p := range plain {
		if i > 0 {
			out.plain += "\n\n"
		}
		if p.Fixed {
			out.plain += fixedIndent
		}
		out.plain += p.Text
	}
	out.plain += "\n"
	return out, nil
}

const fixedIndent = "    "

type paragraph struct {
	Text  string
	Fixed bool
}

// paragraphs splits a text at its empty lines and drops what came out empty.
func paragraphs(text string) []paragraph {
	var out []paragraph
	for p := range strings.SplitSeq(text, "\n\n") {
		p = strings.Trim(p, "\n")
		inner, fixed := strings.CutPrefix(p, fixedIndent)
		if inner = strings.TrimSpace(inner); inner != "" {
			out = append(out, paragraph{Text: inner, Fixed: fixed})
		}
	}
	return out
}

// plainValue is a value's JSON as maps, lists, strings, and numbers as they
// were written.
func plainValue(value any) (any, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	err = d.Decode(&v)
	return v, err
}

// at returns the value at the first of the dotted paths that leads to one that
// is not empty, as text; "" if none does.
func at(root any, dotted ...string) string {
	for _, p := range dotted {
		v := root
		for name := range strings.SplitSeq(p, ".") {
			m, _ := v.(map[string]any)
			v = m[name]
		}
		switch v.(type) {
		case nil, map[string]any, []any:
			continue
		}
		if s := strings.TrimSpace(fmt.Sprint(v)); s != "" {
			return s
		}
	}
	return ""
}

// hello is the first line of a mail to a customer.
func hello(root any) string {
	if name := at(root, "data.name", "event.payload.user.firstName", "event.attributes.creator.firstName"); name != "" {
		return "Hello " + oneLine(name) + ","
	}
	return "Hello,"
}
