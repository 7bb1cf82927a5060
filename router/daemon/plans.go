package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
)

const (
	// planTimeout bounds the reading of one snapshot, a few kB.
	planTimeout = 10 * time.Second
	// maxPlans is how many plans of earlier configurations stay compiled. The
	// work of a day seldom began under more; any other is compiled again.
	maxPlans = 16
	// planGrace is for how long the journal keeps a plan that has been replaced
	// though no event names it yet: an event has the plan that its request began
	// with, and is written down when it is read and fetched, which takes as long as
	// its caller may wait.
	planGrace = readTimeout + writeTimeout + time.Minute
)

// planCache keeps the plans of events that began under another configuration.
type planCache struct {
	mu       sync.Mutex
	byDigest map[string]*router.Plan
}

func (c *planCache) keep(p *router.Plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keepLocked(p)
}

func (c *planCache) keepLocked(p *router.Plan) {
	if c.byDigest == nil || len(c.byDigest) >= maxPlans {
		c.byDigest = map[string]*router.Plan{}
	}
	c.byDigest[p.Digest] = p
}

func (d *Daemon) planOf(digest string) (*router.Plan, error) {
	d.plans.mu.Lock()
	defer d.plans.mu.Unlock()
	if p := d.plans.byDigest[digest]; p != nil {
		return p, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), planTimeout)
	defer cancel()
	snapshot, err := d.journal.Plan(ctx, digest)
	if errors.Is(err, router.ErrNotFound) {
		return nil, fmt.Errorf("the journal has no plan %.12s", digest)
	}
	if err != nil {
		return nil, err
	}
	p, err := config.Compile(snapshot, digest)
	if err != nil {
		return nil, fmt.Errorf("compiling the plan %.12s: %w", digest, err)
	}
	d.plans.keepLocked(p)
	return p, nil
}

// keepPlan has the journal hold the plan before anything is routed by it.
func (d *Daemon) keepPlan(ctx context.Context, next *loaded) error {
	err := d.journal.Apply(ctx, router.Change{PlanDigest: next.config.Plan.Digest, Plan: next.config.Snapshot})
	if err != nil {
		return fmt.Errorf("keeping the plan in the journal: %w", err)
	}
	return nil
}

// formerPlan is one that another has replaced.
type formerPlan struct {
	digest   string
	replaced time.Time
}

// replaces has a load remember the plans that it replaces, a while ago at most.
func (l *loaded) replaces(before *loaded, at time.Time) {
	for _, p := range append(before.former, formerPlan{before.config.Plan.Digest, at}) {
		if at.Sub(p.replaced) < planGrace {
			l.former = append(l.former, p)
		}
	}
}

// plans are the digests that the journal must keep: of the plan in force, and of
// those that somebody may still be writing an event under.
func (l *loaded) plans(at time.Time) []string {
	digests := []string{l.config.Plan.Digest}
	for _, p := range l.former {
		if at.Sub(p.replaced) < planGrace {
			digests = append(digests, p.digest)
		}
	}
	return digests
}
