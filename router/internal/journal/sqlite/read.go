package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// findLimit is how many records Find returns where the query does not say.
const findLimit = 100

// Due is router.Journal's.
func (j *Journal) Due(ctx context.Context, after int64, limit int) (found []router.Pending, err error) {
	text := pendingText(limit)
	err = j.read.view(ctx, func(query queryFunc) error {
		found, err = readPending(query, text, after)
		return err
	}, text)
	return found, err
}

func pendingText(limit int) string {
	return "SELECT id, lane, seq, due, holds FROM events WHERE finished = 0 AND seq > ? ORDER BY seq" + atMost(max(limit, 0))
}

// Find is router.Journal's. Newest is what was accepted last. Since is
// inclusive, Until exclusive.
func (j *Journal) Find(ctx context.Context, q router.Query) ([]router.Record, error) {
	if q.Source != "" && q.Key != "" {
		if there, err := j.read.exists(ctx, keyHeld, q.Source, q.Key); err != nil || !there {
			return nil, err
		}
	}
	return j.list(ctx, selectionOf(q))
}

// keyHeld finds the event that holds a key.
const keyHeld = "SELECT 1 FROM events WHERE source = ? AND key = ?"

func (j *Journal) list(ctx context.Context, s selection) (found []router.Record, err error) {
	err = j.read.view(ctx, func(query queryFunc) error {
		found, err = s.records(query)
		return err
	}, s.text(), deliveriesText)
	return found, err
}

// Story is router.Journal's.
func (j *Journal) Story(ctx context.Context, id string) (*router.Story, error) {
	var story router.Story
	event := selectionOf(router.Query{ID: id})
	err := j.read.view(ctx, func(query queryFunc) error {
		found, err := event.records(query)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("event %s: %w", id, router.ErrNotFound)
		}
		story.Record = found[0]
		if story.Attempts, err = readAttempts(query, id); err != nil {
			return err
		}
		story.Caused, err = readCaused(query, id)
		return err
	}, event.text(), deliveriesText)
	if err != nil {
		return nil, err
	}
	return &story, nil
}

// Plan is router.Journal's.
func (j *Journal) Plan(ctx context.Context, digest string) (content []byte, err error) {
	err = j.read.view(ctx, func(query queryFunc) error {
		rows, err := query("SELECT content FROM plans WHERE digest = ?", digest)
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() {
			return cmp.Or(rows.Err(), fmt.Errorf("plan %s: %w", digest, router.ErrNotFound))
		}
		return rows.Scan(&content)
	})
	return content, err
}

// selection is a query for records: what follows FROM, and its arguments.
type selection struct {
	where string
	args  []any
	bare  bool
}

func selectionOf(q router.Query) selection {
	s := selection{bare: q.Bare}
	var terms []string
	add := func(term string, args ...any) {
		terms = append(terms, term)
		s.args = append(s.args, args...)
	}
	text := func(column, value string) {
		if value != "" {
			add(column+" = ?", value)
		}
	}
	text("e.id", q.ID)
	text("e.source", q.Source)
	text("e.key", q.Key)
	text("e.type", q.Type)
	text("e.lane", q.Lane)
	text("e.phase", string(q.Phase))
	switch q.Phase {
	case router.Noticed, router.Open, router.Held:
		q.Unfinished = true // always so, and the index knows only that
	}
	if q.Unfinished {
		add("e.finished = 0")
	}
	if !q.Since.IsZero() {
		add("e.received >= ?", nanos(q.Since))
	}
	if !q.Until.IsZero() {
		add("e.received < ?", nanos(q.Until))
	}
	if q.Before != "" {
		add("e.n < "+eventNumber, q.Before)
	}
	if len(terms) > 0 {
		s.where = " WHERE " + strings.Join(terms, " AND ")
	}
	if q.Limit <= 0 {
		q.Limit = findLimit
	}
	s.where += " ORDER BY e.n DESC" + atMost(q.Limit)
	return s
}

// atMost is no parameter: SQLite prepares a statement anew whenever its LIMIT
// is bound, which took two thirds of a look-up.
func atMost(limit int) string { return " LIMIT " + strconv.Itoa(limit) }

func (s selection) text() string {
	columns := eventColumns + ", d.payload, d.raw"
	if s.bare {
		columns = eventColumns + ", '', NULL"
	}
	// CROSS keeps the order of the join: the events' indexes select.
	return "SELECT " + columns + " FROM events e CROSS JOIN documents d ON d.event = e.n" + s.where
}

// records reads the events selected, and then their deliveries.
func (s selection) records(query queryFunc) ([]router.Record, error) {
	rows, err := query(s.text(), s.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []router.Record
	var numbers []int64
	for rows.Next() {
		found = append(found, router.Record{})
		n, err := scanEvent(rows, &found[len(found)-1])
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if s.bare || len(found) == 0 {
		return found, nil
	}
	return found, readDeliveries(query, found, numbers)
}

const deliveriesText = "SELECT event, " + deliveryColumns +
	" FROM deliveries WHERE event IN (SELECT value FROM json_each(?)) ORDER BY event, ord"

// readDeliveries fills in the deliveries of the events of these numbers.
func readDeliveries(query queryFunc, found []router.Record, numbers []int64) error {
	at := make(map[int64]*router.State, len(found))
	for i, n := range numbers {
		at[n] = &found[i].State
	}
	list, err := json.Marshal(numbers)
	if err != nil {
		return err
	}
	rows, err := query(deliveriesText, string(list))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var d router.Delivery
		n, err := scanDelivery(rows, &d)
		if err != nil {
			return err
		}
		at[n].Deliveries = append(at[n].Deliveries, d)
	}
	return rows.Err()
}
