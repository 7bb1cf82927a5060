package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// startWithin bounds the start of a process, its plugin's ten seconds included.
const startWithin = 30 * time.Second

// ready is what a process that is measured says of itself, as a line of JSON,
// once it serves. It serves until its standard input ends.
type ready struct {
	URL     string `json:"url"`
	Plugins []int  `json:"plugins"` // their process ids
}

// child is this binary again, as a process that is measured.
type child struct {
	ready
	cmd   *exec.Cmd
	stdin io.Closer
}

// start runs `signalbox bench ARG…` and returns when it serves.
func (b *bench) start(ctx context.Context, args ...string) (*child, error) {
	var complaint bytes.Buffer
	c := &child{cmd: exec.Command(b.self, append([]string{"bench"}, args...)...)}
	c.cmd.Stderr, c.cmd.WaitDelay = &complaint, stopWithin
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a process: %w", err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a process: %w", err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a process: %w", err)
	}
	c.stdin = stdin
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = c.cmd.Process.Kill() })()
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &c.ready)
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("starting a process: %w", err), c.stop())
		if said := bytes.TrimSpace(complaint.Bytes()); len(said) > 0 {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return nil, err
	}
	return c, nil
}

// stop ends the process and waits for it.
func (c *child) stop() error {
	c.stdin.Close()
	kill := time.AfterFunc(stopWithin+time.Second, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("a process that was measured: %w", err)
	}
	return nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// serveUntilEOF says that the process is ready, and waits for the one that
// measures it to be done, or gone.
func serveUntilEOF(r ready, in io.Reader, out io.Writer) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing that it serves: %w", err)
	}
	if _, err := out.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("writing that it serves: %w", err)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return fmt.Errorf("waiting for the end: %w", err)
	}
	return nil
}

// cpuOf reads the CPU time that each process has had, to the nanosecond. (Linux
// documentation, "Scheduler statistics", /proc/<pid>/schedstat.) Threads that
// have ended are not in it; Go's don't.
func cpuOf(pids []int) ([]time.Duration, error) {
	out := make([]time.Duration, len(pids))
	for i, pid := range pids {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		if err == nil && len(threads) == 0 {
			err = errors.New("/proc tells nothing of it, which only Linux does")
		}
		if err != nil {
			return nil, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
		}
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			if errors.Is(err, fs.ErrNotExist) {
				continue // it has just ended
			}
			first, _, _ := strings.Cut(string(text), " ")
			spent, bad := strconv.ParseInt(first, 10, 64)
			if err = errors.Join(err, bad); err != nil {
				return nil, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
			}
			out[i] += time.Duration(spent)
		}
	}
	return out, nil
}

// peakOf reads the most memory that a process ever had resident, in bytes.
func peakOf(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	number, unit, _ := strings.Cut(strings.TrimSpace(line), " ")
	kib, err := strconv.ParseInt(number, 10, 64)
	if err != nil || unit != "kB" {
		return 0, fmt.Errorf("reading the memory of process %d: VmHWM is %q", pid, line)
	}
	return kib << 10, nil
}
