package sdk

import (
	"os"
	"time"
)

// watchEvery is how often a plugin looks whether its host is still there. It
// is the last net, behind the kernel's signal and systemd's cgroup, so that a
// second is soon enough.
const watchEvery = time.Second

// exitWithParent ends the process when its parent is no longer the one that
// started it: a host that was killed could not say goodbye. It lives as long as
// the process.
func exitWithParent(parent int) {
	for range time.Tick(watchEvery) {
		if os.Getppid() != parent {
			os.Exit(1)
		}
	}
}

// processStderr is the stderr that the process was started with: go-plugin
// exchanges os.Stderr for a while. It never changes.
var processStderr = os.Stderr

// divertStdout makes stdout mean stderr, for this program, the libraries it
// links and the programs it starts. stdout carries the handshake and nothing
// else: one stray line on it would end the conversation before it began, and
// later ones would be lost. Only os.Stdout keeps the real one, so that
// go-plugin prints its handshake line there.
func divertStdout() error {
	handshake, err := takeStdout()
	if err != nil {
		return err
	}
	os.Stdout = handshake
	return nil
}

// settlePrints is called once the handshake is over. go-plugin has put pipes
// into os.Stdout and os.Stderr, for a host that reads them over gRPC; prints are
// safer on the process's own stderr, which outlives a crash.
func settlePrints() { os.Stdout, os.Stderr = processStderr, processStderr }
