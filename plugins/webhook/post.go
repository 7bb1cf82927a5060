package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

const (
	// maxAnswer is what is kept of an answer's body: it becomes part of the
	// journal, with every delivery.
	maxAnswer = 64 << 10
	// maxPublic is what a customer is shown of a receiver's own message.
	maxPublic = 500
)

// codeForm is how codes of rejections look.
var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

func (w *webhook) post(ctx context.Context, d *sdk.Delivery) sdk.Outcome {
	var in struct {
		URL     string          `json:"url"`
		Data    json.RawMessage `json:"data"`
		Secrets json.RawMessage `json:"secrets"`
	}
	if err := d.Input.Decode(&in); err != nil {
		return sdk.Rejected("invalid_input", "The request could not be read.", outbound.Reason("reading the input: %v", err))
	}
	to := in.URL
	if to == "" {
		to = w.URL
	}
	if to == "" {
		return sdk.Rejected("invalid_input", "The request could not be passed on.", "there is no url, neither in the plugin's configuration nor in the delivery")
	}
	if bad := outbound.CheckURL(to, true); len(bad) > 0 {
		return sdk.Rejected("invalid_input", "The request could not be passed on.", "the url is unusable: "+bad[0].Detail)
	}
	body, err := json.Marshal(struct {
		Delivery string          `json:"delivery"`
		Attempt  int             `json:"attempt"`
		Event    sdk.Event       `json:"event"`
		Data     json.RawMessage `json:"data,omitempty"`
		Secrets  json.RawMessage `json:"secrets,omitempty"`
	}{d.ID, d.Attempt, d.Event, in.Data, in.Secrets})
	if err != nil {
		return sdk.Rejected("invalid_input", "The request could not be read.", outbound.Reason("writing the body: %v", err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return sdk.Rejected("invalid_input", "The request could not be passed on.", "the url is unusable")
	}
	for name, value := range w.Headers {
		req.Header.Set(name, value)
	}
	id, now := messageID(d.Key), time.Now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", timestamp(now))
	req.Header.Set("webhook-signature", signature(w.key, id, now, body))

	resp, err := w.client.Do(req)
	if err != nil {
		return outbound.Lost("posting", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return outbound.Lost("reading the answer", err)
	}
	return outcome(resp, answer)
}

// outcome reads an answer, which is one byte too long if it was cut.
func outcome(resp *http.Response, answer []byte) sdk.Outcome {
	why := fmt.Sprintf("the receiver answered %d", resp.StatusCode)
	whole := len(answer) <= maxAnswer && json.Valid(answer)
	answer, secrets := apart(answer, whole)
	switch status := resp.StatusCode; {
	case status >= 200 && status <= 299:
		out := struct {
			Status  int             `json:"status"`
			Body    string          `json:"body"`
			JSON    json.RawMessage `json:"json,omitempty"`
			Secrets json.RawMessage `json:"secrets,omitempty"`
		}{Status: status, Secrets: secrets, Body: strings.ToValidUTF8(string(answer[:min(len(answer), maxAnswer)]), "�")}
		if whole {
			out.JSON = answer
		}
		return sdk.Succeeded(out)
	case outbound.Passing(status):
		return sdk.Retry(why).After(outbound.RetryAfter(resp.Header, time.Now()))
	case status == http.StatusUnauthorized:
		return sdk.Retry(why + ": it does not accept the signature or the headers").NeedsOperator()
	case status >= 300 && status <= 399:
		return sdk.Rejected("redirected", "The request could not be passed on.", why+": redirects are not followed, configure the address they lead to")
	}
	code, public := "refused", "The request was refused."
	var said struct {
		Code          string `json:"code"`
		PublicMessage string `json:"public_message"`
	}
	if whole && json.Unmarshal(answer, &said) == nil {
		if codeForm.MatchString(said.Code) {
			code = said.Code
		}
		if said.PublicMessage != "" && len(said.PublicMessage) <= maxPublic {
			public = said.PublicMessage
		}
	}
	return sdk.Rejected(code, public, outbound.Reason("%s: %s", why, strings.ToValidUTF8(string(answer), "�")))
}
