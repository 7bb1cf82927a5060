package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"

	"modernc.org/sqlite"
)

// busyTimeout is for how long a connection waits for a lock. Only an
// operator's sqlite3 shell, or a checkpoint, can hold one.
const busyTimeout = "busy_timeout(5000)"

// writerPragmas: auto_vacuum must be set before the first table, and the
// driver runs these in alphabetical order. synchronous=FULL is the promise
// itself: NORMAL loses acknowledged events at a power cut. 8 MiB of cache hold
// the upper pages of every index at some millions of events; a WAL that one
// burst has grown is cut back to 64 MiB.
func writerPragmas() []string {
	return []string{
		busyTimeout, "auto_vacuum(INCREMENTAL)", "cache_size(-8192)", "foreign_keys(1)",
		"journal_mode(WAL)", "journal_size_limit(67108864)", "synchronous(FULL)",
	}
}

// readerPragmas keep a reader from writing.
func readerPragmas() []string { return []string{busyTimeout, "query_only(1)"} }

// address is what the driver opens: the file, which must exist, with pragmas.
func address(path string, pragmas []string) string {
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"mode": {"rw"}, "_pragma": pragmas}.Encode()}
	return u.String()
}

// connection is the one that writes. It is the driver's own, not database/sql's:
// it must not be replaced behind the writer's back after a failure, and what
// database/sql adds to each statement is saved.
type connection struct {
	raw      driver.Conn
	prepared [statementCount]prepared
}

type prepared interface {
	driver.Stmt
	driver.StmtExecContext
}

// connect opens the connection that writes, ready to, to a file that exists.
func connect(path string) (*connection, error) {
	c, err := dial(path)
	if err != nil {
		return nil, err
	}
	if err = migrate(c); err == nil {
		err = c.prepare()
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// dial opens the file and proves that it got its WAL.
func dial(path string) (*connection, error) {
	raw, err := (&sqlite.Driver{}).Open(address(path, writerPragmas()))
	if err != nil {
		return nil, err
	}
	c := &connection{raw: raw}
	mode, err := c.row("PRAGMA journal_mode")
	if err == nil && mode[0] != "wal" {
		err = fmt.Errorf("journal_mode is %v, not wal: the file system can't share memory between processes", mode[0])
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// prepare readies the statements; the schema must be there.
func (c *connection) prepare() error {
	for i, text := range statements() {
		s, err := c.raw.Prepare(text)
		if err != nil {
			return fmt.Errorf("preparing %q: %w", text, err)
		}
		c.prepared[i] = s.(prepared)
	}
	return nil
}

// exec runs a prepared statement and returns how many rows it changed.
func (c *connection) exec(s statement, args []driver.NamedValue) (int64, error) {
	result, err := c.prepared[s].ExecContext(context.Background(), args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// script runs SQL text of any number of statements.
func (c *connection) script(text string) error {
	s, err := c.raw.Prepare(text)
	if err != nil {
		return err
	}
	_, err = s.(prepared).ExecContext(context.Background(), nil)
	return errors.Join(err, s.Close())
}

// row returns the first row of a query.
func (c *connection) row(text string) (_ []driver.Value, err error) {
	s, err := c.raw.Prepare(text)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); err != nil {
		if err == io.EOF {
			return nil, fmt.Errorf("%q gave no row", text)
		}
		return nil, err
	}
	return row, nil
}

// proveRoom writes as much as many events take, and takes it back: a disk that
// was full may have room for a page and for nothing else.
func (c *connection) proveRoom() error {
	err := c.script("INSERT INTO meta VALUES ('room', hex(zeroblob(32768)))") // 64 KiB
	if err == nil {
		err = c.script("DELETE FROM meta WHERE name = 'room'")
	}
	if err != nil {
		return fmt.Errorf("trying whether there is room: %w", err)
	}
	return c.checkpoint()
}

// checkpoint moves all of the WAL into the file and flushes it.
func (c *connection) checkpoint() error {
	row, err := c.row("PRAGMA wal_checkpoint(TRUNCATE)")
	if err != nil {
		return fmt.Errorf("checkpointing the journal: %w", err)
	}
	if row[0] != int64(0) {
		return errors.New("checkpointing the journal: a reader holds it up")
	}
	return nil
}

func (c *connection) close() error {
	var errs []error
	for _, s := range c.prepared {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(append(errs, c.raw.Close())...)
}
