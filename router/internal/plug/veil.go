package plug

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

const (
	// givenMost is how much sensitive text a plugin may be configured with; there
	// is one configuration in use.
	givenMost = 1 << 20
	// callMost is how much of it a call may have: ten private keys. There are
	// hundreds of calls at once, and what is made of one is not to cost more than
	// the call.
	callMost = 32 << 10
	// flightMost bounds what is looked for because of calls in flight, in bytes.
	flightMost = 16 << 20
	// recentMax and recentMost bound what is looked for because of calls that have
	// ended. A plugin that crashes ends all that it has in flight at once, and
	// prints what they were given on its way out.
	recentMax  = pluginv1.MaxInFlight
	recentMost = 4 << 20
	// darkFor is how long nothing is shown after a call with more sensitive text
	// than is looked for: what it has printed is read by then.
	darkFor = 10 * time.Second
)

// veil strikes secrets from a plugin's texts: the sensitive values of its
// configuration and of a call's input, and the secrets in its environment. A
// plugin should not tell them; what it prints and answers is logged and shown,
// so that it is not left to the plugin alone. The zero value hides nothing.
type veil []*router.Veil

func (v veil) over(s string) string {
	for _, one := range v {
		s = one.Over(s)
	}
	return s
}

// and hides this besides.
func (v veil) and(h router.Hidden) veil {
	if h.Empty() {
		return v
	}
	return append(v[:len(v):len(v)], router.NewVeil(h))
}

// veils are over what a plugin prints, of which nobody knows which call it
// belongs to: what it was started with, and what its calls are given.
type veils struct {
	over   router.Veil
	flight int // bytes that calls in flight have looked for

	recent     []router.Hidden // of calls that have ended, the first first
	recentSize int

	dark      int // how many calls have ended that hide all there is
	darkUntil time.Time
}

// begin hides what a call is given until end is called with what it returns.
func (v *veils) begin(h router.Hidden) router.Hidden {
	if v.flight+h.Size() > flightMost {
		h = router.HideAll()
	}
	v.flight += h.Size()
	v.over.Draw(h)
	return h
}

func (v *veils) end(h router.Hidden, now time.Time) {
	v.flight -= h.Size()
	if h.All() {
		v.dark++
		v.darkUntil = now.Add(darkFor)
		return
	}
	v.recent = append(v.recent, h)
	v.recentSize += h.Size()
	for len(v.recent) > recentMax || v.recentSize > recentMost {
		first := v.recent[0]
		v.recent[0], v.recent = router.Hidden{}, v.recent[1:]
		v.recentSize -= first.Size()
		v.over.Lift(first)
	}
}

// line is a line as it may be shown. JSON is read first: what stands in it may be
// written in escapes in which nobody looks for it.
func (v *veils) line(line string, now time.Time) string {
	for ; v.dark > 0 && now.After(v.darkUntil); v.dark-- {
		v.over.Lift(router.HideAll())
	}
	if !v.over.Hides() {
		return line
	}
	fields, err := fieldsOf(line)
	if err != nil {
		return v.over.Over(line)
	}
	shown := make(map[string]any, len(fields))
	for key, value := range fields {
		switch key {
		case "level":
			if name, ok := value.(string); ok {
				value = levelOf(name).String() // one of a few words
			} else {
				value = v.strike(value)
			}
		case "message":
			value = v.strike(value)
		default:
			key, value = v.over.Over(key), v.strike(value)
		}
		shown[key] = value
	}
	return encoded(shown)
}

// strike strikes from the texts and the numbers of a decoded value.
func (v *veils) strike(value any) any {
	switch value := value.(type) {
	case string:
		return v.over.Over(value)
	case json.Number:
		if struck := v.over.Over(string(value)); struck != string(value) {
			return struck
		}
	case []any:
		for i := range value {
			value[i] = v.strike(value[i])
		}
	case map[string]any:
		shown := make(map[string]any, len(value))
		for key, e := range value {
			shown[v.over.Over(key)] = v.strike(e)
		}
		return shown
	}
	return value
}

var errMore = errors.New("there is more behind it")

// fieldsOf reads a line that is one JSON object.
func fieldsOf(line string) (fields map[string]any, err error) {
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || fields == nil {
		return nil, errMore
	}
	return fields, nil
}

func encoded(fields map[string]any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(fields) != nil {
		return "{}" // what was read can be written
	}
	return strings.TrimSuffix(out.String(), "\n")
}
