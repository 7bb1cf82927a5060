package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router/internal/appdirect"
	"github.com/signalbox/signalbox/router/internal/simulate"
)

// eventType is that of all events: the one that carries most, and whose answer
// must carry something too.
const eventType = "SUBSCRIPTION_ORDER"

// customers is how many orders are made up: enough that no two neighbours are
// alike.
const customers = 64

// eventsPath is where events are served (AppDirect documentation, "Integration
// events", notification URLs).
const eventsPath = "/api/integration/v1/events/"

// marketplace serves one order for each token, written before anything is
// measured. It verifies nothing: its time is not the daemon's.
type marketplace struct {
	orders [customers][]byte
	server *http.Server
	url    string
	served chan struct{} // closed when it serves no more
}

func openMarketplace() (*marketplace, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the marketplace: %w", err)
	}
	m := &marketplace{url: "http://" + listener.Addr().String(), served: make(chan struct{})}
	for i := range m.orders {
		if m.orders[i], err = order(uint64(i), m.url); err != nil {
			listener.Close()
			return nil, fmt.Errorf("writing an order: %w", err)
		}
	}
	m.server = &http.Server{Handler: m, ReadTimeout: answerWithin}
	go func() {
		defer close(m.served)
		// Serve returns when close ends it.
		_ = m.server.Serve(listener)
	}()
	return m, nil
}

// order is the document of a customer's order at the marketplace of that base
// address.
func order(customer uint64, base string) ([]byte, error) {
	e := simulate.NewCustomer(customer).Event(eventType)
	e.Attributes["marketplace"] = map[string]any{"partner": "BENCH", "baseUrl": base}
	payload, err := json.Marshal(e.Payload)
	if err != nil {
		return nil, err
	}
	attributes, err := json.Marshal(e.Attributes)
	if err != nil {
		return nil, err
	}
	return appdirect.Document{Type: eventType, Payload: payload, Attributes: attributes}.JSON()
}

// address is where event number n is fetched.
func (m *marketplace) address(n int64) string {
	return m.url + eventsPath + strconv.FormatInt(n, 10)
}

// document is what event number n tells.
func (m *marketplace) document(n int64) []byte { return m.orders[n%customers] }

// ServeHTTP serves the events, and takes the results of those that were late.
func (m *marketplace) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodPost {
		if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, req.Body, maxAnswer)); err != nil {
			http.Error(w, "the result is too large", http.StatusRequestEntityTooLarge)
		}
		return
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(req.URL.Path, eventsPath), 10, 64)
	if err != nil || n < 0 {
		http.NotFound(w, req)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A daemon that has gone needs no document.
	_, _ = w.Write(m.document(n))
}

// stopWithin bounds the stop of each part, the daemon's with what it still has
// in hand included.
const stopWithin = 10 * time.Second

func (m *marketplace) close() {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := m.server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		m.server.Close()
	}
	<-m.served
}
