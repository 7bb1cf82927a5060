package sandbox

import (
	"context"
	"net/http"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/simulate"
)

// The names of the sources.
const (
	marketSource = "appdirect.market"
	storeSource  = "subscriptionbridge.store"
)

// play has customers and a store live through everything.
func (s *sandbox) play(ctx context.Context) {
	customer := simulate.NewCustomer(1)
	s.show.title(customer.Company.Name + " buys, uses and cancels")
	for _, step := range simulate.Life() {
		e := customer.Event(step)
		switch step {
		case "USER_ASSIGNMENT":
			s.show.remark("The marketplace stumbles when the event is fetched: the caller gets 202 at once, the answer follows.")
			e.Faults = simulate.Faults{Fail: 1, Status: http.StatusServiceUnavailable}
		case "SUBSCRIPTION_CHANGE":
			s.show.remark("Stripe fails once: the delivery is retried within the caller's limit.")
			s.stripe.FailNext(1, http.StatusTooManyRequests)
		}
		s.marketplaceSends(ctx, customer, step, e)
	}
	unpaid := simulate.NewCustomer(2)
	s.show.title(unpaid.Company.Name + " never pays")
	for _, step := range simulate.UnpaidLife() {
		s.marketplaceSends(ctx, unpaid, step, unpaid.Event(step))
	}
	s.show.title("A store's clock drives dunning (SubscriptionBridge)")
	for _, action := range simulate.Actions() {
		s.storeSends(ctx, action)
	}
	patient := simulate.NewCustomer(4)
	for _, mishap := range []func(){
		func() { s.stuckLane(ctx, simulate.NewCustomer(3), patient) },
		func() { s.deadPlugin(ctx, patient) },
		func() { s.failureMail(ctx, simulate.NewCustomer(5)) },
	} {
		if ctx.Err() == nil {
			mishap()
		}
	}
}

// marketplaceSends has the marketplace send an event, waits for all that comes
// of it, and shows it.
func (s *sandbox) marketplaceSends(ctx context.Context, customer *simulate.Customer, step string, e simulate.Event) *router.Story {
	return s.end(ctx, s.begin(ctx, customer, step, e))
}

// pending is an event that the marketplace has sent, and whose result it may
// still wait for.
type pending struct {
	customer *simulate.Customer
	step     string
	event    simulate.Event
	query    router.Query // that finds it in the journal, until the next of its type
	done     chan struct{}
	// Once done is closed:
	x   simulate.Exchange
	err error
}

// begin has the marketplace send an event. Whoever begins it must end it.
func (s *sandbox) begin(ctx context.Context, customer *simulate.Customer, step string, e simulate.Event) *pending {
	p := &pending{
		customer: customer, step: step, event: e, done: make(chan struct{}),
		query: router.Query{Source: marketSource, Type: e.Type, Since: time.Now()},
	}
	go func() {
		defer close(p.done)
		p.x, p.err = s.marketplace.Send(ctx, s.daemon.URL()+"/appdirect?url={eventUrl}", e)
	}()
	return p
}

// end waits for the result of an event and all that comes of it, which it
// shows. The story is nil where there is none, which is a failure.
func (s *sandbox) end(ctx context.Context, p *pending) *router.Story {
	<-p.done // callbackWithin bounds it
	if ctx.Err() != nil {
		return nil
	}
	if p.x.Result != nil {
		p.customer.Learn(p.event, *p.x.Result)
	}
	story, _ := s.await(ctx, p.query, (*router.State).Finished)
	s.show.exchange(p.step+" of "+p.customer.Company.Name, p.x, story, p.err)
	return story
}

func (s *sandbox) storeSends(ctx context.Context, action string) {
	if ctx.Err() != nil {
		return
	}
	x, err := s.store.Send(ctx, "SANDBOX20261121A", action)
	story, _ := s.await(ctx, router.Query{Source: storeSource, Type: action}, (*router.State).Finished)
	s.show.eventRequest(action, x, story, err)
}

// await waits until the newest event that matches stands as wanted, and tells
// its story; or, after finishWithin, its story as it is, or nil, with false.
func (s *sandbox) await(ctx context.Context, q router.Query, as func(*router.State) bool) (story *router.Story, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, finishWithin)
	defer cancel()
	q.Limit = 1
	for {
		if found, err := s.daemon.Events(ctx, q); err == nil && len(found) > 0 {
			if told, err := s.daemon.Story(ctx, found[0].Event.ID); err == nil {
				story, ok = told, as(&told.State)
			}
		}
		if ok || !s.pause(ctx) {
			return story, ok
		}
	}
}

// finishPoll is how often the journal is asked again: what is written lazily
// lands a moment after the event has finished.
const finishPoll = 20 * time.Millisecond

// pause waits until it is worth asking again; false once ctx is done.
func (s *sandbox) pause(ctx context.Context) bool {
	select {
	case <-s.finished:
	case <-time.After(finishPoll):
	case <-ctx.Done():
		return false
	}
	return true
}
