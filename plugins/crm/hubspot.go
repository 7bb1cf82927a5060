package crm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

// statusMigrating is HubSpot's own status for an account that is moved between
// data centres just now.
const statusMigrating = 477

// hubspot is one HubSpot account.
type hubspot struct {
	base, token string
	client      *http.Client
}

func newHubspot(base, token string) *hubspot {
	return &hubspot{base: strings.TrimSuffix(base, "/"), token: token, client: outbound.Client()}
}

// refusal is an answer that is no success.
type refusal struct {
	status            int
	header            http.Header
	category, message string
	correlation       string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("HubSpot answered %d %s: %s (correlation %s)", r.status, r.category, r.message, r.correlation)
}

// problem is HubSpot's error body, and one error in an answer to a batch.
type problem struct {
	Category      string `json:"category"`
	Message       string `json:"message"`
	CorrelationID string `json:"correlationId"`
}

// call sends body, if not nil, as JSON, and decodes the answer. Its error is a
// *refusal if HubSpot answered, else the answer was lost.
func (h *hubspot) call(ctx context.Context, method, path string, body, into any) error {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, h.base+path, payload)
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return outbound.WithoutAddress(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		var p problem
		_ = json.Unmarshal(answer, &p) // an answer of a proxy has no such body
		return &refusal{resp.StatusCode, resp.Header, p.Category, p.Message, p.CorrelationID}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

// upsert creates or changes the one object whose property idProperty, which
// holds unique values, is id (HubSpot API, "Create or update a batch of
// records by unique property values").
func (h *hubspot) upsert(ctx context.Context, object, idProperty, id string, properties map[string]string) (objectID string, created bool, err error) {
	type input struct {
		IDProperty string            `json:"idProperty"`
		ID         string            `json:"id"`
		Properties map[string]string `json:"properties"`
	}
	request := struct {
		Inputs []input `json:"inputs"`
	}{[]input{{idProperty, id, properties}}}
	var answer struct {
		Results []struct {
			ID  string `json:"id"`
			New bool   `json:"new"`
		} `json:"results"`
		Errors []problem `json:"errors"`
	}
	if err := h.call(ctx, http.MethodPost, "/crm/v3/objects/"+object+"/batch/upsert", request, &answer); err != nil {
		return "", false, err
	}
	if len(answer.Results) == 1 && answer.Results[0].ID != "" {
		return answer.Results[0].ID, answer.Results[0].New, nil
	}
	if len(answer.Errors) > 0 { // 207: refused inside the batch
		p := answer.Errors[0]
		return "", false, &refusal{statusOf(p.Category), nil, p.Category, p.Message, p.CorrelationID}
	}
	return "", false, errors.New("the answer holds no object")
}

// statusOf is the status that a category of error inside a batch would have
// had on its own.
func statusOf(category string) int {
	switch category {
	case "CONFLICT":
		return http.StatusConflict
	case "RATE_LIMITS":
		return http.StatusTooManyRequests
	case "OBJECT_NOT_FOUND":
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}

// outcome classifies an error of call (HubSpot API, "Error handling").
func outcome(doing string, err error) sdk.Outcome {
	var r *refusal
	if !errors.As(err, &r) {
		return outbound.Lost(doing, err)
	}
	why := outbound.Reason("%s: %v", doing, r)
	later := sdk.Retry(why).After(outbound.RetryAfter(r.header, time.Now()))
	switch {
	case r.status == http.StatusUnauthorized, r.status == http.StatusForbidden:
		return sdk.Retry(outbound.Reason("%s: HubSpot refuses the access token (status %d %s)", doing, r.status, r.category)).NeedsOperator()
	case outbound.Passing(r.status), r.status == http.StatusConflict, r.status == http.StatusLocked, r.status == statusMigrating:
		return later
	case r.status == http.StatusNotFound:
		return sdk.Rejected("not_found", "The record is not known to the customer database.", why)
	default:
		return sdk.Rejected("invalid_request", "The customer database refused the request.", why)
	}
}
