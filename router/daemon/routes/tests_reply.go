package routes

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
)

// reply compares what the event came to, and what its caller is told.
func (t *testRun) reply(x *config.ExpectReply) {
	if x.Verdict != nil && x.Verdict.Text != t.out.Verdict {
		t.miss(x.Verdict.At, "%s", t.ending())
		return // all else follows from it
	}
	v := router.Verdict{Kind: router.Accepted}
	if t.state.Verdict != nil {
		v = *t.state.Verdict
	}
	if x.Code != nil && x.Code.Text != v.Code {
		if v.Code == "" {
			t.miss(x.Code.At, "there is no code: %s", t.ending())
		} else {
			t.miss(x.Code.At, "the code is %q", v.Code)
		}
	}
	switch got := message(v); {
	case x.Message == nil || x.Message.Text == got:
	case got == "":
		t.miss(x.Message.At, "there is no message")
	default:
		t.miss(x.Message.At, "the message is %q", got)
	}
	if len(x.Attrs) > 0 && v.Kind != router.Success && v.Kind != router.Warning {
		t.miss(x.Attrs[0].At, "%s", t.ending())
	} else {
		t.values("the reply has", x.Attrs, v.Reply)
	}
	if x.Body != nil {
		t.body(x.Body, v)
	}
}

// ending says what the event came to.
func (t *testRun) ending() string {
	what := "the event ends as " + t.out.Verdict
	switch {
	case t.out.Verdict == config.VerdictHeld:
		what = "the event is held"
	case t.failed():
		return t.failure()
	}
	if t.out.Code != "" {
		what += fmt.Sprintf(" with the code %q", t.out.Code)
	}
	if t.out.Why != "" {
		return what + ": " + t.out.Why
	}
	for _, d := range t.state.Deliveries {
		switch {
		case d.Status != router.DoneRejected && d.Status != router.DoneExhausted:
		case t.out.Verdict == string(router.Success):
			return fmt.Sprintf("%s: %s is %s too late for a warning", what, d.Name, d.Status)
		default:
			return fmt.Sprintf("%s: %s is %s", what, d.Name, d.Status)
		}
	}
	return what
}

// message is what the caller's customer may read.
func message(v router.Verdict) string {
	if v.Kind == router.Error || len(v.Reply) == 0 {
		return v.Message
	}
	var reply struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(v.Reply, &reply); err != nil {
		return ""
	}
	return reply.Message
}

// body looks for a text in the response.
func (t *testRun) body(x *config.ExpectText, v router.Verdict) {
	if t.endpoint == nil {
		t.miss(x.At, "a failure has no caller: nobody is told")
		return
	}
	if strings.Contains(string(t.endpoint.Source.Reply(t.event, v).Body), x.Text) {
		return
	}
	if string(t.endpoint.Reply.Masked(v.Reply)) != string(v.Reply) {
		t.miss(x.At, "the response has no such text. It is not shown: there is in it what must not be")
		return
	}
	t.miss(x.At, "the response is %s", strings.TrimSpace(string(t.endpoint.Source.Reply(t.event, v).Body)))
}
