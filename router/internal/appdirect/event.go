package appdirect

import (
	"encoding/json"
	"errors"
	"fmt"

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
	tree, err := readTree(raw, "event")
	if err != nil {
		return Document{}, err
	}
	event, ok := normalise(tree, &eventShape).(map[string]any)
	if !ok {
		return Document{}, errors.New("the document is not an event")
	}
	if err := checkDepth(event, maxDepth); err != nil {
		return Document{}, err
	}
	return fromTree(event)
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
	d.Flag = router.Flag(flag)
	payload := event["payload"]
	if payload == nil {
		payload = map[string]any{}
	}
	if _, ok := payload.(map[string]any); !ok {
		return Document{}, errors.New("the event's payload is not an object")
	}
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

// lane is the ordering key, or "" where the event names no subscription: its
// own account, else the one that an add-on product belongs to.
func (d Document) lane(source, base string) string {
	var p struct {
		Account struct {
			AccountIdentifier       string `json:"accountIdentifier"`
			ParentAccountIdentifier string `json:"parentAccountIdentifier"`
		} `json:"account"`
	}
	// A member of another form than the documented one reads as absent.
	_ = json.Unmarshal(d.Payload, &p)
	account := p.Account.AccountIdentifier
	if account == "" {
		account = p.Account.ParentAccountIdentifier
	}
	if account == "" {
		return ""
	}
	return source + "|" + base + "|" + account
}

// baseURL is the marketplace's own word for its base address.
func (d Document) baseURL() string {
	var a struct {
		Marketplace struct {
			BaseURL string `json:"baseUrl"`
		} `json:"marketplace"`
	}
	// As above: what is not a text is no address.
	_ = json.Unmarshal(d.Attributes, &a)
	return a.Marketplace.BaseURL
}
