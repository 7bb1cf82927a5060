package appdirect

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// Document is an event document in the one normalised form, with AppDirect's
// own names (AppDirect documentation, "Integration events", event attributes).
//
// Payload and Attributes are JSON objects with sorted names and no nulls. In
// them items, customAttributes and links are lists, configuration and
// attributes are maps of texts, quantity and maxUsers are numbers, and every
// other documented value is a text. Types, values and members that are not
// documented are kept as they came: the XML form has no types, so that there
// they are texts.
type Document struct {
	Type string
	Flag router.Flag
	// Payload is the payload object.
	Payload json.RawMessage
	// Attributes is all else: creator, marketplace, applicationUuid, returnUrl,
	// links, …
	Attributes json.RawMessage
}

// Decode reads an event document in the JSON or the XML form. Bytes that it
// accepts once normalised are normalised to themselves.
func Decode(raw []byte) (Document, error) {
	d, _, err := decode(raw)
	return d, err
}

// belonging is what an event says of where it belongs; a member of another form
// than the documented one reads as absent.
type belonging struct {
	// account is the event's own, else the one that an add-on product belongs
	// to, or "" where the event names no subscription.
	account string
	// marketplace is the marketplace's own word for its base address.
	marketplace string
	// addon says that the event is of an add-on, of either generation.
	addon bool
}

// extra is what extraSchema says.
func (of belonging) extra() json.RawMessage {
	if of.addon {
		return json.RawMessage(`{"addon":true}`)
	}
	return json.RawMessage(`{"addon":false}`)
}

func decode(raw []byte) (Document, belonging, error) {
	tree, err := readTree(raw, "event")
	if err != nil {
		return Document{}, belonging{}, err
	}
	event, ok := normalise(tree, &eventShape).(map[string]any)
	if !ok {
		return Document{}, belonging{}, errors.New("the document is not an event")
	}
	if err := checkDepth(event, maxDepth); err != nil {
		return Document{}, belonging{}, err
	}
	parent := textAt(event, "payload", "account", "parentAccountIdentifier")
	of := belonging{
		account:     cmp.Or(textAt(event, "payload", "account", "accountIdentifier"), parent),
		marketplace: textAt(event, "marketplace", "baseUrl"),
		addon:       parent != "" || strings.HasPrefix(textAt(event, "type"), addonTypes),
	}
	d, err := fromTree(event)
	return d, of, err
}

// textAt follows the names into a tree; "" stands for no text there.
func textAt(tree any, names ...string) string {
	for _, name := range names {
		m, _ := tree.(map[string]any)
		tree = m[name]
	}
	text, _ := tree.(string)
	return text
}

// fromTree takes a normalised tree apart.
func fromTree(event map[string]any) (Document, error) {
	var d Document
	var ok bool
	if d.Type, ok = event["type"].(string); !ok || d.Type == "" {
		return Document{}, errors.New("the event has no type")
	}
	flag, ok := event["flag"].(string)
	if !ok && event["flag"] != nil {
		return Document{}, errors.New("the event's flag is not a text")
	}
	payload := event["payload"]
	if payload == nil {
		payload = map[string]any{}
	}
	if _, ok := payload.(map[string]any); !ok {
		return Document{}, errors.New("the event's payload is not an object")
	}
	d.Type, d.Flag = strings.Clone(d.Type), router.Flag(strings.Clone(flag)) // which outlive the document
	delete(event, "type")
	delete(event, "flag")
	delete(event, "payload")
	var err error
	if d.Payload, err = writeTree(payload); err != nil {
		return Document{}, err
	}
	d.Attributes, err = writeTree(event)
	return d, err
}

// tree puts a document together again.
func (d Document) tree() (map[string]any, error) {
	event := map[string]any{}
	if len(d.Attributes) > 0 {
		attributes, err := readJSON(d.Attributes)
		if err != nil {
			return nil, fmt.Errorf("the event's attributes: %w", err)
		}
		m, ok := attributes.(map[string]any)
		if !ok {
			return nil, errors.New("the event's attributes are not an object")
		}
		event = m
	}
	if len(d.Payload) > 0 {
		payload, err := readJSON(d.Payload)
		if err != nil {
			return nil, fmt.Errorf("the event's payload: %w", err)
		}
		event["payload"] = payload
	}
	event["type"] = d.Type
	if d.Flag != router.FlagNone {
		event["flag"] = string(d.Flag)
	}
	return event, nil
}

// lane is the ordering key, or "" where the event names no subscription.
func (of belonging) lane(source, base string) string {
	if of.account == "" {
		return ""
	}
	return source + "|" + base + "|" + of.account
}
