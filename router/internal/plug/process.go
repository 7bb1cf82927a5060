package plug

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin/runner"
)

const (
	// handshakeMax is the longest first line on stdout; with a certificate in
	// it, a handshake has about a thousand bytes.
	handshakeMax = 16 << 10
	// pipeGrace is how long pipes are read after the process has ended. What it
	// wrote is there at once; only a stray grandchild keeps a pipe open.
	pipeGrace = time.Second
	// killGrace is how long a killed process may take to be gone. Only one that
	// hangs in the kernel takes longer; it is left behind.
	killGrace = 5 * time.Second
)

// process is a plugin's program while it runs. It is go-plugin's runner: the
// library's own would leave the plugin in the daemon's process group, give it
// the daemon's stdin, and wait without end for pipes that grandchildren hold.
type process struct {
	cmd   *exec.Cmd
	lines *lines

	started  chan error
	exited   chan struct{} // closed when the program has ended
	finished chan struct{} // closed when its pipes are read, too

	handshake *io.PipeReader

	mu     sync.Mutex
	begun  bool
	id     int  // once started
	doomed bool // killed, perhaps before it was started
	reaped bool
	err    error  // how it ended; set before exited is closed
	first  string // the first line on stdout; set before finished is closed
}

var _ runner.Runner = (*process)(nil)

func newProcess(path string, args, env []string, lines *lines) *process {
	return &process{
		// Stdin stays nil, which is /dev/null.
		cmd: &exec.Cmd{
			Path: path, Args: append([]string{path}, args...), Env: env, SysProcAttr: groupOfItsOwn(),
		},
		lines:   lines,
		started: make(chan error, 1), exited: make(chan struct{}), finished: make(chan struct{}),
	}
}

// Start starts the program. The thread that does it waits for the program's
// end: the kernel's signal to a child whose parent dies goes by thread.
func (p *process) Start(context.Context) error {
	p.mu.Lock()
	p.begun = true
	p.mu.Unlock()
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return p.stillborn(err)
	}
	errRead, errWrite, err := os.Pipe()
	if err != nil {
		_, _ = outRead.Close(), outWrite.Close()
		return p.stillborn(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = outWrite, errWrite
	handshake, line := io.Pipe()
	p.handshake = handshake

	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		_, _ = outWrite.Close(), errWrite.Close()
		if err != nil {
			_, _, _ = outRead.Close(), errRead.Close(), line.Close()
			p.started <- p.stillborn(err)
			return
		}
		var pipes sync.WaitGroup
		pipes.Go(func() { p.readStdout(outRead, line) })
		pipes.Go(func() { p.lines.read(errRead, "") })
		p.mu.Lock()
		p.id = p.cmd.Process.Pid
		doomed := p.doomed
		p.mu.Unlock()
		if doomed {
			p.signal(syscall.SIGKILL)
		}
		p.started <- nil

		p.reap()
		close(p.exited)

		deadline := time.Now().Add(pipeGrace)
		_, _ = outRead.SetReadDeadline(deadline), errRead.SetReadDeadline(deadline)
		pipes.Wait()
		_, _ = outRead.Close(), errRead.Close()
		close(p.finished)
	}()
	return <-p.started
}

// stillborn marks the end of a program that never ran.
func (p *process) stillborn(err error) error {
	close(p.exited)
	close(p.finished)
	return err
}

// readStdout gives the first line to go-plugin, which looks for the handshake
// in it, and all others to the log.
func (p *process) readStdout(stdout io.Reader, handshake *io.PipeWriter) {
	r := bufio.NewReaderSize(stdout, handshakeMax)
	line, err := r.ReadSlice('\n')
	p.mu.Lock()
	p.first = strings.TrimSpace(string(line))
	p.mu.Unlock()
	_, _ = handshake.Write(line)
	_ = handshake.Close()
	if err == nil || err == bufio.ErrBufferFull {
		p.lines.read(r, "stdout")
	}
}

// signal signals the program and all that it has started.
func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doomed = p.doomed || s == syscall.SIGKILL
	if p.id != 0 && !p.reaped {
		_ = syscall.Kill(-p.id, s)
	}
}

// kill ends the program and all that it has started, at once, or as soon as it
// has begun.
func (p *process) kill() { p.signal(syscall.SIGKILL) }

// end ends the program: politely, then by force. It returns true when nothing of
// it is left, which takes no longer than the grace and a moment.
func (p *process) end(grace time.Duration) bool {
	p.mu.Lock()
	begun := p.begun
	p.mu.Unlock()
	if !begun {
		return true
	}
	if grace > 0 {
		p.signal(syscall.SIGTERM)
		await(p.exited, grace)
	}
	p.kill()
	return await(p.finished, killGrace)
}

// await waits for done, but not for longer than most; it reports which.
func await(done <-chan struct{}, most time.Duration) bool {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.id
}

// ended says how the program has ended; it is called after exited is closed.
func (p *process) ended() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err.Error()
	}
	return "exit status 0"
}

func (p *process) firstLine() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.first
}

// Kill, Wait and what follows are go-plugin's.
func (p *process) Kill(context.Context) error { p.kill(); return nil }

func (p *process) Wait(context.Context) error { <-p.exited; return nil }

// Stdout ends after the first line.
func (p *process) Stdout() io.ReadCloser { return p.handshake }

// Stderr is empty: a line that only looks like go-plugin's own would panic it.
func (p *process) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

func (p *process) Name() string                    { return p.cmd.Path }
func (p *process) ID() string                      { return strconv.Itoa(p.pid()) }
func (p *process) Diagnose(context.Context) string { return "" }

func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
