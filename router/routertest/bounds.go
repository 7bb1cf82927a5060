package routertest

import (
	"runtime/metrics"
	"testing"
)

// MaxInput is what reading one input may allocate in all, however it was made.
// Sources take bodies of a MiB or so; what needs more than this for one grows
// faster than its input.
const MaxInput = 64 << 20

// Bounded runs f, which reads one input, and fails the test if that allocates
// more than MaxInput. It counts what other goroutines allocate too, so that it
// is for tests that run by themselves, as fuzz targets do. A hang needs no
// bound here: the fuzzer ends what takes 10 s.
func Bounded(t testing.TB, f func()) {
	t.Helper()
	before := allocated()
	f()
	if n := allocated() - before; n > MaxInput {
		t.Errorf("reading the input allocated %d MiB, more than %d", n>>20, MaxInput>>20)
	}
}

// allocated is how many bytes the process has ever allocated. To ask for it
// does not stop the world, which a fuzzer would feel.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
