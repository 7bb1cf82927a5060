package plug

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// groupOfItsOwn makes a program the head of a process group, so that it can be
// ended with all that it has started, and has the kernel kill it if the daemon
// dies first.
func groupOfItsOwn() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// reap waits for the program's end and ends what it has started, while the
// group's number can't yet be another's.
func (p *process) reap() {
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = syscall.Kill(-p.id, syscall.SIGKILL)
	p.err = p.cmd.Wait()
	p.reaped = true
}
