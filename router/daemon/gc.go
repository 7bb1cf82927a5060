package daemon

import (
	"os"
	"runtime/debug"
)

// The heap of a busy daemon is some 20 MiB, and most of it is garbage within
// milliseconds: collecting it less often saves a fifth of the CPU. The limit
// keeps a large backlog within what a small machine has.
const (
	gcPercent   = 300
	memoryLimit = 128 << 20 // bytes
)

// TuneGC is for a process that is the daemon and nothing else. It leaves alone
// what the operator has set with GOGC or GOMEMLIMIT.
func TuneGC() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
		debug.SetMemoryLimit(memoryLimit)
	}
}
