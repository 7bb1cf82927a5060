package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

// Options are what Open needs.
type Options struct {
	// Path is the journal's file; Path + ".lock" lies beside it. The directory
	// is created (0700) if it is missing.
	Path string
	Log  zerolog.Logger
}

// Journal is a router.Journal in one SQLite file.
type Journal struct {
	log   zerolog.Logger
	lock  *os.File
	read  *readers
	queue chan *request

	closing chan struct{} // closed: take nothing more in
	stopped chan struct{} // closed: the writer has ended
	end     sync.Once
	endErr  error
}

var _ router.Journal = (*Journal)(nil)

// errClosed is what a closed journal answers.
var errClosed = fmt.Errorf("%w: it is closed", router.ErrJournal)

// Open locks the journal for this process, creates it if need be, brings its
// schema up to date and starts the writer. The errors to tell apart are
// ErrLocked and ErrNewer. ctx bounds nothing but the start.
func Open(ctx context.Context, opt Options) (*Journal, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(opt.Path)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	if err := makeDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	held, err := lock(path + ".lock")
	if err != nil {
		return nil, err
	}
	conn, err := create(path)
	if err != nil {
		held.Close()
		return nil, fmt.Errorf("opening the journal %s: %w", path, err)
	}
	j := &Journal{
		log: opt.Log, lock: held, read: newReaders(path), queue: make(chan *request, queueCap),
		closing: make(chan struct{}), stopped: make(chan struct{}),
	}
	w := &writer{path: path, conn: conn, read: j.read, log: opt.Log}
	go j.write(w)
	return j, nil
}

// create connects to the file, which it makes if it is missing.
func create(path string) (*connection, error) {
	if err := makeFile(path); err != nil {
		return nil, err
	}
	return connect(path)
}

// acceptTries is how often Accept looks for the event that has its key: it can
// only be missing because it was pruned or let go of the key in between.
const acceptTries = 3

// Accept is router.Journal's. An id that is there already is the same event,
// whether it has a key or not. When ctx ends while the event is queued, it may
// be written all the same.
func (j *Journal) Accept(ctx context.Context, e *router.Event, s *router.State) (*router.Record, error) {
	for range acceptTries {
		var enc encoder
		enc.insert(e, s)
		err := j.submit(ctx, &enc)
		if err == nil {
			return nil, nil
		}
		if !errors.Is(err, errTaken) {
			return nil, fmt.Errorf("accepting event %s: %w", e.ID, err)
		}
		existing, err := j.holding(ctx, e)
		if existing != nil || err != nil {
			return existing, err
		}
	}
	return nil, fmt.Errorf("accepting event %s: %w", e.ID, errTaken)
}

// holding finds the event that stands in e's way.
func (j *Journal) holding(ctx context.Context, e *router.Event) (*router.Record, error) {
	queries := []router.Query{{ID: e.ID}}
	if key := e.Key(); key != "" {
		queries = []router.Query{{Source: e.Source, Key: key}, {ID: e.ID}}
	}
	for _, q := range queries {
		found, err := j.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return &found[0], nil
		}
	}
	return nil, nil
}

// Apply is router.Journal's. An event that is not there (any more) is a
// conflict. When ctx ends while the change is queued, it may be written all
// the same.
func (j *Journal) Apply(ctx context.Context, c router.Change) error {
	var enc encoder
	enc.change(&c)
	if c.Lazy {
		return j.submitLazily(&enc)
	}
	err := j.submit(ctx, &enc)
	switch {
	case err == nil:
		return nil
	case c.Event == "":
		return fmt.Errorf("writing plan %s: %w", c.PlanDigest, err)
	}
	return fmt.Errorf("writing event %s: %w", c.Event, err)
}

// Close is router.Journal's. It waits for the writer.
func (j *Journal) Close() error {
	j.end.Do(func() {
		close(j.closing)
		<-j.stopped
		j.endErr = errors.Join(j.endErr, j.lock.Close())
	})
	return j.endErr
}
