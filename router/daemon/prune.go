package daemon

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

const (
	// pruneEvery is how late the size is noticed: at full speed a minute brings
	// less than a gigabyte.
	pruneEvery = time.Minute
	// spared is for how long an event stays after it has finished, at the least:
	// within the hour somebody may still repeat it, and must get its answer.
	spared = time.Hour
	// crampedEvery is how often it is said that nothing more may go.
	crampedEvery = time.Hour
)

// pruner keeps the journal to its retention, in steps so small and so far apart
// that callers hardly notice.
type pruner struct {
	journal router.Journal
	log     zerolog.Logger
	// inForce gives what is in force, which stays so until release.
	inForce func() (now *loaded, release func())
	told    time.Time // of too little room
}

// newPruner keeps out of a reload, which has a plan in the journal that nothing
// names yet.
func (d *Daemon) newPruner() *pruner {
	return &pruner{journal: d.journal, log: d.log, inForce: func() (*loaded, func()) {
		d.reloading.Lock()
		return d.loaded(), d.reloading.Unlock
	}}
}

func (p *pruner) run(ctx context.Context) {
	for {
		began := time.Now()
		more, err := p.step(ctx)
		if err != nil && ctx.Err() == nil {
			p.log.Error().Err(err).Msg("deleting old events")
		}
		pause := pruneEvery
		if more && err == nil {
			pause = min(pause, router.PruneRest*time.Since(began))
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

func (p *pruner) step(ctx context.Context) (more bool, err error) {
	in, release := p.inForce()
	defer release()
	c, now := in.config, time.Now()
	r := router.Retention{
		Before: now.Add(-c.Retention), MaxBytes: c.RetentionSize, SpareSince: now.Add(-max(spared, in.dedupeWindow())), KeepPlans: in.plans(now),
	}
	if c.RetentionPayload < c.Retention {
		r.PayloadBefore = now.Add(-c.RetentionPayload)
	}
	done, err := p.journal.Prune(ctx, r, router.PruneBatch)
	if err != nil {
		return false, err
	}
	if cramped := r.MaxBytes > 0 && done.Used > r.MaxBytes && !done.More; cramped && now.Sub(p.told) >= crampedEvery {
		p.told = now
		p.log.Warn().Int64("bytes", done.Used).Int64("retention_size", r.MaxBytes).
			Msg("the journal is larger than retention_size, and what is left in it is unfinished, or finished not long ago")
	}
	return done.More, nil
}

// dedupeWindow is the longest of all sources: for that long after it has
// finished an event is the answer to its repeat.
func (l *loaded) dedupeWindow() (longest time.Duration) {
	byName := kinds()
	for _, s := range l.config.Sources {
		limits := l.table.Sources[s.Name].Source.Limits
		for _, eventType := range byName[s.Kind].Types {
			longest = max(longest, limits(eventType).DedupeWindow)
		}
	}
	return longest
}
