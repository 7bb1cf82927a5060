package sqlite

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/signalbox/signalbox/router"
)

// healPause is the least time between two tries to heal: each reopens the file,
// and a full disk does not empty by itself.
const healPause = time.Second

// writer owns the connection that writes. conn is nil while the engine is
// broken.
type writer struct {
	path    string
	conn    *connection
	read    *readers
	log     zerolog.Logger
	healing time.Time // the last try that failed
	cause   error     // how it failed, or what before it
}

// commit writes a batch in one transaction, tells its callers, and never
// leaves one without an answer.
func (w *writer) commit(batch []*request) {
	err := w.heal()
	if err == nil {
		if err = w.transact(batch, false); errors.Is(err, errOffence) {
			// One request can't be written, and half of it was. Again, with a
			// savepoint around each: it is rare, and savepoints are two more
			// statements for everybody.
			err = w.transact(batch, true)
		}
		if err != nil {
			w.abandon(err)
		}
	}
	for _, r := range batch {
		if err != nil {
			r.err = fmt.Errorf("%w: %w", router.ErrJournal, err)
		}
		switch {
		case r.done != nil:
			close(r.done)
		case r.err != nil:
			w.log.Debug().Err(r.err).Msg("a lazy change is dropped")
		}
	}
}

// errOffence: a request failed by its own fault after some of its steps.
var errOffence = errors.New("a request can't be written")

// transact runs a batch in one transaction. A request that fails by its own
// fault keeps its error and leaves nothing behind; any other error is the
// store's, and leaves the connection in doubt.
func (w *writer) transact(batch []*request, apart bool) error {
	if err := w.control(begin); err != nil {
		return err
	}
	for _, r := range batch {
		r.err = nil
		if apart {
			if err := w.control(savepoint); err != nil {
				return err
			}
		}
		done, err := w.run(r)
		if err != nil && isStore(err) {
			return err
		}
		r.err = err
		switch {
		case apart && err != nil:
			if err := w.control(rollbackTo, release); err != nil {
				return err
			}
		case apart:
			if err := w.control(release); err != nil {
				return err
			}
		case err != nil && done > 0:
			return errors.Join(errOffence, w.control(rollback))
		}
	}
	return w.control(commit)
}

// run carries out a request's steps and returns how many were done.
func (w *writer) run(r *request) (done int, err error) {
	for i := range r.steps {
		s := &r.steps[i]
		changed, err := w.conn.exec(s.statement, s.args)
		if err != nil {
			return i, err
		}
		if changed == 0 && s.unmet != nil {
			return i, s.unmet
		}
		s.changed = changed
	}
	return len(r.steps), nil
}

func (w *writer) control(list ...statement) error {
	for _, s := range list {
		if _, err := w.conn.exec(s, nil); err != nil {
			return err
		}
	}
	return nil
}

// isStore tells the store's failures from a request's own fault: a constraint
// it breaks, a value that is too big.
func isStore(err error) bool {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return false
	}
	const primary = 0xff // the rest says more of it
	switch se.Code() & primary {
	case codes.SQLITE_CONSTRAINT, codes.SQLITE_TOOBIG, codes.SQLITE_MISMATCH:
		return false
	}
	return true
}

// abandon gives up the connection after a failure of the store. Its open
// transaction goes with it.
func (w *writer) abandon(cause error) {
	w.log.Error().Err(cause).Msg("the journal can't be written")
	w.cause = cause
	if err := w.conn.close(); err != nil {
		w.log.Debug().Err(err).Msg("closing the journal's connection")
	}
	w.conn = nil
}

// heal makes the store trustworthy again after a failure; without one it does
// nothing. After a failed flush the kernel may call pages clean that never
// reached the disk, so nothing counts as durable until everything is closed,
// reopened, copied from the WAL into the file, and the file is flushed by a
// descriptor that has seen no error.
func (w *writer) heal() error {
	if w.conn != nil {
		return nil
	}
	if wait := healPause - time.Since(w.healing); wait > 0 {
		return fmt.Errorf("%w; the next try to heal it is in %v", w.cause, wait.Round(time.Millisecond))
	}
	err := w.read.offline(func() error {
		conn, err := dial(w.path)
		if err != nil {
			return err
		}
		if err := errors.Join(conn.checkpoint(), conn.close()); err != nil {
			return err
		}
		return syncPath(w.path)
	})
	var conn *connection
	if err == nil {
		conn, err = connect(w.path)
	}
	if err == nil {
		if err = conn.proveRoom(); err != nil {
			err = errors.Join(err, conn.close())
		}
	}
	if err != nil {
		w.healing, w.cause = time.Now(), fmt.Errorf("healing it: %w", err)
		return w.cause
	}
	w.conn = conn
	w.log.Info().Msg("the journal can be written again")
	return nil
}

// close ends the readers, then the connection that writes, with the WAL empty.
func (w *writer) close() error {
	err := w.read.close()
	if w.conn == nil {
		return err
	}
	if err := w.conn.checkpoint(); err != nil {
		w.log.Warn().Err(err).Msg("the journal's WAL stays for the next start")
	}
	return errors.Join(err, w.conn.close())
}
