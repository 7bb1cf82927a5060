package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
)

// errTaken: an event of this id or key is there already.
var errTaken = errors.New("an event of this id or key is there already")

// statement names one of the writer's prepared statements.
type statement int

const (
	insertEvent statement = iota
	insertDocuments
	insertDelivery
	putDelivery
	addAttempt
	advance
	setState
	setStateLazily
	checkVersion
	setPlace
	releaseKey
	fillEvent
	fillDocuments
	putPlan
	deleteEvents
	keepNotices
	emptyDeliveries
	deleteDocuments
	prunePlans
	vacuum
	begin
	commit
	rollback
	savepoint
	rollbackTo
	release
	statementCount
)

const (
	// eventNumber turns an event's id into its row's number.
	eventNumber = "(SELECT n FROM events WHERE id = ?)"
	// listed are the values of a JSON list.
	listed         = "(SELECT value FROM json_each(?))"
	deliveryValues = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
)

// statements are in the order of the constants. None of those that run for
// every event is an INSERT OR REPLACE or an INSERT … SELECT: SQLite keeps a
// journal of its own for such a statement, in case it fails half-way, and that
// took a fifth of the writer's time. last_insert_rowid() is the number of the
// event that the same request has just inserted: documents have the same
// number, and the other tables have none.
func statements() [statementCount]string {
	return [statementCount]string{
		insertEvent: `INSERT INTO events (id, source, key, type, flag, lane, seq, received, phase, finished, due, holds, caused_by, plan, version, state)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING`,
		insertDocuments: `INSERT INTO documents (event, notice, attributes, payload, raw) VALUES (last_insert_rowid(), ?, ?, ?, ?)`,
		insertDelivery: `INSERT INTO deliveries (event, ord, ` + deliveryColumns + `)
			VALUES (last_insert_rowid(), ` + deliveryValues + `)`,
		putDelivery: `INSERT INTO deliveries (event, ord, ` + deliveryColumns + `)
			VALUES (` + eventNumber + `, ` + deliveryValues + `)
			ON CONFLICT (event, ord) DO UPDATE SET (` + deliveryColumns + `) = (` + excluded(deliveryColumns) + `)`,
		addAttempt: `INSERT INTO attempts (event, ord, ` + attemptColumns + `) VALUES (` + eventNumber + `,
			(SELECT coalesce(max(ord), 0) + 1 FROM attempts WHERE event = ` + eventNumber + `), ?, ?, ?, ?, ?, ?, ?, ?)`,
		advance:        `UPDATE events SET version = version + 1 WHERE id = ? AND version = ?`,
		setState:       `UPDATE events SET version = version + 1, phase = ?, finished = ?, due = ?, holds = ?, state = ? WHERE id = ? AND version = ?`,
		setStateLazily: `UPDATE events SET phase = ?, finished = ?, due = ?, holds = ?, state = ? WHERE id = ? AND version = ?`,
		checkVersion:   `UPDATE events SET version = version WHERE id = ? AND version = ?`,
		setPlace:       `UPDATE events SET seq = ? WHERE id = ?`,
		releaseKey:     `UPDATE events SET key = NULL WHERE id = ?`,
		fillEvent:      `UPDATE events SET key = CASE WHEN ? THEN key END, type = ?, flag = ?, lane = ?, seq = ?, plan = ? WHERE id = ?`,
		fillDocuments:  `UPDATE documents SET notice = ?, attributes = ?, payload = ?, raw = ? WHERE event = ` + eventNumber,
		putPlan:        `INSERT INTO plans (digest, content, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		deleteEvents:   `DELETE FROM events WHERE n IN ` + listed + ` AND finished > 0 AND finished < ?`,
		keepNotices: `UPDATE events SET version = version + 1, notice = (SELECT notice FROM documents WHERE event = n)
			WHERE n IN ` + listed + ` AND finished > 0 AND EXISTS (SELECT 1 FROM documents WHERE event = n)`,
		emptyDeliveries: `UPDATE deliveries SET input = '', output = '' WHERE event IN (SELECT n FROM events WHERE n IN ` + listed + ` AND finished > 0)`,
		deleteDocuments: `DELETE FROM documents WHERE event IN (SELECT n FROM events WHERE n IN ` + listed + ` AND finished > 0)`,
		prunePlans:      `DELETE FROM plans WHERE digest NOT IN ` + listed + ` AND NOT EXISTS (SELECT 1 FROM events WHERE plan = digest)`,
		vacuum:          `PRAGMA incremental_vacuum(` + strconv.Itoa(vacuumPages) + `)`,
		begin:           `BEGIN IMMEDIATE`,
		commit:          `COMMIT`,
		rollback:        `ROLLBACK`,
		savepoint:       `SAVEPOINT one`,
		rollbackTo:      `ROLLBACK TO one`,
		release:         `RELEASE one`,
	}
}

// excluded names the columns of the row that could not be inserted.
func excluded(columns string) string {
	names := strings.Split(columns, ",")
	for i := range names {
		names[i] = "excluded." + strings.TrimSpace(names[i])
	}
	return strings.Join(names, ", ")
}

// step is one statement of a request. If it changes no row and unmet is not
// nil, the request fails with unmet.
type step struct {
	statement statement
	args      []driver.NamedValue
	unmet     error
	changed   int64 // rows, once it is done
}

func do(s statement, values ...any) step {
	args := make([]driver.NamedValue, len(values))
	for i, v := range values {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return step{statement: s, args: args}
}

func (s step) orElse(unmet error) step {
	s.unmet = unmet
	return s
}

// encoder turns what is to be written into steps, in the caller's goroutine:
// the writer's is the scarce one, and once the caller is gone nothing of the
// caller's may be read any more. The first error ends it.
type encoder struct {
	steps []step
	err   error
}

// insert adds an event with its deliveries.
func (w *encoder) insert(e *router.Event, s *router.State) {
	var key any
	if k := e.Key(); k != "" {
		key = k
	}
	w.steps = append(w.steps,
		do(insertEvent, e.ID, e.Source, key, e.Type, string(e.Flag), e.Lane, e.Seq, nanos(e.Received),
			string(s.Phase), finished(s), nanos(s.Resumes()), int64(s.Hold()), e.CausedBy, e.Plan, w.state(s)).orElse(errTaken),
		do(insertDocuments, w.json(storedNotice{e.Notice, e.Extra}), string(e.Attributes), string(e.Payload), e.Raw))
	for i := range s.Deliveries {
		w.steps = append(w.steps, do(insertDelivery, w.delivery(i, &s.Deliveries[i])...))
	}
}

// change adds what Apply writes. The check of the version comes first, so that
// a conflict has written nothing.
func (w *encoder) change(c *router.Change) {
	if c.Event != "" {
		w.version(c)
	}
	if e := c.Fetched; e != nil {
		w.steps = append(w.steps,
			do(fillEvent, flag(e.Key() != ""), e.Type, string(e.Flag), e.Lane, e.Seq, e.Plan, c.Event),
			do(fillDocuments, w.json(storedNotice{e.Notice, e.Extra}), string(e.Attributes), string(e.Payload), e.Raw, c.Event))
	}
	if c.Seq != 0 {
		w.steps = append(w.steps, do(setPlace, c.Seq, c.Event))
	}
	if c.ReleaseKey {
		w.steps = append(w.steps, do(releaseKey, c.Event))
	}
	for _, i := range c.Deliveries {
		if c.State == nil || i < 0 || i >= len(c.State.Deliveries) {
			w.err = fmt.Errorf("the change names delivery %d, which its state lacks", i)
			return
		}
		w.steps = append(w.steps, do(putDelivery, append([]any{c.Event}, w.delivery(i, &c.State.Deliveries[i])...)...))
	}
	for i := range c.Attempts {
		a := &c.Attempts[i]
		w.steps = append(w.steps, do(addAttempt, c.Event, c.Event, a.Delivery, int64(a.Number), int64(a.Generation),
			nanos(a.Began), int64(a.Took), string(a.Outcome), a.Code, a.Message))
	}
	for i := range c.Caused {
		w.insert(&c.Caused[i].Event, &c.Caused[i].State)
	}
	if c.PlanDigest != "" {
		w.steps = append(w.steps, do(putPlan, c.PlanDigest, notNil(c.Plan), time.Now().UnixNano()))
	}
}

// version checks the event's version, and writes the state where there is one.
func (w *encoder) version(c *router.Change) {
	s := c.State
	check := advance
	switch {
	case c.Lazy && s == nil:
		check = checkVersion
	case c.Lazy:
		check = setStateLazily
	case s != nil:
		check = setState
	}
	first := do(check, c.Event, c.Version)
	if s != nil {
		first = do(check, string(s.Phase), finished(s), nanos(s.Resumes()), int64(s.Hold()), w.state(s), c.Event, c.Version)
	}
	w.steps = append(w.steps, first.orElse(router.ErrConflict))
}

// delivery gives the values of a delivery's row, from ord on.
func (w *encoder) delivery(ord int, d *router.Delivery) []any {
	needs := ""
	if len(d.Needs) > 0 {
		needs = w.json(d.Needs)
	}
	return []any{
		int64(ord), d.Name, d.To.Plugin, d.To.Action, needs, flag(d.Optional), flag(d.Ordered), flag(d.OnFailure),
		w.json(storedPolicy(d.Policy)), int64(d.Lifetime), string(d.Status), int64(d.Attempts), int64(d.Generation),
		nanos(d.First), nanos(d.KeySent), int64(d.Paused), nanos(d.PausedAt), nanos(d.Due), flag(d.MayHaveRun),
		d.Code, d.Public, d.Detail, string(d.Input), string(d.Output),
	}
}

// storedPolicy is the stored form of a router.Policy; durations are in
// nanoseconds.
type storedPolicy struct {
	Attempts int           `json:"attempts,omitempty"`
	Initial  time.Duration `json:"initial,omitempty"`
	Max      time.Duration `json:"max,omitempty"`
	Within   time.Duration `json:"within,omitempty"`
	Timeout  time.Duration `json:"timeout,omitempty"`
}

func (w *encoder) json(v any) string {
	b, err := json.Marshal(v)
	return w.text(b, err)
}

func (w *encoder) state(s *router.State) string {
	b, err := router.EncodeState(s)
	return w.text(b, err)
}

func (w *encoder) text(b []byte, err error) string {
	if err != nil && w.err == nil {
		w.err = err
	}
	return string(b)
}

// nanos is the stored form of a time; years 1678 to 2261 fit.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// finished is the stored form of since when a state is finished. 1 stands for a
// time that is not recorded: long ago.
func finished(s *router.State) int64 {
	if !s.Finished() {
		return 0
	}
	return max(nanos(s.Ended), 1)
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// notNil: the driver stores nil as NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
