package routes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/internal/config"
)

// testDir is where a configuration's tests lie: in its directory, or beside its
// file. What lies in it is no part of the configuration.
const testDir = "tests"

// maxDocument is far above any event that a source takes in.
const maxDocument = 16 << 20

// testReceived is when an event was received that doesn't say it itself, so that
// a test comes to the same on every day.
var testReceived = time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)

// Suite are tests, each with its event.
type Suite struct {
	routes *Routes
	tests  *config.Tests
	events []*router.Event
}

// TestFiles are the files of tests at these paths: files, or directories with
// *.hcl and *.hcl.json files in and below them. Without any it is the directory of the configuration's own tests,
// which need not be there.
func TestFiles(configPath string, paths []string) ([]string, error) {
	if len(paths) > 0 {
		var out []string
		for _, path := range paths {
			files, err := testFiles(path)
			if err != nil {
				return nil, err
			}
			out = append(out, files...)
		}
		return out, nil
	}
	out, err := testFiles(TestDir(configPath))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return out, err
}

// HoldsTests reports that a file has tests, and so is no configuration.
func HoldsTests(path string) bool { return config.HoldsTests(path) }

// TestDir is where the tests of the configuration at a path lie.
func TestDir(configPath string) string {
	if info, err := os.Stat(configPath); err == nil && info.IsDir() {
		return filepath.Join(configPath, testDir)
	}
	return filepath.Join(filepath.Dir(configPath), testDir)
}

func testFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, entry := range entries {
		name := entry.Name()
		switch below := filepath.Join(path, name); {
		case strings.HasPrefix(name, "."):
		case entry.IsDir(): // links to one are left, since they may lead in a circle
			files, err := testFiles(below)
			if err != nil {
				return nil, err
			}
			out = append(out, files...)
		case strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json"):
			out = append(out, below)
		}
	}
	return out, nil
}

// ReadTests reads the tests of these files, with their events, and checks them
// against the configuration. The Suite is nil if there is an error among the
// diagnostics.
func (r *Routes) ReadTests(files []string) (*Suite, *daemon.Diagnostics) {
	s := &Suite{routes: r, tests: r.explainer.ReadTests(files, r.inspected.Kinds)}
	for _, test := range s.tests.List {
		if e := s.event(test); e != nil {
			s.events = append(s.events, e)
		}
	}
	if s.tests.Diagnostics.HasErrors() {
		return nil, s.tests.Diagnostics
	}
	return s, s.tests.Diagnostics
}

// Len is how many tests there are.
func (s *Suite) Len() int { return len(s.tests.List) }

// event makes a test's event. What is wrong with it is told where it stands.
func (s *Suite) event(test *config.Test) *router.Event {
	in := test.Event
	o := Overrides{Source: in.Source, Type: in.Type, Received: testReceived}
	for _, set := range in.Set {
		path, rest, err := parsePath(strings.TrimPrefix(set.Path, "event."))
		if err == nil && rest != "" {
			err = fmt.Errorf("%q does not belong to a path", rest)
		}
		if err != nil {
			s.tests.Fail(set.At, "Not a path", sentence(err))
			return nil
		}
		o.Set = append(o.Set, Set{path: path, value: valueOf(string(set.Value))})
	}
	at, document := in.At, []byte(nil)
	if in.File != "" {
		var err error
		at = in.FileAt
		if document, err = readDocument(in.File); err != nil {
			s.tests.Fail(at, "The event can't be read", sentence(err))
			return nil
		}
	}
	e, err := s.routes.Read(document, o)
	if err != nil {
		s.tests.Fail(at, "Not an event", sentence(err))
		return nil
	}
	for i, set := range in.Set {
		s.tests.Check(set.At, e.Source, e.Type, stepNames(o.Set[i].path))
	}
	return e
}

// stepNames are the names of a path, "" for an index.
func stepNames(path []step) []string {
	out := make([]string, len(path))
	for i, s := range path {
		out[i] = s.name
	}
	return out
}

func readDocument(name string) ([]byte, error) {
	document, err := config.ReadDocument(name, maxDocument)
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", name, err)
	case len(strings.TrimSpace(string(document))) == 0:
		return nil, fmt.Errorf("%s is empty", name)
	}
	return document, nil
}

// sentence is an error's text as a sentence.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// Run runs the tests whose names are wanted.
func (s *Suite) Run(wanted func(name string) bool) []TestResult {
	out := []TestResult{}
	for i, test := range s.tests.List {
		if wanted(test.Name) {
			out = append(out, s.run(test, s.events[i]))
		}
	}
	return out
}
