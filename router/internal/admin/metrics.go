package admin

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/signalbox/signalbox/router"
)

// Metrics counts what the router tells of, for Prometheus. Times are in
// seconds. Labels are names from the configuration, and words from short lists:
// what a caller sends is never one, so that nobody can make series at will.
type Metrics struct {
	registry *prometheus.Registry

	answers   *prometheus.HistogramVec
	refused   *prometheus.CounterVec
	accepted  *prometheus.CounterVec
	fetches   *prometheus.HistogramVec
	attempts  *prometheus.HistogramVec
	callbacks *prometheus.HistogramVec
	failures  *prometheus.CounterVec
	finished  *prometheus.CounterVec
}

// Gauges are what is measured when Prometheus asks.
type Gauges struct {
	// InMemory and AtRest are unfinished events.
	InMemory, AtRest int
	// Held events wait for an operator; they are counted up to 1000.
	Held int
	// Overdue is for how long the work that is most behind is late.
	Overdue time.Duration
	// Writable is whether the journal's last write went well.
	Writable bool
	// JournalBytes is the size of the journal's files.
	JournalBytes int64
	Plugins      []Plugin
}

// Buckets: what a marketplace waits for is at most 5 s, a store 20 s.
var (
	answerBuckets = []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 4, 5, 10, 20}
	callBuckets   = []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
)

var _ router.Observer = (*Metrics)(nil)

// NewMetrics makes metrics that ask gauges for what is not counted; it is
// called at once with each request for the metrics.
func NewMetrics(version string, gauges func() Gauges) *Metrics {
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		answers: histogram("signalbox_answer_seconds",
			"Answers to callers by what they were told, and how long after the request.", answerBuckets, "source", "told"),
		refused:  counter("signalbox_refused_total", "Requests that a source refused.", "source"),
		accepted: counter("signalbox_accepted_total", "Events written to the journal.", "source"),
		fetches: histogram("signalbox_fetch_seconds",
			"Fetches of events by result; a retry is counted each time.", callBuckets, "source", "result"),
		attempts: histogram("signalbox_attempt_seconds",
			"Attempts of deliveries by outcome.", callBuckets, "plugin", "action", "outcome"),
		callbacks: histogram("signalbox_callback_seconds",
			"Attempts of callbacks by outcome.", callBuckets, "source", "outcome"),
		failures: counter("signalbox_failures_total", "Failure events by type.", "type"),
		finished: counter("signalbox_finished_total", "Events with nothing left to do, by how they ended.", "source", "end"),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "signalbox_build_info", Help: "1, with the version as a label.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.answers, m.refused, m.accepted, m.fetches, m.attempts, m.callbacks, m.failures, m.finished, build,
		newGaugeCollector(gauges), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, t := range router.FailureTypes() {
		m.failures.WithLabelValues(t) // from 0 on, so that the first is an increase
	}
	return m
}

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: requestTimeout})
}

// maxScrapes bounds the requests for metrics at one time; each asks the journal.
const maxScrapes = 4

// Answered is router.Observer's, as are those that follow.
func (m *Metrics) Answered(source string, kind router.VerdictKind, took time.Duration) {
	m.answers.WithLabelValues(source, string(kind)).Observe(took.Seconds())
}

func (m *Metrics) Refused(source string) { m.refused.WithLabelValues(source).Inc() }

func (m *Metrics) Accepted(source, _ string) { m.accepted.WithLabelValues(source).Inc() }

func (m *Metrics) Fetched(source string, failure *router.FetchError, took time.Duration) {
	result := "succeeded"
	if failure != nil {
		result = failure.Kind.String()
	}
	m.fetches.WithLabelValues(source, result).Observe(took.Seconds())
}

func (m *Metrics) Attempted(to router.ActionRef, kind router.OutcomeKind, took time.Duration) {
	m.attempts.WithLabelValues(to.Plugin, to.Action, string(kind)).Observe(took.Seconds())
}

func (m *Metrics) CalledBack(source string, kind router.OutcomeKind, took time.Duration) {
	m.callbacks.WithLabelValues(source, string(kind)).Observe(took.Seconds())
}

func (m *Metrics) Failed(eventType string) { m.failures.WithLabelValues(eventType).Inc() }

func (m *Metrics) Finished(e *router.Event, s *router.State) {
	end := string(s.Phase)
	if s.Verdict != nil {
		end = string(s.Verdict.Kind)
	}
	m.finished.WithLabelValues(e.Source, end).Inc()
}

// gaugeCollector asks for the gauges once a scrape.
type gaugeCollector struct {
	ask                                        func() Gauges
	unfinished, held, overdue, writable, bytes *prometheus.Desc
	pluginRunning, pluginRestarts              *prometheus.Desc
}

func newGaugeCollector(ask func() Gauges) *gaugeCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &gaugeCollector{
		ask:            ask,
		unfinished:     desc("signalbox_unfinished_events", "Events with something left to do.", "where"),
		held:           desc("signalbox_held_events", "Events that wait for an operator, up to 1000."),
		overdue:        desc("signalbox_oldest_overdue_seconds", "For how long the work that is most behind is late; 0 is as it should be."),
		writable:       desc("signalbox_journal_writable", "1 if the journal's last write went well."),
		bytes:          desc("signalbox_journal_bytes", "The size of the journal's files."),
		pluginRunning:  desc("signalbox_plugin_running", "1 while the plugin's process runs.", "plugin"),
		pluginRestarts: desc("signalbox_plugin_restarts_total", "Processes of the plugin that were started after the first.", "plugin"),
	}
}

func (c *gaugeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.unfinished, c.held, c.overdue, c.writable, c.bytes, c.pluginRunning, c.pluginRestarts} {
		ch <- d
	}
}

func (c *gaugeCollector) Collect(ch chan<- prometheus.Metric) {
	g := c.ask()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(c.unfinished, float64(g.InMemory), "memory")
	gauge(c.unfinished, float64(g.AtRest), "rest")
	gauge(c.held, float64(g.Held))
	gauge(c.overdue, g.Overdue.Seconds())
	gauge(c.writable, truth(g.Writable))
	gauge(c.bytes, float64(g.JournalBytes))
	for _, p := range g.Plugins {
		gauge(c.pluginRunning, truth(p.State == "running"), p.Name)
		ch <- prometheus.MustNewConstMetric(c.pluginRestarts, prometheus.CounterValue, float64(p.Restarts), p.Name)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
