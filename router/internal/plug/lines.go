package plug

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

const (
	// lineMax is the longest line of a plugin that is kept whole; a stack trace
	// in one JSON line fits. The rest of a longer one is dropped.
	lineMax = 64 << 10
	// fieldsMax is how many fields of a JSON line are taken over.
	fieldsMax = 32
	// tailLines and tailWidth bound what is kept to be quoted in an error: a
	// screenful.
	tailLines = 12
	tailWidth = 400
)

// lines takes what a plugin prints into the log, line by line. A JSON object
// with the keys level and message becomes an entry of its own; any other line
// is the message of one. It is safe for concurrent use.
type lines struct {
	log zerolog.Logger

	mu    sync.Mutex
	veils veils
	tail  []string
}

// hide strikes these secrets from all lines to come.
func (l *lines) hide(h router.Hidden) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.veils.over.Draw(h)
}

// hideCall strikes what a call was given from the lines to come, until it has
// ended and what it printed was read. The function that it returns says that it
// has ended.
func (l *lines) hideCall(h router.Hidden) (ended func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h = l.veils.begin(h)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.veils.end(h, time.Now())
	}
}

// last returns the last lines, shortened.
func (l *lines) last() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.tail...)
}

// read takes lines until r ends. Stream names the stream in the log, if it is
// not the usual one.
func (l *lines) read(r io.Reader, stream string) {
	b := bufio.NewReaderSize(r, lineMax)
	for {
		line, err := b.ReadSlice('\n')
		if text := strings.TrimRight(string(line), "\r\n"); text != "" {
			l.take(text, stream)
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = b.ReadSlice('\n')
		}
		if err != nil {
			return
		}
	}
}

func (l *lines) take(line, stream string) {
	l.mu.Lock()
	line = l.veils.line(line, time.Now())
	if len(l.tail) == tailLines {
		l.tail = append(l.tail[:0], l.tail[1:]...)
	}
	l.tail = append(l.tail, cut(printable(line), tailWidth))
	l.mu.Unlock()

	e, message := l.entry(line)
	if stream != "" {
		e = e.Str("stream", stream)
	}
	e.Msg(message)
}

// entry begins the log's entry for a line.
func (l *lines) entry(line string) (*zerolog.Event, string) {
	var fields map[string]json.RawMessage
	var level, message string
	if line[0] != '{' || json.Unmarshal([]byte(line), &fields) != nil ||
		json.Unmarshal(fields["level"], &level) != nil || json.Unmarshal(fields["message"], &message) != nil {
		return l.log.Info(), printable(line)
	}
	e := l.log.WithLevel(levelOf(level))
	taken := 0
	for key, value := range fields {
		switch key {
		case "level", "message", "time", "plugin", "pid", "stream":
			continue // the first three are said already; the others are ours
		}
		if taken++; taken > fieldsMax {
			break
		}
		e = e.RawJSON(printable(key), value)
	}
	return e, printable(message)
}

func levelOf(name string) zerolog.Level {
	switch strings.ToLower(name) {
	case "trace":
		return zerolog.TraceLevel
	case "debug":
		return zerolog.DebugLevel
	case "warn", "warning":
		return zerolog.WarnLevel
	case "error", "fatal", "panic", "critical":
		return zerolog.ErrorLevel
	}
	return zerolog.InfoLevel
}

// printable keeps a plugin's text from moving an operator's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || !unicode.IsControl(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// cut shortens s to at most n bytes, at a rune's edge.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
