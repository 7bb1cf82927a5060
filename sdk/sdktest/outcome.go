package sdktest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// Kind is what an attempt came to.
type Kind string

const (
	Succeeded Kind = "succeeded"
	Retry     Kind = "retry"
	Rejected  Kind = "rejected"
	// Unknown: the call failed, or the plugin says that it may have run.
	Unknown Kind = "unknown"
)

// Outcome is what signalbox gets to see of an attempt.
type Outcome struct {
	Kind Kind
	// Output is the JSON object of a success.
	Output json.RawMessage
	// After and NeedsOperator belong to Retry and Unknown, FreshKey to Retry.
	After         time.Duration
	FreshKey      bool
	NeedsOperator bool
	// Code and Public belong to Rejected.
	Code, Public string
	// Detail is for the operator: the reason of a retry, the detail of a
	// rejection, the error of an unknown outcome.
	Detail string
}

// Decode reads the output into v, a pointer.
func (o Outcome) Decode(v any) error { return json.Unmarshal(o.Output, v) }

// String shows all of the outcome on one line, for messages of tests.
func (o Outcome) String() string {
	var b strings.Builder
	b.WriteString(string(o.Kind))
	field := func(name string, set bool, value any) {
		if set {
			fmt.Fprintf(&b, " %s=%v", name, value)
		}
	}
	field("output", len(o.Output) > 0, string(o.Output))
	field("after", o.After > 0, o.After)
	field("fresh_key", o.FreshKey, true)
	field("needs_operator", o.NeedsOperator, true)
	field("code", o.Code != "", o.Code)
	field("public", o.Public != "", fmt.Sprintf("%q", o.Public))
	field("detail", o.Detail != "", fmt.Sprintf("%q", o.Detail))
	return b.String()
}

func outcomeOf(r *pluginv1.HandleResponse) Outcome {
	switch o := r.GetOutcome().(type) {
	case *pluginv1.HandleResponse_Succeeded:
		return Outcome{Kind: Succeeded, Output: o.Succeeded.GetOutput()}
	case *pluginv1.HandleResponse_Retry:
		out := Outcome{
			Kind: Retry, After: o.Retry.GetAfter().AsDuration(), Detail: o.Retry.GetMessage(),
			FreshKey: o.Retry.GetFreshKey(), NeedsOperator: o.Retry.GetNeedsOperator(),
		}
		if o.Retry.GetMayHaveRun() {
			out.Kind, out.FreshKey = Unknown, false
		}
		return out
	case *pluginv1.HandleResponse_Rejected:
		return Outcome{
			Kind: Rejected, Code: o.Rejected.GetCode(), Public: o.Rejected.GetPublicMessage(), Detail: o.Rejected.GetDetail(),
		}
	}
	return Outcome{Kind: Unknown, Detail: "the plugin answered without an outcome"}
}
