package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/signalbox/signalbox/router"
)

// The columns in the order in which encode.go writes and this file reads them.
const (
	eventColumns = `e.n, e.id, e.source, e.type, e.flag, e.lane, e.seq, e.received, e.phase, e.caused_by, e.plan,
		e.version, e.state, d.notice, d.attributes`
	deliveryColumns = `name, plugin, action, needs, optional, ordered, on_failure, policy, lifetime, status, attempts,
		generation, first, key_sent, paused, paused_at, due, may_have_run, code, public, detail, input, output`
	attemptColumns = `delivery, number, generation, began, took, outcome, code, message`
)

// instant reads a time that nanos has written.
type instant struct{ to *time.Time }

// Scan is sql.Scanner's.
func (i instant) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T", v)
	}
	*i.to = time.Time{}
	if n != 0 {
		*i.to = time.Unix(0, n).UTC()
	}
	return nil
}

// document reads JSON text into a value; "" leaves it as it is.
type document struct{ to any }

// Scan is sql.Scanner's.
func (d document) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("a document is stored as %T", v)
	}
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), d.to)
}

// raw reads JSON text as it is; "" is nil.
type raw struct{ to *json.RawMessage }

// Scan is sql.Scanner's.
func (r raw) Scan(v any) error {
	if s, ok := v.(string); ok && s != "" {
		*r.to = json.RawMessage(s)
	}
	return nil
}

func scanEvent(rows *sql.Rows, r *router.Record) (n int64, err error) {
	e, s := &r.Event, &r.State
	var state []byte
	err = rows.Scan(&n, &e.ID, &e.Source, &e.Type, &e.Flag, &e.Lane, &e.Seq, instant{&e.Received}, &s.Phase, &e.CausedBy,
		&e.Plan, &r.Version, &state, document{&e.Notice}, raw{&e.Attributes}, raw{&e.Payload}, &e.Raw)
	if err != nil {
		return 0, err
	}
	if err := router.DecodeState(state, s); err != nil {
		return 0, fmt.Errorf("the state of event %s: %w", e.ID, err)
	}
	return n, nil
}

func scanDelivery(rows *sql.Rows, d *router.Delivery) (event int64, err error) {
	err = rows.Scan(&event, &d.Name, &d.To.Plugin, &d.To.Action, document{&d.Needs}, &d.Optional, &d.Ordered, &d.OnFailure,
		document{(*storedPolicy)(&d.Policy)}, &d.Lifetime, &d.Status, &d.Attempts, &d.Generation, instant{&d.First},
		instant{&d.KeySent}, &d.Paused, instant{&d.PausedAt}, instant{&d.Due}, &d.MayHaveRun, &d.Code, &d.Public,
		&d.Detail, raw{&d.Input}, raw{&d.Output})
	return event, err
}

func readAttempts(query queryFunc, id string) ([]router.AttemptRow, error) {
	rows, err := query("SELECT "+attemptColumns+" FROM attempts WHERE event = "+eventNumber+" ORDER BY ord", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []router.AttemptRow
	for rows.Next() {
		var a router.AttemptRow
		if err := rows.Scan(&a.Delivery, &a.Number, &a.Generation, instant{&a.Began}, &a.Took, &a.Outcome, &a.Code, &a.Message); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// readCaused returns the ids of the failure events that an event has caused,
// in the order of their acceptance.
func readPending(query queryFunc, text string, after int64) ([]router.Pending, error) {
	rows, err := query(text, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []router.Pending
	for rows.Next() {
		var p router.Pending
		if err := rows.Scan(&p.ID, &p.Lane, &p.Seq, instant{&p.Due}, &p.HoldsLane); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func readCaused(query queryFunc, id string) ([]string, error) {
	rows, err := query("SELECT id FROM events WHERE caused_by = ? AND caused_by <> '' ORDER BY n", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var caused string
		if err := rows.Scan(&caused); err != nil {
			return nil, err
		}
		list = append(list, caused)
	}
	return list, rows.Err()
}
