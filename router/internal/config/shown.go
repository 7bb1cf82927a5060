package config

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// credentialsVariable names the directory in which systemd leaves a service its
// credentials (systemd.exec(5), "CREDENTIALS").
const credentialsVariable = "CREDENTIALS_DIRECTORY"

// warnShown warns of a secret that comes from a variable or a local: these are
// shown, and those that routes name are kept with their plans.
func (l *loader) warnShown(name string, expr hcl.Expression) {
	for _, traversal := range expr.Variables() {
		if root := traversal.RootName(); root == "var" || root == "local" {
			l.add(warningAt(traversal.SourceRange(), "No place for a secret",
				"%s is secret, and %s is not: its value is shown, and written down with the plan. Write credential(\"NAME\"), file(\"PATH\") or env(\"NAME\").", quote(name), writtenSteps(traversal)))
			return
		}
	}
}

// readTemplate reads the text of a file, which is shown and kept with the plan:
// what lies among the service's credentials is refused.
func (l *loader) readTemplate(path string) ([]byte, error) {
	path = l.resolve(path)
	if dir, ok := l.env.Getenv(credentialsVariable); ok && dir != "" && lies(path, dir) {
		return nil, errors.New("it is one of the service's credentials, and a text is shown and written down; a source's block or a plugin's config takes it as credential(\"NAME\")")
	}
	src, err := readText(path, maxTemplate)
	if err != nil {
		err = errors.New(strings.TrimSuffix(unreadable(path, err).Detail, "."))
	}
	return src, err
}

// lies reports whether a file is in a directory, links resolved.
func lies(path, dir string) bool {
	for _, p := range []*string{&path, &dir} {
		if real, err := filepath.EvalSymlinks(*p); err == nil {
			*p = real
		}
		if absolute, err := filepath.Abs(*p); err == nil {
			*p = absolute
		}
	}
	return filepath.Dir(path) == dir
}
