package bench

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router/internal/appdirect"
)

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Options)
		want   string // of the error; "" for none
	}{
		"the defaults":          {func(*Options) {}, ""},
		"too short":             {func(o *Options) { o.For = time.Millisecond }, "between 100ms and 10m0s, not 1ms"},
		"too long":              {func(o *Options) { o.For = time.Hour }, "not 1h0m0s"},
		"no concurrency":        {func(o *Options) { o.Concurrency = nil }, "no concurrency"},
		"too little at once":    {func(o *Options) { o.Concurrency = []int{1, 0} }, "between 1 and 256, not 0"},
		"too much at once":      {func(o *Options) { o.Concurrency = []int{257} }, "not 257"},
		"no route":              {func(o *Options) { o.Routes = 0 }, "between 1 and 10000, not 0"},
		"more routes than ever": {func(o *Options) { o.Routes = 10_001 }, "not 10001"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{For: 5 * time.Second, Concurrency: []int{1, 64, 256}, Routes: 1}
			test.change(&o)
			err := o.Check()
			switch {
			case err == nil && test.want != "":
				t.Errorf("no error; want one with %q", test.want)
			case err != nil && (test.want == "" || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v; want %q", err, test.want)
			}
		})
	}
}

// A worker takes 10 ms for each event, so 8 of them do 800 in a second.
func TestDriveIsAClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last atomic.Int64
		seen := map[int64]bool{}
		numbers := make(chan int64, 1000)
		work := func(n int64) error {
			numbers <- n
			<-time.After(10 * time.Millisecond)
			if n%4 == 0 {
				return errLate
			}
			return nil
		}
		s, err := drive(t.Context(), same(work, 8), time.Second-time.Millisecond, &last)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.took) != 800 || s.late != 200 || s.elapsed != time.Second {
			t.Errorf("%d events, %d of them late, in %s; want 800, 200, 1s", len(s.took), s.late, s.elapsed)
		}
		for range s.took {
			n := <-numbers
			if seen[n] {
				t.Errorf("event %d came twice", n)
			}
			seen[n] = true
		}
		m := measured{sample: s, cpu: []time.Duration{80 * time.Millisecond, 40 * time.Millisecond}}
		if got, want := m.figures(), (Figures{Events: 800, PerSecond: 800, P50: 10_000, P99: 10_000, CPU: 150}); got != want {
			t.Errorf("the figures are %+v; want %+v", got, want)
		}
	})
}

func TestDriveEnds(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		cancelled bool
		work      operation
		want      error
		events    int // at the end; -1 for some
	}{
		"at an error":                 {work: func(int64) error { return broken }, want: broken, events: -1},
		"when it is called off":       {cancelled: true, work: func(int64) error { return nil }, want: context.Canceled},
		"when the time is up":         {work: func(int64) error { <-time.After(7 * time.Second); return nil }, events: 4 * 9},
		"when the events are used up": {work: func(int64) error { return nil }, events: maxEvents},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.cancelled {
					cancel()
				}
				var last atomic.Int64
				last.Store(5)
				s, err := drive(ctx, same(test.work, 4), time.Minute, &last)
				if !errors.Is(err, test.want) {
					t.Errorf("%v; want %v", err, test.want)
				}
				if test.events >= 0 && len(s.took) != test.events {
					t.Errorf("%d events were made; want %d", len(s.took), test.events)
				}
			})
		})
	}
}

func TestQuantile(t *testing.T) {
	m := measured{}
	if got := m.quantile(0.99); got != 0 {
		t.Errorf("of nothing, %v; want 0", got)
	}
	for i := range 101 {
		m.took = append(m.took, time.Duration(i)*time.Microsecond)
	}
	for q, want := range map[float64]Micros{0: 0, 0.5: 50, 0.99: 99, 1: 100} {
		if got := m.quantile(q); got != want {
			t.Errorf("%v of 0…100 µs is %v; want %v", q, got, want)
		}
	}
}

func TestCallerReadsAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   string // of the error; "" for none
	}{
		"success":        {200, `{"success":true,"accountIdentifier":"a"}`, ""},
		"failure":        {200, `{"success":false,"errorCode":"UNAUTHORIZED"}`, `no success: HTTP 200 {"success":false`},
		"later":          {202, ``, errLate.Error()},
		"refusal":        {401, `{"success":true}`, "HTTP 401"},
		"no JSON":        {200, `<result/>`, "no success"},
		"not now at all": {503, ``, "HTTP 503"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if got := req.URL.Query().Get("url"); got != "http://market.example/events/1?a=b" {
					t.Errorf("the event's address came as %q", got)
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}))
			defer server.Close()
			callers, err := openCallers(server.URL, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer closeCallers(callers)
			// Twice, for the connection must be as good as before.
			for range 2 {
				err = callers[0].notify("http://market.example/events/1?a=b")
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("%v; want %q", err, test.want)
				}
			}
		})
	}
}

func TestMarketplaceServesOrders(t *testing.T) {
	m, err := openMarketplace()
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	for _, n := range []int64{1, customers + 2} {
		res, err := http.Get(m.address(n))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		d, err := appdirect.Decode(body)
		if err != nil || d.Type != eventType {
			t.Errorf("event %d is %q, %v; want a %s", n, d.Type, err, eventType)
		}
	}
	res, err := http.Post(m.address(1)+"/result", "application/json", strings.NewReader(`{"success":true}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("a result is answered %d; want 200", res.StatusCode)
	}
}

func TestProcessFigures(t *testing.T) {
	self := os.Getpid()
	cpu, err := cpuOf([]int{self})
	if err != nil || cpu[0] <= 0 {
		t.Errorf("this process had %v of CPU time, %v", cpu, err)
	}
	if peak, err := peakOf(self); err != nil || peak < 1<<20 {
		t.Errorf("this process had %d bytes, %v", peak, err)
	}
	const nobody = 1 << 30 // more than the kernel gives
	if _, err := cpuOf([]int{nobody}); err == nil {
		t.Error("nobody has CPU time")
	}
	if _, err := peakOf(nobody); err == nil {
		t.Error("nobody has memory")
	}
}
