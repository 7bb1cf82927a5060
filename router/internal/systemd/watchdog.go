package systemd

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// Watchdog tells systemd regularly that the daemon is alive, for as long as it
// is. A daemon that falls silent is killed and started anew, so "healthy" must
// mean no more than that a restart would not help.
type Watchdog struct {
	every   time.Duration
	healthy func(context.Context) error
	ping    func() error
	log     zerolog.Logger

	stop func()
	done sync.WaitGroup
}

// StartWatchdog begins to answer the watchdog that the unit asks for with
// WatchdogSec=; where it asks for none, nothing is started. healthy is called
// at twice the rate that systemd waits for; it gets a context that ends when
// the next call is due, and returns why the daemon is not healthy, or nil.
// The caller must Stop the watchdog.
func StartWatchdog(healthy func(context.Context) error, log zerolog.Logger) (*Watchdog, error) {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return nil, fmt.Errorf("starting the watchdog: %w", err)
	}
	w := &Watchdog{every: limit / 2, healthy: healthy, log: log, stop: func() {}, ping: func() error {
		return notify("answering the watchdog", daemon.SdNotifyWatchdog)
	}}
	if w.every > 0 {
		w.start()
	}
	return w, nil
}

func (w *Watchdog) start() {
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	w.done.Go(func() { w.run(ctx) })
}

// Stop ends the answers and waits for the one under way. It may be called more
// than once.
func (w *Watchdog) Stop() {
	w.stop()
	w.done.Wait()
}

func (w *Watchdog) run(ctx context.Context) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		w.answer(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (w *Watchdog) answer(life context.Context) {
	ctx, cancel := context.WithTimeout(life, w.every)
	defer cancel()
	err := w.healthy(ctx)
	if life.Err() != nil {
		return
	}
	if err != nil {
		w.log.Error().Err(err).Msg("The daemon is not healthy; the watchdog is not answered.")
		return
	}
	if err := w.ping(); err != nil {
		w.log.Warn().Err(err).Msg("The watchdog was not answered.")
	}
}
