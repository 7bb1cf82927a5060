package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/signalbox/signalbox/router"
)

// vacuumPages is how many pages a step of Prune moves at most to give their
// room back to the file system: what its events have had, mostly, and as long in
// the making as their deletion.
const vacuumPages = 32

// Prune is router.Journal's. A reader chooses what goes, so that the writer,
// for whom others wait, looks for nothing; the writer only checks that it is
// still finished, and not just now. The WAL, which is bounded, does not count as
// used.
//
// Emptying deletes the row of documents, whose pages so come free, and moves the
// notice, which answers need, to the event's row.
func (j *Journal) Prune(ctx context.Context, r router.Retention, limit int) (router.Pruned, error) {
	var c chosen
	err := j.read.view(ctx, func(query queryFunc) error { return c.choose(query, r, max(limit, 0)) })
	if err != nil {
		return router.Pruned{}, fmt.Errorf("pruning the journal: %w", err)
	}
	plans, err := json.Marshal(append([]string{}, r.KeepPlans...)) // a list, though it may be empty
	if err != nil {
		return router.Pruned{}, fmt.Errorf("pruning the journal: %w", err)
	}
	empty := listOf(c.empty)
	enc := encoder{steps: []step{
		do(deleteEvents, listOf(c.delete), spareSince(r)),
		do(keepNotices, empty), do(emptyDeliveries, empty), do(deleteDocuments, empty),
		do(prunePlans, string(plans)), do(vacuum),
	}}
	err = j.submit(ctx, &enc)
	var left chosen
	if err == nil {
		err = j.read.view(ctx, left.measure)
	}
	if err != nil {
		return router.Pruned{}, fmt.Errorf("pruning the journal: %w", err)
	}
	return router.Pruned{
		Deleted: int(enc.steps[0].changed), Emptied: int(enc.steps[1].changed), Used: left.used,
		More: limit > 0 && len(c.delete)+len(c.empty) == limit || left.free > 0,
	}, nil
}

// chosen are the events that a step of Prune deletes and empties, by their
// rows' numbers, and the bytes that are in use and free.
type chosen struct {
	delete, empty []int64
	used, free    int64
}

func (c *chosen) choose(query queryFunc, r router.Retention, limit int) error {
	if err := c.measure(query); err != nil {
		return err
	}
	before := r.Before
	if r.MaxBytes > 0 && c.used > r.MaxBytes && r.SpareSince.After(before) {
		before = r.SpareSince
	}
	if !before.IsZero() {
		if err := chooseInto(&c.delete, query, deletable, limit, nanos(before), spareSince(r)); err != nil {
			return err
		}
	}
	if !r.PayloadBefore.After(before) {
		return nil // they are deleted, or will be
	}
	return chooseInto(&c.empty, query, emptiable, limit-len(c.delete), nanos(r.PayloadBefore))
}

// spareSince is what the column finished must be below to go.
func spareSince(r router.Retention) int64 {
	if r.SpareSince.IsZero() {
		return math.MaxInt64
	}
	return nanos(r.SpareSince)
}

const (
	deletable = "SELECT n FROM events WHERE received < ?1 AND finished > 0 AND finished < ?2 ORDER BY received"
	// emptiable goes by documents: those that are left, in the order of
	// acceptance, which is nearly that of receipt, up to the last that can be old
	// enough.
	emptiable = `SELECT n FROM documents CROSS JOIN events ON n = event
		WHERE event <= (SELECT n FROM events WHERE received < ?1 ORDER BY received DESC LIMIT 1)
		AND finished > 0 AND received < ?1 ORDER BY event`
)

func chooseInto(list *[]int64, query queryFunc, text string, limit int, args ...any) error {
	if limit <= 0 {
		return nil
	}
	return query(text+atMost(limit), func(r *row) error {
		*list = append(*list, r.number())
		return nil
	}, args...)
}

func (c *chosen) measure(query queryFunc) error {
	const text = `SELECT (page_count - freelist_count) * page_size, freelist_count * page_size
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`
	return query(text, func(r *row) error {
		c.used, c.free = r.number(), r.number()
		return nil
	})
}
