package appdirect

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// Entry is one finding of a product settings validation (the names are those of
// AppDirect's service-integration-sdk). Empty members are left out.
type Entry struct {
	// Field is the name of the field in the form.
	Field       string `json:"field,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Level       string `json:"level"`
}

// The levels of findings: of these only ERROR stops a checkout.
const (
	levelInfo  = "INFO"
	levelWarn  = "WARN"
	levelError = "ERROR"
)

// maxEntries bounds an answer: no customer reads more.
const maxEntries = 100

// What a customer reads where nobody said anything better.
const (
	titleUnchecked    = "Not checked"
	messageUnchecked  = "Your settings could not be checked at the moment. Please try again in a few minutes."
	messageGoOn       = "Your settings could not be checked at the moment. You can go on; they are checked again with your order."
	messageWrongValue = "This setting was not accepted."
)

// replyToForm says a verdict as findings, always with the status 200: what is
// not done by now is not done later.
func (s *Source) replyToForm(e *router.Event, v router.Verdict) router.Response {
	var entries []Entry
	switch v.Kind {
	case router.Success, router.Warning:
		entries = append(readEntries(v.Reply), failedEntries(e, v.Failed)...)
	case router.Error:
		if entries = failedEntries(e, v.Failed); len(entries) == 0 && v.Code != router.CodeUnrouted {
			entries = s.validation.unchecked()
		}
	default:
		entries = s.validation.unchecked()
	}
	return *respondEntries(http.StatusOK, entries)
}

// unchecked is the answer where there is no finding to give.
func (v *validation) unchecked() []Entry {
	if v == nil || v.onFailure == levelWarn { // a reload took the block away
		return []Entry{{Title: titleUnchecked, Description: messageGoOn, Level: levelWarn}}
	}
	return []Entry{{Title: titleUnchecked, Description: messageUnchecked, Level: levelError}}
}

// failedEntries are the findings of deliveries that failed. One whose code is
// the name of a field is about that field.
func failedEntries(e *router.Event, failed []router.Failed) []Entry {
	var form formPayload
	_ = json.Unmarshal(e.Payload, &form) // it was written here; no fields if it was not
	var entries []Entry
	for _, f := range failed {
		entry := Entry{Title: f.Code, Description: bounded(cmp.Or(f.Message, messageWrongValue), maxMessage), Level: levelError}
		if f.Optional {
			entry.Level = levelWarn
		}
		if f.Optional && f.Code == "" && f.Message == "" {
			entry.Title, entry.Description = titleUnchecked, messageGoOn
		}
		if _, named := form.Fields[f.Code]; named {
			entry.Field, entry.Title = f.Code, ""
		}
		entries = append(entries, entry)
	}
	return entries[:min(len(entries), maxEntries)]
}

// readEntries reads the reply attribute "result". A level that is not one is
// shown as WARN: a slip in a route neither stops checkouts nor hides.
func readEntries(reply []byte) []Entry {
	var r struct {
		Result []Entry `json:"result"`
	}
	if len(reply) == 0 || json.Unmarshal(reply, &r) != nil {
		return nil
	}
	for i := range r.Result {
		entry := &r.Result[i]
		entry.Title, entry.Description = bounded(entry.Title, maxMessage), bounded(entry.Description, maxMessage)
		switch level := strings.ToUpper(entry.Level); level {
		case levelInfo, levelWarn, levelError:
			entry.Level = level
		default:
			entry.Level = levelWarn
		}
	}
	return r.Result[:min(len(r.Result), maxEntries)]
}

// respondEntries writes an answer. It can't fail: there are only texts.
func respondEntries(status int, entries []Entry) *router.Response {
	if entries == nil {
		entries = []Entry{}
	}
	body, _ := writeTree(map[string][]Entry{"result": entries})
	return &router.Response{Status: status, Header: http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}}, Body: body}
}
