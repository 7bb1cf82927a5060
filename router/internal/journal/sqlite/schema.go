package sqlite

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrNewer: the file was written by a newer signalbox.
var ErrNewer = errors.New("the journal was written by a newer signalbox")

// Times are integer nanoseconds since 1970 UTC, 0 for none. JSON is stored as
// text, so that sqlite3's own functions read it; "" is none.
//
// An event's row holds what changes with its state. What never changes after
// the accept (notice, payload, the raw document) lies in documents: an update
// rewrites its whole row, overflow pages included, and a settle is an update.
// Measured with the two flushes of a plain event, 32 to a transaction, payload
// and raw of 1, 4 and 16 kB each: 93, 113 and 292 µs an event in two tables;
// 113, 136 and 378 µs in one; 95, 119 and 370 µs in two that are tied by the
// event's id rather than by an integer.
const schemaV1 = `
CREATE TABLE events (
  n           INTEGER PRIMARY KEY, -- the order of acceptance
  id          TEXT    NOT NULL UNIQUE,
  source      TEXT    NOT NULL,
  key         TEXT,                -- NULL: it has none, or let go of it
  type        TEXT    NOT NULL,
  flag        TEXT    NOT NULL,
  lane        TEXT    NOT NULL,
  seq         INTEGER NOT NULL,
  received    INTEGER NOT NULL,
  phase       TEXT    NOT NULL,
  finished    INTEGER NOT NULL,    -- since when State.Finished holds; 0 while it does not
  due         INTEGER NOT NULL,    -- State.Resumes; 0 for at once
  holds       INTEGER NOT NULL,    -- State.Hold
  caused_by   TEXT    NOT NULL,
  plan        TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  node        TEXT    NOT NULL DEFAULT '', -- of engines that many daemons share
  lease_until INTEGER NOT NULL DEFAULT 0,
  state       TEXT    NOT NULL,    -- router.EncodeState
  notice      TEXT    NOT NULL DEFAULT '' -- once the event has no documents any more
) STRICT;
CREATE UNIQUE INDEX events_key ON events (source, key); -- no NULL equals another
CREATE INDEX events_unfinished ON events (seq) WHERE finished = 0;
CREATE INDEX events_own ON events (source) WHERE source = 'signalbox'; -- failure events are few
CREATE INDEX events_lane ON events (lane);
CREATE INDEX events_received ON events (received);
CREATE INDEX events_plan ON events (plan);
CREATE INDEX events_caused_by ON events (caused_by) WHERE caused_by <> '';

CREATE TABLE documents (
  event      INTEGER PRIMARY KEY REFERENCES events (n) ON DELETE CASCADE,
  notice     TEXT NOT NULL,
  attributes TEXT NOT NULL,
  payload    TEXT NOT NULL,
  raw        BLOB
) STRICT;

CREATE TABLE deliveries (
  event        INTEGER NOT NULL REFERENCES events (n) ON DELETE CASCADE,
  ord          INTEGER NOT NULL,
  name         TEXT    NOT NULL, -- route/name
  plugin       TEXT    NOT NULL,
  action       TEXT    NOT NULL,
  needs        TEXT    NOT NULL, -- a JSON list of names
  optional     INTEGER NOT NULL,
  ordered      INTEGER NOT NULL,
  on_failure   INTEGER NOT NULL,
  policy       TEXT    NOT NULL, -- JSON
  lifetime     INTEGER NOT NULL,
  status       TEXT    NOT NULL,
  attempts     INTEGER NOT NULL,
  generation   INTEGER NOT NULL,
  first        INTEGER NOT NULL,
  key_sent     INTEGER NOT NULL,
  paused       INTEGER NOT NULL,
  paused_at    INTEGER NOT NULL,
  due          INTEGER NOT NULL,
  may_have_run INTEGER NOT NULL,
  code         TEXT    NOT NULL,
  public       TEXT    NOT NULL,
  detail       TEXT    NOT NULL,
  input        TEXT    NOT NULL,
  output       TEXT    NOT NULL,
  PRIMARY KEY (event, ord)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  event      INTEGER NOT NULL REFERENCES events (n) ON DELETE CASCADE,
  ord        INTEGER NOT NULL,
  delivery   TEXT    NOT NULL, -- "" for a callback, "fetch" for a fetch
  number     INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  began      INTEGER NOT NULL,
  took       INTEGER NOT NULL,
  outcome    TEXT    NOT NULL,
  code       TEXT    NOT NULL,
  message    TEXT    NOT NULL,
  PRIMARY KEY (event, ord)
) STRICT, WITHOUT ROWID;

CREATE TABLE plans (
  digest  TEXT PRIMARY KEY,
  content BLOB NOT NULL,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('schema', '0');
`

// migrations lead from each schema to the next: the first makes schema 1 of an
// empty file. What has been released is never changed, only added to.
func migrations() []string { return []string{schemaV1} }

// migrate brings the file to the schema that this binary knows, in one
// transaction, or refuses it with ErrNewer.
func migrate(c *connection) error {
	steps := migrations()
	have, err := schemaOf(c)
	if err != nil {
		return fmt.Errorf("reading the journal's schema: %w", err)
	}
	if have > len(steps) {
		return fmt.Errorf("%w: its schema is %d, this one knows schemas up to %d", ErrNewer, have, len(steps))
	}
	if have == len(steps) {
		return nil
	}
	if err := c.script("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for i, step := range steps[have:] {
		if err := c.script(step); err != nil {
			return fmt.Errorf("bringing the journal to schema %d: %w", have+i+1, err)
		}
	}
	if err := c.script("UPDATE meta SET value = '" + strconv.Itoa(len(steps)) + "' WHERE name = 'schema'"); err != nil {
		return err
	}
	return c.script("COMMIT")
}

// schemaOf returns the schema's number, 0 for an empty file.
func schemaOf(c *connection) (int, error) {
	row, err := c.row("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'")
	if err != nil || row[0] == int64(0) {
		return 0, err
	}
	row, err = c.row("SELECT value FROM meta WHERE name = 'schema'")
	if err != nil {
		return 0, err
	}
	text, _ := row[0].(string)
	return strconv.Atoi(text)
}
