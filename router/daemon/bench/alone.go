package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/appdirect"
	"github.com/signalbox/signalbox/router/internal/journal/sqlite"
	"github.com/signalbox/signalbox/router/internal/plug"
)

// journal measures what the journal can do: each event is accepted and settled,
// and noted as replied behind that, as the journey does.
func (b *bench) journal(ctx context.Context, concurrency int) (f Figures, err error) {
	path := filepath.Join(b.dir, "journal-"+strconv.Itoa(concurrency)+".db")
	j, err := sqlite.Open(ctx, sqlite.Options{Path: path, Log: zerolog.Nop()})
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	var documents [customers]appdirect.Document
	for i := range documents {
		if documents[i], err = appdirect.Decode(b.market.document(int64(i))); err != nil {
			return f, fmt.Errorf("reading an order: %w", err)
		}
	}
	work := func(n int64) error {
		e := b.event(n, &documents[n%customers])
		state := opened()
		if existing, err := j.Accept(ctx, &e, &state); err != nil || existing != nil {
			return errors.Join(err, errors.New("the event was not accepted"))
		}
		settled, attempts := settle(state, e.Received)
		err := j.Apply(ctx, router.Change{Event: e.ID, Version: 1, State: &settled, Deliveries: []int{0}, Attempts: attempts})
		if err != nil {
			return err
		}
		replied := settled
		replied.Told, replied.Ended = router.ToldReplied, time.Now()
		return j.Apply(ctx, router.Change{Event: e.ID, Version: 2, State: &replied, Lazy: true})
	}
	m, err := measure(ctx, same(work, concurrency), b.opt.For, &b.last, os.Getpid())
	if err != nil {
		return f, err
	}
	return m.figures(), nil
}

// event is event number n as the daemon journals it.
func (b *bench) event(n int64, d *appdirect.Document) router.Event {
	id, now, token := uuid.Must(uuid.NewV7()).String(), time.Now(), strconv.FormatInt(n, 10)
	return router.Event{
		ID: id, Source: "appdirect.bench", Type: d.Type, Lane: id, Seq: now.UnixNano(), Received: now,
		Payload: d.Payload, Attributes: d.Attributes, Raw: b.market.document(n), Plan: "bench",
		Notice: router.Notice{
			Source: "appdirect.bench", Key: b.market.url + "|" + token, Address: b.market.address(n), Base: b.market.url,
			Token: token, Credential: consumerKey, Format: "json", Received: now,
		},
	}
}

// opened is the state that an event is accepted with.
func opened() router.State {
	return router.State{Phase: router.Open, Live: true, Rules: router.DefaultRules()}
}

// settle is the state that the delivery's success leads to.
func settle(s router.State, at time.Time) (router.State, []router.AttemptRow) {
	s.Phase, s.Routes = router.Settled, []string{"order"}
	s.Verdict = &router.Verdict{Kind: router.Success, Reply: json.RawMessage(`{"accountIdentifier":"cus_0000000000"}`)}
	d := router.Delivery{
		Name: "order/customer", To: action(), Ordered: true, Policy: router.DefaultPolicy(), Rev: 1,
		Status: router.DoneSucceeded, Attempts: 1, First: at, KeySent: at,
		Input: input(), Output: json.RawMessage(`{"customer_id":"cus_0000000000"}`),
	}
	s.Deliveries = []router.Delivery{d}
	return s, []router.AttemptRow{{Delivery: d.Name, Number: 1, Began: at, Took: time.Since(at), Outcome: router.Succeeded}}
}

// stream measures what calls of a plugin's action can do.
func (b *bench) stream(ctx context.Context, concurrency int) (f Figures, err error) {
	catalog := plug.New(plug.Options{Log: zerolog.Nop()})
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		catalog.Stop(ctx)
	}()
	stage := catalog.Stage()
	defer stage.Discard()
	program := plug.Program{Name: PluginName, Path: b.self, Args: []string{"plugin-serve", PluginName}, MTLS: true}
	if _, err := stage.Describe(ctx, program); err != nil {
		return f, err
	}
	if err := stage.Configure(ctx, PluginName, router.NewSecret([]byte("{}"))); err != nil {
		return f, err
	}
	stage.Commit()
	document, err := appdirect.Decode(b.market.document(0))
	if err != nil {
		return f, fmt.Errorf("reading an order: %w", err)
	}
	e := b.event(0, &document)
	envelope, err := e.Envelope()
	if err != nil {
		return f, fmt.Errorf("writing an event: %w", err)
	}
	work := func(n int64) error {
		delivery := strconv.FormatInt(n, 10) + "/order/customer"
		outcome := catalog.Call(ctx, router.Call{
			To: action(), Delivery: delivery, Key: delivery + ":0", Attempt: 1,
			Event: envelope, Input: input(), Deadline: time.Now().Add(answerWithin),
		})
		if outcome.Kind != router.Succeeded {
			return fmt.Errorf("the plugin did not succeed: %s %s", outcome.Kind, outcome.Detail)
		}
		return nil
	}
	m, err := measure(ctx, same(work, concurrency), b.opt.For, &b.last, os.Getpid(), catalog.Status()[0].Pid)
	if err != nil {
		return f, err
	}
	return m.figures(), nil
}

// same has so many workers do the same.
func same(work operation, count int) []operation {
	workers := make([]operation, count)
	for i := range workers {
		workers[i] = work
	}
	return workers
}
