//go:build unix && !linux

package plug

import "syscall"

// groupOfItsOwn makes a program the head of a process group, so that it can be
// ended with all that it has started. That it doesn't outlive the daemon is
// left to the plugin's own watch.
func groupOfItsOwn() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// reap waits for the program's end and ends what it has started.
func (p *process) reap() {
	err := p.cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = syscall.Kill(-p.id, syscall.SIGKILL)
	p.err = err
	p.reaped = true
}
