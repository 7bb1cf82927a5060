package systemd

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

func TestWatchdogIsAnswered(t *testing.T) {
	next := listenForNotices(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	w, err := StartWatchdog(func(context.Context) error { return nil }, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	for range 2 {
		if got := next(); got != "WATCHDOG=1" {
			t.Errorf("systemd read %q, want WATCHDOG=1", got)
		}
	}
}

func TestWatchdogNotAskedFor(t *testing.T) {
	for _, tc := range []struct{ name, usec, pid string }{
		{"no limit", "", ""},
		{"another process's", "20000", "1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("WATCHDOG_USEC", tc.usec)
			t.Setenv("WATCHDOG_PID", tc.pid)
			w, err := StartWatchdog(func(context.Context) error { t.Error("somebody asked"); return nil }, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			w.Stop()
			w.Stop()
		})
	}
}

func TestWatchdogWithoutALimitItCanRead(t *testing.T) {
	t.Setenv("WATCHDOG_USEC", "soon")
	if _, err := StartWatchdog(func(context.Context) error { return nil }, zerolog.Nop()); err == nil {
		t.Error("no error")
	}
}

func TestWatchdogFallsSilentWhileUnhealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var pings []time.Duration
		w := &Watchdog{
			every: 5 * time.Second,
			log:   zerolog.Nop(),
			healthy: func(context.Context) error {
				if at := time.Since(began); at >= 5*time.Second && at < 15*time.Second {
					return errors.New("stuck")
				}
				return nil
			},
			ping: func() error { pings = append(pings, time.Since(began)); return errors.New("nobody reads") },
		}
		w.start()
		<-time.After(17 * time.Second)
		w.Stop()
		w.Stop()
		if len(pings) != 2 || pings[0] != 0 || pings[1] != 15*time.Second {
			t.Errorf("answered at %v, want 0s and 15s", pings)
		}
	})
}

// A health that never answers is cut off, and silence is the answer.
func TestWatchdogOutlivesAStuckHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		w := &Watchdog{
			every:   5 * time.Second,
			log:     zerolog.Nop(),
			healthy: func(ctx context.Context) error { asked++; <-ctx.Done(); return ctx.Err() },
			ping:    func() error { t.Error("the watchdog was answered"); return nil },
		}
		w.start()
		<-time.After(12 * time.Second)
		w.Stop() // ends the third call, which would take until 15 s
		if asked != 3 {
			t.Errorf("asked %d times, want 3", asked)
		}
	})
}
