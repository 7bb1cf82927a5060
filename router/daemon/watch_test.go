package daemon_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// logBook keeps the daemon's log, an entry for each line.
type logBook struct {
	mu    sync.Mutex
	raw   strings.Builder
	lines []map[string]any
	grown chan struct{} // closed, and replaced, at each line
}

func newLogBook() *logBook { return &logBook{grown: make(chan struct{})} }

// Write takes one line, as zerolog writes it.
func (l *logBook) Write(line []byte) (int, error) {
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return 0, fmt.Errorf("the log line %q is no JSON: %w", line, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.raw.Write(line)
	l.lines = append(l.lines, fields)
	close(l.grown)
	l.grown = make(chan struct{})
	return len(line), nil
}

func (l *logBook) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.raw.String()
}

// mark is the number of lines so far.
func (l *logBook) mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

// entry is what a line must be: of this level, with a message that begins so,
// and with fields that hold these texts.
type entry struct {
	level, message string
	fields         map[string]string
}

func (e entry) matches(line map[string]any) bool {
	if message, _ := line["message"].(string); line["level"] != e.level || !strings.HasPrefix(message, e.message) {
		return false
	}
	for name, want := range e.fields {
		if got, ok := line[name]; !ok || !strings.Contains(fmt.Sprint(got), want) {
			return false
		}
	}
	return true
}

// expect fails the test unless so many lines since the mark are the entry.
func (l *logBook) expect(t *testing.T, since, times int, e entry) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.lines[since:] {
		if e.matches(line) {
			n++
		}
	}
	if n != times {
		t.Errorf("the log has %d lines like %+v, not %d; since then it says:\n%s", n, e, times, l.since(since))
	}
}

// since is for who holds the lock.
func (l *logBook) since(mark int) string {
	var b strings.Builder
	for _, line := range l.lines[mark:] {
		text, err := json.Marshal(line)
		if err != nil {
			text = []byte(err.Error())
		}
		fmt.Fprintf(&b, "%.500s\n", text)
	}
	return b.String()
}

// await waits for the entry.
func (l *logBook) await(ctx context.Context, since int, e entry) error {
	for {
		l.mu.Lock()
		lines, grown := l.lines[since:], l.grown
		l.mu.Unlock()
		for _, line := range lines {
			if e.matches(line) {
				return nil
			}
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("waiting for the log line %+v", e), ctx.Err())
		}
	}
}

// finished remembers which events Observe was told of.
type finished struct {
	mu    sync.Mutex
	ids   map[string]bool
	grown chan struct{} // closed, and replaced, at each new one
}

func newFinished() *finished { return &finished{ids: map[string]bool{}, grown: make(chan struct{})} }

func (f *finished) add(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ids[id] = true
	close(f.grown)
	f.grown = make(chan struct{})
}

func (f *finished) await(ctx context.Context, id string) error {
	for {
		f.mu.Lock()
		done, grown := f.ids[id], f.grown
		f.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the event %s: %w", id, ctx.Err())
		}
	}
}
