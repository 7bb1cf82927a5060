package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"modernc.org/sqlite"

	"github.com/signalbox/signalbox/router"
)

// TestBackupWhileItRuns copies the journal as `sqlite3 journal.db ".backup …"`
// does, by SQLite's own interface: what was accepted before is in the copy, and
// the copy is a journal.
func TestBackupWhileItRuns(t *testing.T) {
	const events = 3
	dir, restored := t.TempDir(), t.TempDir()
	j := open(t, dir)
	for n := range events {
		accept(t, j, plain(n+1))
	}
	raw, err := (&sqlite.Driver{}).Open("file:" + filepath.Join(dir, "journal.db") + "?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	backup, err := raw.(interface {
		NewBackup(path string) (*sqlite.Backup, error)
	}).NewBackup(filepath.Join(restored, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	for more := true; more && err == nil; {
		more, err = backup.Step(-1)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := backup.Finish(); err != nil {
		t.Fatal(err)
	}
	accept(t, j, plain(events+1)) // the daemon goes on
	if got := found(t, open(t, restored)); got != events {
		t.Errorf("the copy has %d events, want %d", got, events)
	}
}

// A copy of the file alone lacks what its WAL has: it is no backup.
func TestACopyOfTheFileIsNoBackup(t *testing.T) {
	dir, restored := t.TempDir(), t.TempDir()
	j := open(t, dir)
	accept(t, j, plain(1))
	text, err := os.ReadFile(filepath.Join(dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(restored, "journal.db"), text, fileMode); err != nil {
		t.Fatal(err)
	}
	if got := found(t, open(t, restored)); got != 0 {
		t.Errorf("the copy has %d events: README may say so", got)
	}
}

func found(t *testing.T, j *Journal) int {
	t.Helper()
	records, err := j.Find(t.Context(), router.Query{Bare: true, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return len(records)
}
