package subscriptionbridge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

// maxCallbackAnswer is what is kept of a receiver's answer: known ones say
// nothing or one line.
const maxCallbackAnswer = 4 << 10

// codeForm is how event codes are made: the notification's number and letter
// (SubscriptionBridge wiki, "Callback URL").
var codeForm = regexp.MustCompile(`^sb_n_[0-9]{1,2}[a-z]$`)

// complaint is how ProductCart's receiver begins what it has to complain about,
// with status 200: "XML Error: 2". An answer that only holds the word further on
// is no complaint.
var complaint = regexp.MustCompile(`^(?i)\s*(xml\s+)?error\b`)

// knownCodes are those whose letters are documented. Any other of the form is
// sent as well: the letters of the groups 5, 8, 9 and 10 are not in any public
// text.
func knownCodes() []string {
	return []string{
		"sb_n_1a", "sb_n_1b", "sb_n_1c", "sb_n_1d", "sb_n_2a", "sb_n_2b", "sb_n_3a", "sb_n_3b", "sb_n_4a", "sb_n_4b", "sb_n_4c",
		"sb_n_6a", "sb_n_6b", "sb_n_7a", "sb_n_7b", "sb_n_11a", "sb_n_11b",
	}
}

// template is a code in a word.
type template struct{ name, code string }

// templates are "paid", on which ProductCart repeats the order, and what each
// Action's own notification is called. That 7a, 7b and 8a are these is a guess
// by the notifications' names.
func templates() []template {
	return []template{
		{"paid", "sb_n_6b"},
		{"Trial_Ending_Reminder", "sb_n_2a"},
		{"Trial_Ending_Reminder_Final", "sb_n_2b"},
		{"Balance_Due", "sb_n_7a"},
		{"Balance_Due_Final", "sb_n_7b"},
		{"Subscription_Canceled", "sb_n_8a"},
	}
}

type callbackInput struct {
	GUID        string `json:"guid"`
	EventCode   string `json:"event_code"`
	Template    string `json:"template"`
	CallbackURL string `json:"callback_url"`
}

// code is the event code of a callback, or what is wrong with the input.
func (in *callbackInput) code() (code, wrong string) {
	switch {
	case (in.EventCode == "") == (in.Template == ""):
		return "", "give either event_code or template"
	case in.EventCode == "":
		all := templates()
		i := slices.IndexFunc(all, func(t template) bool { return t.name == in.Template })
		if i < 0 {
			var names []string
			for _, t := range all {
				names = append(names, t.name)
			}
			return "", fmt.Sprintf("there is no template %.64q; there are %s", in.Template, strings.Join(names, ", "))
		}
		return all[i].code, ""
	case !codeForm.MatchString(in.EventCode):
		wrong := fmt.Sprintf("event_code can't be %.64q: it is sb_n_, a number and a small letter", in.EventCode)
		if meant := nearCode(in.EventCode); meant != "" {
			return "", fmt.Sprintf("%s; did you mean %q?", wrong, meant)
		}
		return "", wrong + ", such as " + strings.Join(knownCodes(), ", ")
	}
	return in.EventCode, ""
}

// nearCode is the known code that a text was meant to be, or "": only its end
// counts, and no case.
func nearCode(text string) string {
	end := strings.ToLower(strings.TrimSpace(text))
	end = end[strings.LastIndexByte(end, '_')+1:]
	for _, code := range knownCodes() {
		if strings.TrimPrefix(code, "sb_n_") == end {
			return code
		}
	}
	return ""
}

func (b *bridge) callback(ctx context.Context, d *sdk.Delivery) sdk.Outcome {
	var in callbackInput
	if err := d.Input.Decode(&in); err != nil {
		return invalid(outbound.Reason("reading the input: %v", err))
	}
	code, wrong := in.code()
	if wrong == "" {
		wrong = wrongGUID(in.GUID)
	}
	to := in.CallbackURL
	if to == "" {
		to = b.CallbackURL
	}
	if bad := outbound.CheckURL(to, true); len(bad) > 0 && wrong == "" {
		wrong = "the callback_url is unusable: " + bad[0].Detail
	}
	switch {
	case wrong != "":
		return invalid(wrong)
	case to == "":
		return unconfigured("callback_url")
	case b.withheld(d):
		return sdk.Succeeded(map[string]any{"suppressed": true})
	}
	body, err := encode(sbCallback{GUID: in.GUID, Guid: in.GUID, EventCode: code})
	if err != nil {
		return invalid(err.Error())
	}
	resp, said, err := b.post(ctx, to, body, maxCallbackAnswer)
	if err != nil {
		return outbound.Lost("posting the callback", err)
	}
	return callbackOutcome(resp, said)
}

// callbackOutcome reads a receiver's answer. A complaint in plain text is a
// rejection: it is about what the callback says (no such order, an order that is
// too young), and the same callback would be told the same. After an attempt
// that had no answer it may also mean that the first one arrived.
func callbackOutcome(resp *http.Response, said []byte) sdk.Outcome {
	why := fmt.Sprintf("the receiver answered %d", resp.StatusCode)
	text := strings.ToValidUTF8(string(said[:min(len(said), maxCallbackAnswer)]), "�")
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return notTaken(resp, why, text)
	}
	if complaint.MatchString(text) {
		return sdk.Rejected("receiver_error", "The shop did not accept the message.", outbound.Reason("%s: %s", why, text))
	}
	return sdk.Succeeded(map[string]any{"status": resp.StatusCode, "body": text, "suppressed": false})
}

// post sends a document, and returns the answer's body up to a byte more than
// limit.
func (b *bridge) post(ctx context.Context, to string, document []byte, limit int64) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(document))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Content-Type", "text/xml")
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	return resp, said, err
}
