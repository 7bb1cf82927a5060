package router

import (
	"encoding/json"
	"fmt"
	"time"
)

// conclude completes a verdict: the reply of a success, the code of an error.
func (x *run) conclude(c Conclude) Fact {
	now := time.Now()
	v := c.Verdict
	v.Failed = x.failed()
	if v.Kind == Error {
		v.Code = x.publicCode(c.Delivery, v.Code)
		return Concluded{At: now, Verdict: v}
	}
	reply, err := x.reply()
	if err != nil {
		return Stuck{At: now, Why: err.Error()}
	}
	if x.endpoint != nil {
		if missing := x.endpoint.Source.MissingReply(&x.event, reply); missing != "" {
			return Stuck{At: now, Why: fmt.Sprintf("a success of %s must reply with %s, and no route's reply gives it", x.event.Type, missing)}
		}
	}
	v.Reply = x.r.sealReply(x.event.Source, reply)
	return Concluded{At: now, Verdict: v}
}

// publicCode is a plugin's code as the route of the delivery has it told.
func (x *run) publicCode(delivery, code string) string {
	if route, _ := x.spec(delivery); route != nil && route.Codes[code] != "" {
		return route.Codes[code]
	}
	return code
}

// reply merges the replies of all routes: the first in file order wins.
func (x *run) reply() (json.RawMessage, error) {
	merged := map[string]json.RawMessage{}
	for _, route := range x.routes {
		if route.Reply == nil {
			continue
		}
		raw, err := route.Reply(x.scope)
		if err != nil {
			return nil, fmt.Errorf("the reply of route %q: %w", route.Name, err)
		}
		var attrs map[string]json.RawMessage
		if err := json.Unmarshal(raw, &attrs); err != nil {
			return nil, fmt.Errorf("the reply of route %q: %w", route.Name, err)
		}
		for name, value := range attrs {
			if first, ok := merged[name]; !ok {
				merged[name] = value
			} else if string(first) != string(value) {
				x.log.Warn().Str("route", route.Name).Str("attribute", name).Msg("an earlier route replies with another value, which wins")
			}
		}
	}
	if len(merged) == 0 {
		return nil, nil
	}
	return json.Marshal(merged)
}
