package appdirect

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/signalbox/signalbox/router"
)

const (
	// maxCallbackAnswer: an answer to a result has no documented content.
	maxCallbackAnswer = 64 << 10
	// maxRetryAfter keeps a marketplace's wish from outlasting our patience.
	maxRetryAfter = time.Hour

	// codeCallbackRefused is the code of a callback that will never be taken.
	codeCallbackRefused = "refused"
)

// Callback posts the result, as JSON whatever form the notification asked for
// (AppDirect documentation, "Asynchronous events").
func (s *Source) Callback(ctx context.Context, e *router.Event, v router.Verdict) router.Outcome {
	at, err := s.parseAddress(e.Notice.Address)
	if err != nil {
		// It was good when the event came in: a reload took the marketplace away.
		return router.Outcome{Kind: router.Retry, NeedsOperator: true, Detail: err.Error()}
	}
	a, sent, err := s.send(ctx, exchange{
		method: http.MethodPost, address: at.result(), credential: e.Notice.Credential, accept: "application/json",
		body: resultOf(e.Type, v).json(), limit: maxCallbackAnswer,
	})
	if err != nil {
		kind := router.Retry
		if sent {
			kind = router.Unknown
		}
		return router.Outcome{Kind: kind, Detail: err.Error(), NeedsOperator: needsOperator(err)}
	}
	if a.succeeded() {
		return router.Outcome{Kind: router.Succeeded}
	}
	// A marketplace may quote what it was told, and what is quoted of that would
	// be cut off within a secret.
	a.body = []byte(router.NewVeil(replySchema().Hide(router.NewSecret(v.Reply), maxCallbackAnswer)).Over(string(a.body)))
	switch {
	case refusesCredentials(a.status):
		return router.Outcome{Kind: router.Retry, NeedsOperator: true, Detail: a.String()}
	case a.passing():
		return router.Outcome{Kind: router.Retry, After: s.retryAfter(a.header), Detail: a.String()}
	case a.status == http.StatusNotFound, a.status == http.StatusConflict, a.status == http.StatusGone:
		return router.Outcome{Kind: router.Rejected, Code: router.CallbackGone, Detail: a.String()}
	default:
		return router.Outcome{Kind: router.Rejected, Code: codeCallbackRefused, Detail: a.String()}
	}
}

// retryAfter reads the header Retry-After: seconds, or a date.
func (s *Source) retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(0, min(date.Sub(s.now()), maxRetryAfter))
	}
	return 0
}
