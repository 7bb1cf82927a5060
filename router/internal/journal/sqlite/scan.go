package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/signalbox/signalbox/router"
)

// The columns in the order in which encode.go writes and this file reads them.
const (
	eventColumns = `e.n, e.id, e.source, e.type, e.flag, e.lane, e.seq, e.received, e.phase, e.caused_by, e.plan,
		d.event IS NULL, e.version, e.state, coalesce(d.notice, e.notice), d.attributes`
	deliveryColumns = `name, plugin, action, needs, optional, ordered, on_failure, policy, lifetime, status, attempts,
		generation, first, key_sent, paused, paused_at, due, may_have_run, code, public, detail, input, output`
	attemptColumns = `delivery, number, generation, began, took, outcome, code, message`
)

// row is a line of a query's answer, read column by column from the left. The
// first column that is not of the type asked for ends it.
type row struct {
	values []driver.Value
	at     int
	err    error
}

func next[T any](r *row) T {
	v := r.values[r.at]
	r.at++
	t, ok := v.(T)
	if !ok && v != nil {
		r.fail(fmt.Errorf("column %d is stored as %T, not %T", r.at, v, t))
	}
	return t
}

func (r *row) fail(err error) { r.err = errors.Join(r.err, err) }

func (r *row) text() string  { return next[string](r) }
func (r *row) number() int64 { return next[int64](r) }
func (r *row) count() int    { return int(r.number()) }
func (r *row) flag() bool    { return r.number() != 0 }
func (r *row) blob() []byte  { return next[[]byte](r) }

func (r *row) duration() time.Duration { return time.Duration(r.number()) }

// instant is a time that nanos has written.
func (r *row) instant() time.Time {
	n := r.number()
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// raw is JSON text as it is; "" is nil.
func (r *row) raw() json.RawMessage {
	if s := r.text(); s != "" {
		return json.RawMessage(s)
	}
	return nil
}

// document reads JSON text into a value; "" leaves it as it is.
func (r *row) document(to any) {
	if s := r.text(); s != "" {
		if err := json.Unmarshal([]byte(s), to); err != nil {
			r.fail(err)
		}
	}
}

// storedNotice is what is kept of an event for as long as the event itself: how
// it came in, and what stands at the top of its envelope.
type storedNotice struct {
	router.Notice
	Extra json.RawMessage `json:"extra,omitempty"`
}

// event reads eventColumns, the payload and the raw document.
func (r *row) event(rec *router.Record) (n int64) {
	e, s := &rec.Event, &rec.State
	n = r.number()
	e.ID, e.Source, e.Type, e.Flag, e.Lane = r.text(), r.text(), r.text(), router.Flag(r.text()), r.text()
	e.Seq, e.Received, s.Phase, e.CausedBy, e.Plan = r.number(), r.instant(), router.Phase(r.text()), r.text(), r.text()
	rec.Emptied, rec.Version = r.flag(), r.number()
	if err := router.DecodeState([]byte(r.text()), s); err != nil {
		r.fail(fmt.Errorf("the state of event %s: %w", e.ID, err))
	}
	notice := storedNotice{}
	r.document(&notice)
	e.Notice, e.Extra = notice.Notice, notice.Extra
	e.Attributes, e.Payload, e.Raw = r.raw(), r.raw(), r.blob()
	return n
}

// delivery reads deliveryColumns.
func (r *row) delivery() (d router.Delivery) {
	d.Name, d.To.Plugin, d.To.Action = r.text(), r.text(), r.text()
	r.document(&d.Needs)
	d.Optional, d.Ordered, d.OnFailure = r.flag(), r.flag(), r.flag()
	r.document((*storedPolicy)(&d.Policy))
	d.Lifetime, d.Status, d.Attempts, d.Generation = r.duration(), router.Status(r.text()), r.count(), r.count()
	d.First, d.KeySent, d.Paused, d.PausedAt, d.Due = r.instant(), r.instant(), r.duration(), r.instant(), r.instant()
	d.MayHaveRun, d.Code, d.Public, d.Detail = r.flag(), r.text(), r.text(), r.text()
	d.Input, d.Output = r.raw(), r.raw()
	return d
}

// attempt reads attemptColumns.
func (r *row) attempt() router.AttemptRow {
	return router.AttemptRow{
		Delivery: r.text(), Number: r.count(), Generation: r.count(), Began: r.instant(), Took: r.duration(),
		Outcome: router.OutcomeKind(r.text()), Code: r.text(), Message: r.text(),
	}
}

// pending reads what Due asks for.
func (r *row) pending() router.Pending {
	return router.Pending{ID: r.text(), Lane: r.text(), Seq: r.number(), Due: r.instant(), Hold: router.Hold(r.number())}
}
