package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/appdirect"
)

// Result is a vendor's answer to an event. (AppDirect documentation,
// 'Notification URLs' and 'Event error codes'.)
type Result struct {
	Success                               bool
	AccountIdentifier, UserIdentifier, ID string
	ErrorCode, Message                    string
	// Metadata is what an application gets of an ADDON_BIND: credentials.
	Metadata map[string]router.Secret
}

// String tells the result in a line, and of the metadata only the names.
func (r Result) String() string {
	word := "success"
	if !r.Success {
		word = "failure"
	}
	parts := []string{word}
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	add("accountIdentifier", r.AccountIdentifier)
	add("userIdentifier", r.UserIdentifier)
	add("id", r.ID)
	add("errorCode", r.ErrorCode)
	add("metadata", strings.Join(slices.Sorted(maps.Keys(r.Metadata)), ","))
	if r.Message != "" {
		add("message", fmt.Sprintf("%q", r.Message))
	}
	return strings.Join(parts, " ")
}

// decodeResult reads a result in either form, with the metadata made secret.
func decodeResult(body []byte) (Result, error) {
	told, err := appdirect.DecodeResult(body)
	if err != nil {
		return Result{}, fmt.Errorf("reading the result: %w", err)
	}
	r := Result{
		Success: told.Success, AccountIdentifier: told.AccountIdentifier, UserIdentifier: told.UserIdentifier,
		ID: told.ID, ErrorCode: told.ErrorCode, Message: told.Message,
	}
	for _, entry := range told.Metadata {
		if r.Metadata == nil {
			r.Metadata = map[string]router.Secret{}
		}
		r.Metadata[entry.Key] = router.NewSecret([]byte(entry.Value))
	}
	return r, nil
}
