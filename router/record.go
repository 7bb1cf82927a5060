package router

import (
	"time"

	"github.com/rs/zerolog"
)

// What attempts came to, for the log and for the story of an event.

// recordAttempt keeps an attempt for the log.
func (x *run) recordAttempt(a Attempted, generation int) {
	d := x.state.delivery(a.Name)
	shown := a.Outcome
	if x.event.Notice.Unkept {
		shown.Detail = hiddenDetail
	}
	logOutcome(x.log, shown).Str("delivery", a.Name).Dur("took", a.At.Sub(a.Began)).Msg("attempt")
	if d == nil || a.Outcome.NotSent {
		return
	}
	x.r.opt.Observer.Attempted(d.To, a.Outcome.Kind, a.At.Sub(a.Began))
	x.attempts = append(x.attempts, attemptRow(a.Name, d.Attempts, generation, a.Began, a.At, a.Outcome))
}

// hiddenDetail stands in the log for a plugin's words on an event that is not
// kept: they may quote what it carried.
const hiddenDetail = "not shown: the event is not kept"

func (x *run) recordFetch(f FetchFailed) {
	o := Outcome{Kind: Retry, Code: f.Err.Code, Detail: f.Err.Err.Error()}
	if f.Err.Kind != FetchPassing {
		o.Kind = Rejected
	}
	logOutcome(x.log, o).Msg("fetch")
	x.attempts = append(x.attempts, attemptRow(FetchAttempt, x.state.Fetch.Attempts, 0, f.Began, f.At, o))
}

func (x *run) recordCallback(c CalledBack) {
	logOutcome(x.log, c.Outcome).Str("verdict", string(x.state.Verdict.Kind)).Dur("took", c.At.Sub(c.Began)).Msg("callback")
	x.r.opt.Observer.CalledBack(x.event.Source, c.Outcome.Kind, c.At.Sub(c.Began))
	x.attempts = append(x.attempts, attemptRow("", x.state.Callback.Attempts, 0, c.Began, c.At, c.Outcome))
}

func attemptRow(name string, number, generation int, began, at time.Time, o Outcome) AttemptRow {
	return AttemptRow{
		Delivery: name, Number: number, Generation: generation, Began: began, Took: at.Sub(began),
		Outcome: o.Kind, Code: o.Code, Message: o.Detail,
	}
}

func logOutcome(log zerolog.Logger, o Outcome) *zerolog.Event {
	if o.Kind == Succeeded {
		return log.Info().Str("outcome", string(o.Kind))
	}
	return log.Warn().Str("outcome", string(o.Kind)).Str("code", o.Code).Str("detail", o.Detail)
}
