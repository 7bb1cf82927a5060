package routertest

import "testing"

// recorder is a test that is only asked whether it failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

var sink []byte

func TestBounded(t *testing.T) {
	for _, tt := range []struct {
		name  string
		times int // that a MiB is allocated, and let go
		want  bool
	}{
		{"little", 1, false},
		{"much, bit by bit", 2 * MaxInput >> 20, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{TB: t}
			Bounded(r, func() {
				for range tt.times {
					sink = make([]byte, 1<<20)
				}
			})
			if r.failed != tt.want {
				t.Errorf("failed %t, want %t", r.failed, tt.want)
			}
		})
	}
}
