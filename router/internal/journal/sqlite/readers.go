package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"

	"github.com/signalbox/signalbox/router"
)

// readerCap bounds the connections that read: operators' queries and look-ups
// by key, on few cores.
const readerCap = 4

// preparedCap bounds the statements that a reader keeps prepared. The daemon's
// own are a handful; an operator's mix of filters makes a text of its own.
const preparedCap = 64

// readers are the connections that read. Like the writer's they are the
// driver's own: database/sql took half of a look-up that finds none.
type readers struct {
	path string
	// idle holds readerCap places; who reads takes one out. nil is a connection
	// that has not been made yet.
	idle   chan *reader
	closed chan struct{}
}

func newReaders(path string) *readers {
	r := &readers{path: path, idle: make(chan *reader, readerCap), closed: make(chan struct{})}
	for range readerCap {
		r.idle <- nil
	}
	return r
}

// view runs read in one transaction, so that all of what it asks is of one
// moment.
func (r *readers) view(ctx context.Context, read func(queryFunc) error) error {
	return r.with(ctx, func(c *reader) error {
		none := func(*row) error { return nil }
		if err := c.query(ctx, "BEGIN", none); err != nil {
			return err
		}
		err := read(func(text string, each func(*row) error, args ...any) error { return c.query(ctx, text, each, args...) })
		return errors.Join(err, c.query(context.Background(), "ROLLBACK", none))
	})
}

// exists reports whether a query of one index has a row, without a transaction
// and a watch on ctx: it is for the question that every notice asks, and that
// mostly ends in no.
func (r *readers) exists(ctx context.Context, text string, args ...any) (found bool, err error) {
	err = r.with(ctx, func(c *reader) error {
		return c.query(context.Background(), text, func(*row) error {
			found = true
			return nil
		}, args...)
	})
	return found, err
}

// with lends a connection. One that has failed is not trusted any more.
func (r *readers) with(ctx context.Context, work func(*reader) error) error {
	c, err := r.take(ctx)
	if err != nil {
		return err
	}
	if c == nil {
		c, err = openReader(r.path)
	}
	if err == nil {
		err = work(c)
	}
	if err == nil || errors.Is(err, router.ErrNotFound) {
		r.idle <- c
		return err
	}
	if c != nil {
		c.close()
	}
	r.idle <- nil
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: reading it: %w", router.ErrJournal, err)
}

func (r *readers) take(ctx context.Context) (*reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c := <-r.idle:
		return c, nil
	case <-r.closed:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// offline runs work while no reader has the file open. Who wants to read waits
// meanwhile, as long as its context lets it.
func (r *readers) offline(work func() error) error {
	err := r.empty()
	defer func() {
		for range readerCap {
			r.idle <- nil
		}
	}()
	return errors.Join(err, work())
}

// empty takes all connections back and closes them.
func (r *readers) empty() error {
	var errs []error
	for range readerCap {
		if c := <-r.idle; c != nil {
			errs = append(errs, c.close())
		}
	}
	return errors.Join(errs...)
}

func (r *readers) close() error {
	err := r.empty()
	close(r.closed)
	return err
}

// reader is one connection that reads.
type reader struct {
	raw      driver.Conn
	prepared map[string]driver.Stmt
}

func openReader(path string) (*reader, error) {
	raw, err := (&sqlite.Driver{}).Open(address(path, readerPragmas()))
	if err != nil {
		return nil, err
	}
	return &reader{raw: raw, prepared: map[string]driver.Stmt{}}, nil
}

// queryFunc is a view's way to ask: each is called with every row.
type queryFunc func(text string, each func(*row) error, args ...any) error

// query runs a query. ctx ends it between rows and, where a row is long in
// coming, within.
func (c *reader) query(ctx context.Context, text string, each func(*row) error, args ...any) (err error) {
	s, err := c.prepare(text)
	if err != nil {
		return err
	}
	named := do(0, args...).args
	rows, err := s.(driver.StmtQueryContext).QueryContext(ctx, named)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	line := row{values: make([]driver.Value, len(rows.Columns()))}
	for {
		switch err := rows.Next(line.values); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := errors.Join(ctx.Err(), each(&line), line.err); err != nil {
			return err
		}
		line.at = 0
	}
}

// prepare keeps the text prepared, while there is room: the first texts are
// the daemon's own.
func (c *reader) prepare(text string) (driver.Stmt, error) {
	if s := c.prepared[text]; s != nil {
		return s, nil
	}
	s, err := c.raw.Prepare(text)
	if err != nil {
		return nil, err
	}
	if len(c.prepared) >= preparedCap {
		for other, old := range c.prepared { // any of them
			delete(c.prepared, other)
			if err := old.Close(); err != nil {
				return nil, errors.Join(err, s.Close())
			}
			break
		}
	}
	c.prepared[text] = s
	return s, nil
}

func (c *reader) close() error {
	var errs []error
	for _, s := range c.prepared {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}
