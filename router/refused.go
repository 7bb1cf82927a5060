package router

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Refusals come in bursts (a rotated secret, a wrong public_url, a scanner):
// they are counted, and told of in one failure event a burst.
const (
	// burstFirst is long enough to see more than one of a burst, and short
	// enough for who waits for the first signed request.
	burstFirst = 10 * time.Second
	// burstMax is how often at most it is told while it goes on.
	burstMax = time.Hour
	// maxReason bounds the reason, of which a caller chooses parts.
	maxReason = 500
)

// refusals are the bursts under way, by source: there are as many as sources.
type refusals struct {
	tell func(source string, b *burst)

	mu      sync.Mutex
	bursts  map[string]*burst
	stopped bool
}

type burst struct {
	since  time.Time
	within time.Duration
	count  int
	last   string // why the last was refused
	timer  *time.Timer
}

func newRefusals(tell func(string, *burst)) *refusals {
	return &refusals{tell: tell, bursts: map[string]*burst{}}
}

// add counts a refusal.
func (rs *refusals) add(source, why string) {
	why = strings.ToValidUTF8(why[:min(len(why), maxReason)], "")
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.stopped {
		return
	}
	b := rs.bursts[source]
	if b == nil {
		b = rs.beginLocked(source, burstFirst)
	}
	b.count, b.last = b.count+1, why
}

func (rs *refusals) beginLocked(source string, within time.Duration) *burst {
	b := &burst{since: time.Now(), within: within}
	b.timer = time.AfterFunc(within, func() { rs.end(source, b) })
	rs.bursts[source] = b
	return b
}

// end tells of a burst. The next of the source is told of later, until there
// is a pause.
func (rs *refusals) end(source string, b *burst) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.bursts[source] != b {
		return
	}
	delete(rs.bursts, source)
	if b.count > 0 {
		rs.beginLocked(source, min(6*b.within, burstMax))
		rs.tell(source, b)
	}
}

// stop ends all timers; what was counted is in the log.
func (rs *refusals) stop() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.stopped = true
	for source, b := range rs.bursts {
		b.timer.Stop()
		delete(rs.bursts, source)
	}
}

// tellRefused has a burst told of.
func (r *Router) tellRefused(source string, b *burst) {
	r.aside(func() {
		err := r.Report(r.ctx, TypeSourceRefused, Failure{
			Source: source, Count: b.count, Since: b.since,
			Message: fmt.Sprintf("%d requests were refused since %s; the last: %s", b.count, b.since.UTC().Format(stamp), b.last),
		})
		if err != nil {
			r.log.Error().Err(err).Str("source", source).Int("count", b.count).Msg("refusals can't be told of")
		}
	})
}
