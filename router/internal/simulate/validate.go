package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Finding is what a vendor says of one field of a product's settings. INFO and
// WARN let the checkout go on, ERROR stops it.
type Finding struct {
	Field       string `json:"field"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Level       string `json:"level"`
}

// Stops reports whether the finding stops the checkout.
func (f Finding) Stops() bool { return f.Level == "ERROR" }

func (f Finding) String() string {
	return fmt.Sprintf("%-5s %s: %q %q", f.Level, f.Field, f.Title, f.Description)
}

// Validate posts the settings that a customer has filled in during checkout, and
// returns what the vendor finds in them and its HTTP status. The call has no
// credentials. (AppDirect documentation, 'Product settings validation'.) An error
// is ErrNoAnswer, or one of the network or ctx.
func (m *Marketplace) Validate(ctx context.Context, address string, fields url.Values) (findings []Finding, status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, pageWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(fields.Encode()))
	if err != nil {
		return nil, 0, fmt.Errorf("reading the validation address: %w", err)
	}
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Accept", "application/json")
	res, err := m.do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("asking for a validation: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return nil, res.StatusCode, fmt.Errorf("reading the validation: %w", err)
	}
	if absent(res.StatusCode) {
		return nil, res.StatusCode, fmt.Errorf("%w: HTTP status %d: the source has no order_validation block, or --to does not end in its path (…/validate?key=SECRET)", ErrNoAnswer, res.StatusCode)
	}
	var answer struct {
		Result *[]Finding `json:"result"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Result == nil || res.StatusCode != http.StatusOK {
		return nil, res.StatusCode, fmt.Errorf("%w: HTTP status %d, and no list of results", ErrNoAnswer, res.StatusCode)
	}
	for _, f := range *answer.Result {
		switch f.Level {
		case "INFO", "WARN", "ERROR":
		default:
			return *answer.Result, res.StatusCode, fmt.Errorf("%w: the level %q is none", ErrNoAnswer, f.Level)
		}
	}
	return *answer.Result, res.StatusCode, nil
}
