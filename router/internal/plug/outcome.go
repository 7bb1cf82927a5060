package plug

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/signalbox/signalbox/router"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

const (
	// afterMax bounds the wait that a plugin may ask for; a delivery's policy
	// ends long before a longer one.
	afterMax = 24 * time.Hour
	// codeMax, publicMax and detailMax bound a plugin's words: a word, a
	// message on somebody's screen, and the operator's page.
	codeMax   = 64
	publicMax = 1000
	detailMax = 2000
	// codeNone stands for a rejection's code where the plugin gives none, or one
	// with a secret in it.
	codeNone = "rejected"
	// afterLost is when to try again after the connection was found lost: the
	// first restart is tried sooner.
	afterLost = time.Second
)

// answer is how one call ended on the wire.
type answer struct {
	response *pluginv1.HandleResponse
	// sent says that the plugin may have seen the call. It is never false by
	// mistake.
	sent bool
	err  error
}

// outcome is what an answer comes to. What may have run and did not end in a
// valid answer is unknown, whatever error the plugin names: a plugin that hands
// on the error of a system behind it may have had an effect before. An unknown
// outcome keeps its key, so that nothing is lost and nothing done twice.
func (a answer) outcome(of outputShape, v veil) router.Outcome {
	switch {
	case a.err != nil && !a.sent:
		return a.unsent(v)
	case a.err != nil:
		return router.Outcome{Kind: router.Unknown, Lost: silent(a.err), Detail: text(failure(a.err), v, detailMax)}
	}
	switch o := a.response.GetOutcome().(type) {
	case *pluginv1.HandleResponse_Succeeded:
		output := o.Succeeded.GetOutput()
		if err := of.fits(output); err != nil {
			return router.Outcome{
				Kind:   router.Unknown,
				Detail: text(fmt.Sprintf("the plugin says that it succeeded, but its output is not what the action promises: %v", err), v, detailMax),
			}
		}
		return router.Outcome{Kind: router.Succeeded, Output: output}
	case *pluginv1.HandleResponse_Retry:
		after := time.Duration(0)
		if d := o.Retry.GetAfter(); d.CheckValid() == nil {
			after = min(max(d.AsDuration(), 0), afterMax)
		}
		out := router.Outcome{
			Kind: router.Retry, After: after, Detail: text(o.Retry.GetMessage(), v, detailMax),
			FreshKey: o.Retry.GetFreshKey(), NeedsOperator: o.Retry.GetNeedsOperator(),
		}
		if o.Retry.GetMayHaveRun() {
			out.Kind, out.FreshKey = router.Unknown, false
		}
		return out
	case *pluginv1.HandleResponse_Rejected:
		code := text(o.Rejected.GetCode(), veil{}, codeMax)
		if code == "" || v.over(o.Rejected.GetCode()) != o.Rejected.GetCode() {
			code = codeNone // no word is better than what is left of one
		}
		return router.Outcome{
			Kind: router.Rejected, Code: code,
			Public: text(o.Rejected.GetPublicMessage(), v, publicMax), Detail: text(o.Rejected.GetDetail(), v, detailMax),
		}
	}
	return router.Outcome{Kind: router.Unknown, Detail: "the plugin answered without an outcome"}
}

// unsent: nothing has happened. An attempt that the plugin was too busy to take
// counts as one, so that a plugin that hangs comes to the operator's notice.
func (a answer) unsent(v veil) router.Outcome {
	var tooLarge *tooLargeError
	switch {
	case errors.Is(a.err, context.DeadlineExceeded):
		return router.Outcome{Kind: router.Retry, Detail: "the plugin did not take the call before its deadline"}
	case errors.Is(a.err, context.Canceled):
		return router.Outcome{Kind: router.Retry, NotSent: true, Detail: "the call was given up before it was made"}
	case errors.As(a.err, &tooLarge):
		return router.Outcome{Kind: router.Retry, NeedsOperator: true, Detail: tooLarge.Error()}
	}
	return down("the call was not made: "+text(failure(a.err), v, detailMax), afterLost)
}

// down is the outcome of a call that found no plugin to make it to.
func down(why string, after time.Duration) router.Outcome {
	return router.Outcome{Kind: router.Retry, NotSent: true, After: after, Detail: why}
}

// silent reports whether the plugin gave no answer at all.
func silent(err error) bool {
	var broken *brokenError
	code := status.Code(err)
	return errors.As(err, &broken) || errors.Is(err, context.DeadlineExceeded) || code == codes.DeadlineExceeded || code == codes.Unavailable
}

// failure says in an operator's words why a call has no answer.
func failure(err error) string {
	var broken *brokenError
	switch {
	case errors.As(err, &broken):
		return broken.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer before the deadline"
	case errors.Is(err, context.Canceled):
		return "the call was given up while it ran"
	}
	s := status.Convert(err)
	switch s.Code() {
	case codes.DeadlineExceeded:
		return "no answer before the deadline"
	case codes.Canceled:
		return "the call was given up while it ran"
	case codes.Unavailable:
		return "the connection to the plugin was lost: " + s.Message()
	case codes.Unknown:
		return s.Message()
	}
	return fmt.Sprintf("%s (%s)", s.Message(), s.Code())
}

// tooLargeError: the call has no room in one message.
type tooLargeError struct{ size int }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the call has %d bytes, more than the %d of a message", e.size, pluginv1.MaxMessage)
}

// brokenError: the stream ended.
type brokenError struct{ err error }

func (e *brokenError) Error() string {
	return "the connection to the plugin was lost: " + status.Convert(e.err).Message()
}

func (e *brokenError) Unwrap() error { return e.err }

// pluginError is what a plugin answered on the stream instead of an outcome.
type pluginError struct{ message string }

func (e *pluginError) Error() string { return e.message }
