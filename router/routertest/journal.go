package routertest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/signalbox/signalbox/router"
)

// Journal keeps everything in memory, by the contract of router.Journal. It
// outlives the Routers that use it, which is how a test restarts one.
type Journal struct {
	mu      sync.Mutex
	accept  func(*router.Event) error
	apply   func(router.Change) error
	find    func(router.Query) error
	records map[string]*router.Story
	keys    map[string]string // source and key → event id
	plans   map[string][]byte
	flushes int
}

// NewJournal makes an empty journal.
func NewJournal() *Journal {
	return &Journal{records: map[string]*router.Story{}, keys: map[string]string{}, plans: map[string][]byte{}}
}

// OnAccept has f asked before an Accept does its work: its error is the
// method's own. nil asks nobody.
func (j *Journal) OnAccept(f func(*router.Event) error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.accept = f
}

// OnApply is OnAccept for Apply.
func (j *Journal) OnApply(f func(router.Change) error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.apply = f
}

// OnFind is OnAccept for Find.
func (j *Journal) OnFind(f func(router.Query) error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.find = f
}

// Flushes counts the writes that somebody waited for.
func (j *Journal) Flushes() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.flushes
}

func (j *Journal) Accept(_ context.Context, e *router.Event, s *router.State) (*router.Record, error) {
	j.mu.Lock()
	hook := j.accept
	j.mu.Unlock()
	if hook != nil {
		if err := hook(e); err != nil {
			return nil, err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if k := e.Key(); k != "" {
		if id, ok := j.keys[e.Source+"|"+k]; ok {
			rec := copyRecord(&j.records[id].Record)
			return &rec, nil
		}
	}
	j.flushes++
	j.insert(&router.Record{Event: *e, State: *s, Version: 1})
	return nil, nil
}

func (j *Journal) insert(rec *router.Record) {
	r := copyRecord(rec)
	r.State.Live, r.State.Turn = false, false
	j.records[rec.Event.ID] = &router.Story{Record: r}
	if k := rec.Event.Key(); k != "" {
		j.keys[rec.Event.Source+"|"+k] = rec.Event.ID
	}
}

func (j *Journal) Apply(_ context.Context, c router.Change) error {
	j.mu.Lock()
	hook := j.apply
	j.mu.Unlock()
	if hook != nil {
		if err := hook(c); err != nil {
			if c.Lazy {
				return nil
			}
			return err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if c.PlanDigest != "" {
		j.plans[c.PlanDigest] = c.Plan
	}
	if c.Event == "" {
		return nil
	}
	story := j.records[c.Event]
	if story == nil || story.Version != c.Version {
		return router.ErrConflict
	}
	if c.State != nil {
		had := story.State.Deliveries
		story.State = copyRecord(&router.Record{State: *c.State}).State
		story.State.Live, story.State.Turn = false, false
		story.State.Deliveries = had
		for _, i := range c.Deliveries { // of a state's deliveries only those named are written
			for len(story.State.Deliveries) <= i {
				story.State.Deliveries = append(story.State.Deliveries, router.Delivery{})
			}
			story.State.Deliveries[i] = c.State.Deliveries[i]
		}
	}
	if c.Fetched != nil {
		story.Event = *c.Fetched
	}
	if c.Seq != 0 {
		story.Event.Seq = c.Seq
	}
	if k := story.Event.Notice.Key; c.ReleaseKey && k != "" {
		delete(j.keys, story.Event.Source+"|"+k)
	}
	story.Attempts = append(story.Attempts, c.Attempts...)
	for i := range c.Caused {
		j.insert(&c.Caused[i])
		story.Caused = append(story.Caused, c.Caused[i].Event.ID)
	}
	if !c.Lazy {
		story.Version++
		j.flushes++
	}
	return nil
}

func (j *Journal) Due(_ context.Context, after int64, limit int) ([]router.Pending, error) {
	var out []router.Pending
	for _, r := range j.list(limit, func(a, b *router.Record) int { return cmp.Compare(a.Event.Seq, b.Event.Seq) },
		func(r *router.Record) bool { return r.Event.Seq > after && !r.State.Finished() }) {
		out = append(out, router.Pending{ID: r.Event.ID, Lane: r.Event.Lane, Seq: r.Event.Seq, Due: r.State.Resumes(), Hold: r.State.Hold()})
	}
	return out, nil
}

func (j *Journal) Find(_ context.Context, q router.Query) ([]router.Record, error) {
	j.mu.Lock()
	hook := j.find
	j.mu.Unlock()
	if hook != nil {
		if err := hook(q); err != nil {
			return nil, err
		}
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	newest := func(a, b *router.Record) int { return cmp.Compare(b.Event.ID, a.Event.ID) }
	return j.list(q.Limit, newest, func(r *router.Record) bool {
		e := &r.Event
		return (q.ID == "" || e.ID == q.ID) && (q.Source == "" || e.Source == q.Source) &&
			(q.Key == "" || j.keys[e.Source+"|"+q.Key] == e.ID) && (q.Type == "" || e.Type == q.Type) &&
			(q.Lane == "" || e.Lane == q.Lane) && (q.Phase == "" || r.State.Phase == q.Phase) &&
			(!q.Unfinished || !r.State.Finished()) && (q.Before == "" || e.ID < q.Before) &&
			(q.Since.IsZero() || !e.Received.Before(q.Since)) && (q.Until.IsZero() || e.Received.Before(q.Until))
	}), nil
}

func (j *Journal) list(limit int, order func(a, b *router.Record) int, want func(*router.Record) bool) []router.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []router.Record
	for _, s := range j.records {
		if want(&s.Record) {
			out = append(out, copyRecord(&s.Record))
		}
	}
	slices.SortFunc(out, func(a, b router.Record) int { return order(&a, &b) })
	return out[:min(limit, len(out))]
}

func (j *Journal) Story(_ context.Context, id string) (*router.Story, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.records[id]
	if s == nil {
		return nil, router.ErrNotFound
	}
	return &router.Story{Record: copyRecord(&s.Record), Attempts: slices.Clone(s.Attempts), Caused: slices.Clone(s.Caused)}, nil
}

func (j *Journal) Plan(_ context.Context, digest string) ([]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	p, ok := j.plans[digest]
	if !ok {
		return nil, router.ErrNotFound
	}
	return p, nil
}

func (j *Journal) Prune(_ context.Context, r router.Retention, limit int) (router.Pruned, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var done router.Pruned
	bound := r.Before
	if r.MaxBytes > 0 && j.used() > r.MaxBytes && r.SpareSince.After(bound) {
		bound = r.SpareSince
	}
	for _, s := range j.finished(bound, r.SpareSince, limit) {
		if !s.Event.Received.Before(r.Before) && j.used() <= r.MaxBytes {
			break
		}
		delete(j.records, s.Event.ID)
		if k := s.Event.Source + "|" + s.Event.Key(); j.keys[k] == s.Event.ID {
			delete(j.keys, k)
		}
		done.Deleted++
	}
	for _, s := range j.finished(r.PayloadBefore, time.Time{}, len(j.records)) {
		if s.Emptied || done.Deleted+done.Emptied >= limit {
			continue
		}
		s.Record = copyRecord(&s.Record)
		s.Event.Payload, s.Event.Attributes, s.Event.Raw = nil, nil, nil
		for i := range s.State.Deliveries {
			s.State.Deliveries[i].Input, s.State.Deliveries[i].Output = nil, nil
		}
		s.Emptied = true
		s.Version++
		done.Emptied++
	}
	named := map[string]bool{}
	for _, digest := range r.KeepPlans {
		named[digest] = true
	}
	for _, s := range j.records {
		named[s.Event.Plan] = true
	}
	maps.DeleteFunc(j.plans, func(digest string, _ []byte) bool { return !named[digest] })
	done.Used = j.used()
	done.More = limit > 0 && done.Deleted+done.Emptied == limit
	return done, nil
}

// finished returns the finished events received before a time, and not finished
// since another, the oldest first.
func (j *Journal) finished(before, spare time.Time, limit int) []*router.Story {
	var out []*router.Story
	for _, s := range j.records {
		if s.State.Finished() && s.Event.Received.Before(before) && (spare.IsZero() || s.State.Ended.Before(spare)) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *router.Story) int { return a.Event.Received.Compare(b.Event.Received) })
	return out[:min(limit, len(out))]
}

// used is what the records would take up somewhere.
func (j *Journal) used() int64 {
	const row = 500 // what is there beside the documents
	n := 0
	for _, s := range j.records {
		n += row + len(s.Event.Payload) + len(s.Event.Attributes) + len(s.Event.Raw)
		for i := range s.State.Deliveries {
			n += row + len(s.State.Deliveries[i].Input) + len(s.State.Deliveries[i].Output)
		}
	}
	return int64(n)
}

func (j *Journal) Close() error { return nil }

func copyRecord(r *router.Record) router.Record {
	c := *r
	c.State.Deliveries = slices.Clone(r.State.Deliveries)
	if r.State.Verdict != nil {
		v := *r.State.Verdict
		c.State.Verdict = &v
	}
	return c
}
