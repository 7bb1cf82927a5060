package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// findLimit is how many records Find returns where the query does not say.
const findLimit = 100

// Due is router.Journal's.
func (j *Journal) Due(ctx context.Context, after int64, limit int) (found []router.Pending, err error) {
	err = j.read.view(ctx, func(query queryFunc) error {
		return query(pendingText(limit), func(r *row) error {
			found = append(found, r.pending())
			return nil
		}, after)
	})
	return found, err
}

func pendingText(limit int) string {
	return "SELECT id, lane, seq, due, holds FROM events WHERE finished = 0 AND seq > ? ORDER BY seq" + atMost(max(limit, 0))
}

// Find is router.Journal's. Newest is what was accepted last. Since is
// inclusive, Until exclusive.
func (j *Journal) Find(ctx context.Context, q router.Query) (found []router.Record, err error) {
	if q.Source != "" && q.Key != "" {
		if there, err := j.read.exists(ctx, keyHeld, q.Source, q.Key); err != nil || !there {
			return nil, err
		}
	}
	s := selectionOf(q)
	err = j.read.view(ctx, func(query queryFunc) error {
		found, err = s.records(query)
		return err
	})
	return found, err
}

// keyHeld finds the event that holds a key.
const keyHeld = "SELECT 1 FROM events WHERE source = ? AND key = ?"

// Story is router.Journal's.
func (j *Journal) Story(ctx context.Context, id string) (*router.Story, error) {
	var story router.Story
	err := j.read.view(ctx, func(query queryFunc) error {
		found, err := selectionOf(router.Query{ID: id}).records(query)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("event %s: %w", id, router.ErrNotFound)
		}
		story.Record = found[0]
		err = query("SELECT "+attemptColumns+" FROM attempts WHERE event = "+eventNumber+" ORDER BY ord", func(r *row) error {
			story.Attempts = append(story.Attempts, r.attempt())
			return nil
		}, id)
		if err != nil {
			return err
		}
		return query("SELECT id FROM events WHERE caused_by = ? AND caused_by <> '' ORDER BY n", func(r *row) error {
			story.Caused = append(story.Caused, r.text())
			return nil
		}, id)
	})
	if err != nil {
		return nil, err
	}
	return &story, nil
}

// Plan is router.Journal's.
func (j *Journal) Plan(ctx context.Context, digest string) (content []byte, err error) {
	known := false
	err = j.read.view(ctx, func(query queryFunc) error {
		return query("SELECT content FROM plans WHERE digest = ?", func(r *row) error {
			content, known = r.blob(), true
			return nil
		}, digest)
	})
	if err == nil && !known {
		err = fmt.Errorf("plan %s: %w", digest, router.ErrNotFound)
	}
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
	switch {
	case q.Source == router.SourceSelf:
		add("e.source = '" + router.SourceSelf + "'") // as the index has it
	case q.Key == "":
		text("+e.source", q.Source) // not by the index of keys, which has no order
	default:
		text("e.source", q.Source)
	}
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
	return "SELECT " + columns + " FROM events e LEFT JOIN documents d ON d.event = e.n" + s.where
}

// records reads the events selected, and then their deliveries.
func (s selection) records(query queryFunc) ([]router.Record, error) {
	var found []router.Record
	var numbers []int64
	err := query(s.text(), func(r *row) error {
		found = append(found, router.Record{})
		numbers = append(numbers, r.event(&found[len(found)-1]))
		return nil
	}, s.args...)
	if err != nil {
		return nil, err
	}
	if s.bare || len(found) == 0 {
		return found, nil
	}
	return found, readDeliveries(query, found, numbers)
}

const deliveriesText = "SELECT event, " + deliveryColumns + " FROM deliveries WHERE event IN " + listed + " ORDER BY event, ord"

// readDeliveries fills in the deliveries of the events of these numbers.
func readDeliveries(query queryFunc, found []router.Record, numbers []int64) error {
	at := make(map[int64]*router.State, len(found))
	for i, n := range numbers {
		at[n] = &found[i].State
	}
	return query(deliveriesText, func(r *row) error {
		s := at[r.number()]
		s.Deliveries = append(s.Deliveries, r.delivery())
		return nil
	}, listOf(numbers))
}

// listOf is the JSON list that listed reads.
func listOf(numbers []int64) string {
	b := []byte{'['}
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, ']'))
}
