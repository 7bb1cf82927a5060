package sdk

import (
	"io"
	"log/slog"
	"strings"
)

// Log returns a logger whose lines signalbox understands and shows in its own
// log, with the plugin's name: one JSON object a line on stderr, with the keys
// level, time and message. Never log a secret.
func Log() *slog.Logger { return newLog(processStderr) }

func newLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: slog.LevelDebug, // the host decides what is shown
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return a
			}
			switch a.Key {
			case slog.MessageKey:
				a.Key = "message"
			case slog.LevelKey:
				a.Value = slog.StringValue(strings.ToLower(a.Value.String()))
			}
			return a
		},
	}))
}
