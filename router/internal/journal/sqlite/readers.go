package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/signalbox/signalbox/router"
)

// readerCap bounds the connections that read: operators' queries and look-ups
// by key, on few cores.
const readerCap = 4

// preparedCap bounds the statements that are kept prepared. The daemon's own
// are a handful; an operator's mix of filters makes a text of its own.
const preparedCap = 64

// readers are the connections that read. Each view is one transaction, so that
// an event and its deliveries are of one moment.
type readers struct {
	path string
	mu   sync.RWMutex // held for reading by views, so that offline can end them
	db   *sql.DB      // nil once closed

	preparing sync.Mutex // guards prepared
	prepared  map[string]*sql.Stmt
}

func newReaders(path string) *readers {
	r := &readers{path: path}
	r.open()
	return r
}

func (r *readers) open() {
	// Open only parses the driver's name; connections are made when needed.
	r.db, _ = sql.Open("sqlite", address(r.path, readerPragmas()))
	r.db.SetMaxOpenConns(readerCap)
	r.db.SetMaxIdleConns(readerCap)
	r.prepared = map[string]*sql.Stmt{}
}

// queryFunc is a view's way to ask.
type queryFunc func(text string, args ...any) (*sql.Rows, error)

// view runs read in one transaction. It prepares the texts first: preparing
// takes a connection too, which who holds one must not wait for.
func (r *readers) view(ctx context.Context, read func(queryFunc) error, texts ...string) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.db == nil {
		return errClosed
	}
	ready := make([]*sql.Stmt, len(texts))
	for i, text := range texts {
		var err error
		if ready[i], err = r.prepare(ctx, text); err != nil {
			return unread(ctx, err)
		}
	}
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return unread(ctx, err)
	}
	defer tx.Rollback()
	err = read(func(text string, args ...any) (*sql.Rows, error) {
		if i := slices.Index(texts, text); i >= 0 && ready[i] != nil {
			return tx.StmtContext(ctx, ready[i]).QueryContext(ctx, args...)
		}
		return tx.QueryContext(ctx, text, args...)
	})
	if err != nil {
		return unread(ctx, err)
	}
	return nil
}

// exists reports whether a query has a row, without a transaction: it is for the
// question that every notice asks, and that mostly ends in no.
func (r *readers) exists(ctx context.Context, text string, args ...any) (bool, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.db == nil {
		return false, errClosed
	}
	ready, err := r.prepare(ctx, text)
	if err != nil || ready == nil {
		return true, unreadIf(ctx, err) // a full house asks the long way
	}
	var one int
	switch err := ready.QueryRowContext(ctx, args...).Scan(&one); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	default:
		return true, unreadIf(ctx, err)
	}
}

func unreadIf(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return unread(ctx, err)
}

// prepare returns the text prepared, or nil when enough are.
func (r *readers) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	r.preparing.Lock()
	known, full := r.prepared[text], len(r.prepared) >= preparedCap
	r.preparing.Unlock()
	if known != nil || full {
		return known, nil
	}
	fresh, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	r.preparing.Lock()
	defer r.preparing.Unlock()
	if known := r.prepared[text]; known != nil {
		return known, fresh.Close()
	}
	r.prepared[text] = fresh
	return fresh, nil
}

// unread classifies a failure to read.
func unread(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, router.ErrNotFound):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%w: reading it: %w", router.ErrJournal, err)
}

// offline runs work while no reader has the file open.
func (r *readers) offline(work func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.db.Close()
	defer r.open()
	return errors.Join(err, work())
}

func (r *readers) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.db.Close()
	r.db = nil
	return err
}
