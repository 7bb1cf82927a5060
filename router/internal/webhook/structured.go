package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/binding/spec"
	"github.com/cloudevents/sdk-go/v2/event"
)

// The members of an event that are no attributes (CloudEvents JSON Format
// 1.0.2, 3.1).
const (
	memberData   = "data"
	memberBase64 = "data_base64"
)

// readStructured reads an event that is a JSON object. The SDK's own reader
// panics at some data_base64, refuses others that are good, and ends at a member
// without a name. Of two members with one name the later counts, and one that is
// null is absent (JSON Format 1.0.2, 2.2).
func readStructured(e *event.Event, body []byte) error {
	var members map[string]json.RawMessage
	err := json.Unmarshal(body, &members)
	if _, syntax := errors.AsType[*json.SyntaxError](err); syntax || !utf8.Valid(body) {
		return &refusal{http.StatusBadRequest, "The body is not JSON.", nil}
	}
	if err != nil {
		return err
	}
	var version string
	if json.Unmarshal(members[versionAttr], &version) != nil || version != event.CloudEventsVersionV1 {
		return fmt.Errorf("%s is %.20q", versionAttr, members[versionAttr])
	}
	seen := make(map[string]bool, len(members))
	for name, written := range members {
		if name == memberData || name == memberBase64 || isNull(written) {
			continue
		}
		// The SDK takes names in any case.
		lower := strings.ToLower(name)
		if seen[lower] {
			return fmt.Errorf("the attribute %.20q stands in it twice, in another case", lower)
		}
		seen[lower] = true
		if err := setMember(e.Context, name, written); err != nil {
			return fmt.Errorf("the attribute %.20q: %w", name, err)
		}
	}
	e.DataEncoded, err = readData(e, members[memberData], members[memberBase64])
	return err
}

// setMember takes the values that the JSON format has: text, truth values and
// integers of 32 bits. The specification's own attributes are all text.
func setMember(c event.EventContext, name string, written json.RawMessage) error {
	if written[0] == '"' {
		return spec.V1.SetAttribute(c, name, unquoteJSON(written))
	}
	if spec.V1.Attribute(name) != nil {
		return errors.New("it is no text")
	}
	var value any
	if err := json.Unmarshal(written, &value); err != nil {
		return err
	}
	if number, ok := value.(float64); ok && number != float64(int32(number)) {
		return errors.New("the number is no integer of 32 bits")
	}
	return c.SetExtension(name, value)
}

// readData is the data's bytes: JSON as it is written, else those of a text, or
// of base64.
func readData(e *event.Event, written, encoded json.RawMessage) (data []byte, err error) {
	if isNull(written) {
		if !isNull(encoded) && json.Unmarshal(encoded, &data) != nil {
			err = fmt.Errorf("%s is not base64", memberBase64)
		}
		return data, err
	}
	if !isNull(encoded) {
		return nil, fmt.Errorf("it has both %s and %s", memberData, memberBase64)
	}
	media, _, _ := mime.ParseMediaType(e.DataContentType())
	isText, ofKind := written[0] == '"', strings.HasSuffix(media, "+json")
	switch {
	case isText && ofKind:
		// The SDK writes this JSON into a text, others write it as it is.
		if data = []byte(unquoteJSON(written)); isDocument(data) {
			return data, nil
		}
		return written, nil
	case e.DataContentType() == "" || isJSON(media):
		return written, nil
	case isText:
		return []byte(unquoteJSON(written)), nil
	}
	return nil, fmt.Errorf("the data is %.100q and no text", media)
}

func isNull(written json.RawMessage) bool { return len(written) == 0 || string(written) == "null" }
