package daemon_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// memoryLimit is what a daemon may have resident, whatever befalls it.
const memoryLimit = 200_000_000 // bytes

// footprint is what a process takes of the machine.
type footprint struct {
	resident, peak int64 // bytes
	files          int
}

// footprint reads it from /proc (proc(5)).
func (s *service) footprint() (f footprint, err error) {
	proc := fmt.Sprintf("/proc/%d/", s.cmd.Process.Pid)
	text, err := os.ReadFile(proc + "status")
	if err != nil {
		return f, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] != "kB" {
			continue
		}
		n, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return f, err
		}
		switch fields[0] {
		case "VmRSS:":
			f.resident = n << 10
		case "VmHWM:":
			f.peak = n << 10
		}
	}
	files, err := os.ReadDir(proc + "fd")
	f.files = len(files)
	return f, err
}

// expectBounded fails the test if the daemon has ever had too much memory. The
// race detector takes many times as much.
func (s *service) expectBounded(t testing.TB) (peak int64) {
	t.Helper()
	f, err := s.footprint()
	if err != nil {
		t.Fatal(err)
	}
	if f.peak > memoryLimit && !raceDetected() {
		t.Errorf("the daemon had %d MB resident, want at most %d MB", f.peak/1e6, int64(memoryLimit/1e6))
	}
	return f.peak
}

// raceDetected reports whether this binary, which is the daemon's too, was built
// with the race detector.
func raceDetected() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// complaints keep the errors that a daemon logs, the first of them.
type complaints struct {
	mu    sync.Mutex
	kept  bytes.Buffer
	split []byte // the beginning of a line
}

// maxComplaints bounds what is kept.
const maxComplaints = 64 << 10

func (c *complaints) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.split = append(c.split, p...)
	for {
		end := bytes.IndexByte(c.split, '\n')
		if end < 0 {
			return len(p), nil
		}
		line := c.split[:end+1]
		if !bytes.Contains(line, []byte(`"level":"info"`)) && !bytes.Contains(line, []byte(`"level":"warn"`)) && c.kept.Len() < maxComplaints {
			c.kept.Write(line)
		}
		c.split = c.split[end+1:]
	}
}

func (c *complaints) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept.String()
}
