package fault

import (
	"context"
	"sync"

	"github.com/signalbox/signalbox/router"
)

// Op names a method of router.Journal.
type Op string

// The methods that can fail on cue. Close never does: it must clean up.
const (
	Accept Op = "accept"
	Apply  Op = "apply"
	Due    Op = "due"
	Find   Op = "find"
	Story  Op = "story"
	Plan   Op = "plan"
	Prune  Op = "prune"
)

// Journal passes calls on to another journal, except those that are to fail.
// Set the hooks before the first call.
type Journal struct {
	// BeforeFn runs before each call is passed on, with the number of that
	// method's calls so far, this one included. It may block, which delays the
	// call; its error is the call's, and the inner journal sees nothing.
	BeforeFn func(ctx context.Context, op Op, n int) error
	// AfterFn runs after each call was passed on and gives the error that the
	// caller sees: what was written can be told as failed.
	AfterFn func(op Op, n int, err error) error

	inner router.Journal
	mu    sync.Mutex
	calls map[Op]int
	cues  map[Op]map[int]error
}

var _ router.Journal = (*Journal)(nil)

// New wraps inner, which Close closes.
func New(inner router.Journal) *Journal {
	return &Journal{inner: inner, calls: map[Op]int{}, cues: map[Op]map[int]error{}}
}

// FailNext makes the next call of op fail with err; nothing is written. Called
// again before that, it makes the one after it fail too.
func (j *Journal) FailNext(op Op, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := j.calls[op] + 1
	for j.cues[op][n] != nil {
		n++
	}
	j.cue(op, n, err)
}

// FailNth makes the n-th call of op from now (1 is the next) fail with err.
func (j *Journal) FailNth(op Op, n int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cue(op, j.calls[op]+n, err)
}

func (j *Journal) cue(op Op, n int, err error) {
	if j.cues[op] == nil {
		j.cues[op] = map[int]error{}
	}
	j.cues[op][n] = err
}

// Calls returns how often op was called, failures included.
func (j *Journal) Calls(op Op) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.calls[op]
}

// call counts a call and lets the cues, then the hooks, decide its fate.
func (j *Journal) call(ctx context.Context, op Op, pass func() error) error {
	j.mu.Lock()
	j.calls[op]++
	n := j.calls[op]
	err := j.cues[op][n]
	delete(j.cues[op], n)
	j.mu.Unlock()
	if err != nil {
		return err
	}
	if j.BeforeFn != nil {
		if err := j.BeforeFn(ctx, op, n); err != nil {
			return err
		}
	}
	err = pass()
	if j.AfterFn != nil {
		err = j.AfterFn(op, n, err)
	}
	return err
}

// Accept is router.Journal's.
func (j *Journal) Accept(ctx context.Context, e *router.Event, s *router.State) (existing *router.Record, err error) {
	err = j.call(ctx, Accept, func() (err error) {
		existing, err = j.inner.Accept(ctx, e, s)
		return err
	})
	return existing, err
}

// Apply is router.Journal's.
func (j *Journal) Apply(ctx context.Context, c router.Change) error {
	return j.call(ctx, Apply, func() error { return j.inner.Apply(ctx, c) })
}

// Due is router.Journal's.
func (j *Journal) Due(ctx context.Context, after int64, limit int) (due []router.Pending, err error) {
	err = j.call(ctx, Due, func() (err error) {
		due, err = j.inner.Due(ctx, after, limit)
		return err
	})
	return due, err
}

// Find is router.Journal's.
func (j *Journal) Find(ctx context.Context, q router.Query) (found []router.Record, err error) {
	err = j.call(ctx, Find, func() (err error) {
		found, err = j.inner.Find(ctx, q)
		return err
	})
	return found, err
}

// Story is router.Journal's.
func (j *Journal) Story(ctx context.Context, id string) (story *router.Story, err error) {
	err = j.call(ctx, Story, func() (err error) {
		story, err = j.inner.Story(ctx, id)
		return err
	})
	return story, err
}

// Plan is router.Journal's.
func (j *Journal) Plan(ctx context.Context, digest string) (content []byte, err error) {
	err = j.call(ctx, Plan, func() (err error) {
		content, err = j.inner.Plan(ctx, digest)
		return err
	})
	return content, err
}

// Prune is router.Journal's.
func (j *Journal) Prune(ctx context.Context, r router.Retention, limit int) (pruned router.Pruned, err error) {
	err = j.call(ctx, Prune, func() (err error) {
		pruned, err = j.inner.Prune(ctx, r, limit)
		return err
	})
	return pruned, err
}

// Close is router.Journal's.
func (j *Journal) Close() error { return j.inner.Close() }
