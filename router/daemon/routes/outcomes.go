package routes

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// Outcome is one end that an event may come to, and what its caller is told.
type Outcome struct {
	// If says which end it is.
	If string `json:"if"`
	// Verdict is "success", "warning", "error", "accepted" or "held".
	Verdict string `json:"verdict"`
	// Code is what the route makes of a plugin's code; Why tells why the event
	// is held.
	Code string `json:"code,omitempty"`
	Why  string `json:"why,omitempty"`
	// Status and Body are the response. What is not known yet stands in the body
	// in parentheses.
	Status int    `json:"status,omitempty"`
	Body   string `json:"body,omitempty"`
}

// outcomes lists the ends of one event.
type outcomes struct {
	event    *router.Event
	endpoint *router.Endpoint
	plan     *router.Plan
	answer   *Answer
	out      []Outcome
}

// publicMessage stands for what a plugin lets the customer read.
const publicMessage = "(the plugin's message)"

func (o *outcomes) list() []Outcome {
	switch {
	case o.event.Flag == router.FlagStateless:
		o.tell("it is a ping", router.Verdict{Kind: router.Success})
	case o.answer.Error != "":
		o.tell("its routing fails", router.Verdict{Kind: router.Error, Code: router.CodeFailed})
	case len(o.answer.Takes) == 0 && o.endpoint.AcceptUnrouted:
		o.tell("no route takes it", router.Verdict{Kind: router.Success})
	case len(o.answer.Takes) == 0:
		o.tell("no route takes it", router.Verdict{Kind: router.Error, Code: router.CodeUnrouted})
	default:
		o.taken()
	}
	return o.out
}

// taken are the ends of an event that routes take.
func (o *outcomes) taken() {
	required, optional := o.count()
	if required+optional == 0 {
		o.success("at once", router.Success)
		return
	}
	o.success("all succeed", router.Success)
	if optional > 0 {
		o.success("an optional one fails", router.Warning)
	}
	if required == 0 {
		return
	}
	for _, route := range o.plan.Routes {
		if slices.Contains(o.answer.Takes, route.Name) {
			o.rejections(route)
		}
	}
	limits := o.endpoint.Source.Limits(o.event.Type)
	after := fmt.Sprintf("not done within %s, or held", limits.ReplyWithin)
	if limits.Late == router.LateCallback {
		after += "; a callback follows"
	}
	if limits.Synchronous {
		after = fmt.Sprintf("not done within %s", limits.ReplyWithin)
	}
	o.tell(after, router.Verdict{Kind: router.Accepted})
}

func (o *outcomes) count() (required, optional int) {
	for _, route := range o.answer.Routes {
		for _, d := range route.Deliveries {
			if d.Optional {
				optional++
			} else {
				required++
			}
		}
	}
	return required, optional
}

// rejections are what the caller is told where a plugin rejects a delivery of
// the route, by the codes that the route maps.
func (o *outcomes) rejections(route *router.Route) {
	if !slices.ContainsFunc(route.Deliver, func(s router.Spec) bool { return !s.Optional }) {
		return
	}
	for _, code := range slices.Sorted(maps.Keys(route.Codes)) {
		o.tell(fmt.Sprintf("route %q is rejected with %s", route.Name, code),
			router.Verdict{Kind: router.Error, Code: route.Codes[code], Message: publicMessage})
	}
	what := fmt.Sprintf("route %q is rejected", route.Name)
	if len(route.Codes) > 0 {
		what += " with another code"
	}
	o.tell(what, router.Verdict{Kind: router.Error, Message: publicMessage})
}

// success merges the replies of the routes as the router does: the first in
// file order wins.
func (o *outcomes) success(when string, kind router.VerdictKind) {
	reply := map[string]json.RawMessage{}
	for _, route := range o.answer.Routes {
		for _, d := range route.Deliveries {
			if why := whyNotMade(d); why != "" && !d.Optional && !d.OnFailure {
				o.held(when, fmt.Sprintf("%s/%s can't be made: %s", route.Name, d.Name, why))
				return
			}
		}
		for _, v := range route.Reply {
			if v.Error != "" {
				o.held(when, fmt.Sprintf("the reply of route %q: %s: %s", route.Name, v.Name, v.Error))
				return
			}
			if _, ok := reply[v.Name]; ok {
				continue
			}
			if reply[v.Name] = v.Value; v.Value == nil {
				reply[v.Name] = jsonText(unknown(v))
			}
		}
	}
	verdict := router.Verdict{Kind: kind}
	if len(reply) > 0 {
		text, err := json.Marshal(reply)
		if err != nil {
			o.held(when, err.Error())
			return
		}
		verdict.Reply = text
	}
	if missing := o.endpoint.Source.MissingReply(o.event, verdict.Reply); missing != "" {
		o.held(when, fmt.Sprintf("a success of %s must reply with %s, and no route's reply gives it", o.event.Type, missing))
		return
	}
	o.tell(when, verdict)
}

// whyNotMade says why a delivery's input can't be given, or "".
func whyNotMade(d DeliveryAnswer) string {
	if d.Error != "" {
		return d.Error
	}
	for _, v := range d.Input {
		if v.Error != "" {
			return v.Name + ": " + v.Error
		}
	}
	return ""
}

// unknown is shown for a value that waits for outputs.
func unknown(v Value) string {
	return fmt.Sprintf("(after %s: %s)", strings.Join(v.After, ", "), v.Expression)
}

func (o *outcomes) held(when, why string) {
	o.out = append(o.out, Outcome{If: when, Verdict: "held", Why: why})
}

// tell words a verdict in the source's protocol.
func (o *outcomes) tell(when string, v router.Verdict) {
	response := o.endpoint.Source.Reply(o.event, v)
	status := response.Status
	if status == 0 {
		status = http.StatusOK
	}
	o.out = append(o.out, Outcome{
		If: when, Verdict: string(v.Kind), Code: v.Code, Status: status, Body: strings.TrimSpace(string(response.Body)),
	})
}
