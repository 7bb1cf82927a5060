package subscriptionbridge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/signalbox/signalbox/router"
)

// action is one of the events that a caller may fire. The protocol has a name
// of its own for the last reminder of a pair; here it is a kind and a flag.
type action struct {
	name, kind string
	final      bool
}

// actions are all there are, in the wiki's order and spelling
// (SubscriptionBridge wiki, "EventRequest", Action).
func actions() []action {
	return []action{
		{"Trial_Ending_Reminder", "Trial_Ending_Reminder", false},
		{"Trial_Ending_Reminder_Final", "Trial_Ending_Reminder", true},
		{"Balance_Due", "Balance_Due", false},
		{"Balance_Due_Final", "Balance_Due", true},
		{"Subscription_Canceled", "Subscription_Canceled", false},
	}
}

func actionNames() []string {
	var names []string
	for _, a := range actions() {
		names = append(names, a.name)
	}
	return names
}

func findAction(name string) (action, bool) {
	all := actions()
	i := slices.IndexFunc(all, func(a action) bool { return a.name == name })
	if i < 0 {
		return action{}, false
	}
	return all[i], true
}

// extraSchema is what the events have at the top of their envelope.
func extraSchema() router.Schema {
	return router.Schema{Attrs: []router.Attr{{
		Name: "action", Required: true, Type: json.RawMessage(`["object",{"kind":"string","final":"bool"}]`),
		Doc: "The Action in two parts: kind, its name less _Final, and final, whether it is the last reminder of its kind.",
	}}}
}

type extra struct {
	Action actionParts `json:"action"`
}

type actionParts struct {
	Kind  string `json:"kind"`
	Final bool   `json:"final"`
}

type payload struct {
	GUID   string `json:"guid"`
	Action string `json:"action"`
}

type attributes struct {
	Store storeName `json:"store"`
}

type storeName struct {
	Username string `json:"username"`
}

// shapes say what payload and attributes are: the same for every Action.
func shapes() []router.Shape {
	return []router.Shape{{
		Payload:    json.RawMessage(`["object",{"guid":"string","action":"string"}]`),
		Attributes: json.RawMessage(`["object",{"store":["object",{"username":"string"}]}]`),
	}}
}

// Fetch reads the event from the notice itself; the protocol sends no more than
// that, and has nowhere to ask.
func (s *Source) Fetch(_ context.Context, n router.Notice) (router.Event, error) {
	doc, err := readDocument(n.Body)
	if err != nil {
		return router.Event{}, unfetchable(err)
	}
	a, ok := findAction(doc.action)
	if !ok {
		return router.Event{}, unfetchable(fmt.Errorf("the Action %.64q is unknown", doc.action))
	}
	e := router.Event{
		Source: n.Source, Type: a.name, Received: n.Received,
		Lane: n.Source + keySeparator + doc.username + keySeparator + doc.guid,
		Raw:  n.Body, Notice: n,
	}
	for _, part := range []struct {
		into *json.RawMessage
		from any
	}{
		{&e.Payload, payload{GUID: doc.guid, Action: a.name}},
		{&e.Attributes, attributes{storeName{doc.username}}},
		{&e.Extra, extra{actionParts{a.kind, a.final}}},
	} {
		if *part.into, err = json.Marshal(part.from); err != nil {
			return router.Event{}, unfetchable(err)
		}
	}
	return e, nil
}

// unfetchable is an error that no repeat will mend.
func unfetchable(err error) error {
	return &router.FetchError{Kind: router.FetchRefused, Code: codeInvalid, Message: messageFailed, Err: err}
}
