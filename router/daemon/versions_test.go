package daemon_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/plug"
)

const (
	// someReloads are a few seconds' work.
	someReloads = 30
	// versionWorkers keep two cores busy, and leave some of them to reloads.
	versionWorkers = 4
)

// TestReloadsUnderLoad changes the configuration at random, at random moments,
// while events come in. Every post is answered and is one event; all of an event
// is done once, and by one version, which was in force while it came in; a
// version that was refused never shows. SIGNALBOX_SEED repeats a run.
func TestReloadsUnderLoad(t *testing.T) {
	seed := fromEnv(t, "SIGNALBOX_SEED", 1, strconv.Atoi)
	reloads := fromEnv(t, "SIGNALBOX_RELOADS", someReloads, strconv.Atoi)
	v := newVersions(t, uint64(seed))
	v.oweForever(t)
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for n := range versionWorkers {
		workers.Go(func() { v.load(ctx, t, n, n%2 == 0) })
	}
	counts := map[string]int{}
	for range reloads {
		v.awaitAnswers(t, v.dice.IntN(30))
		counts[v.edit(t)]++
		v.stamps.reloaded(false)
	}
	stop()
	v.stamps.reloaded(true)
	workers.Wait()
	v.expectWhole(t)
	t.Logf("seed %d: %d posts, version %d at last, %d posts came too late for an address; edits: %v", seed, v.posts.Load(), v.inForce.Load(), v.late.Load(), counts)
}

// oweForever has the second source owe work from now on.
func (v *versions) oweForever(t *testing.T) {
	t.Helper()
	status, body, err := postBody(v.client, v.at.base+"/owing", "owing")
	if err != nil || status != 202 {
		t.Fatalf("who is to wait is told %d %s, %v", status, body, err)
	}
}

// awaitAnswers waits until so many posts more are answered, or until all that
// are under way wait for a reload.
func (v *versions) awaitAnswers(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range n {
		select {
		case <-v.answered:
		case <-v.stamps.crowded:
			return
		case <-ctx.Done():
			t.Fatal("nobody is answered")
		}
	}
}

// edit changes the configuration and reloads. It says what kind of a change it
// was.
func (v *versions) edit(t *testing.T) string {
	t.Helper()
	next := v.inForce.Load() + 1
	if v.dice.IntN(2) == 0 {
		return v.spoil(t, next)
	}
	kind := "routes"
	switch v.dice.IntN(5) {
	case 0:
		kind = "listener"
		_, port, _ := strings.Cut(v.addresses[0], ":")
		places := slices.DeleteFunc(append(slices.Clone(v.addresses), "0.0.0.0:"+port), func(a string) bool { return a == v.at.listen })
		v.moveTo(places[v.dice.IntN(len(places))])
	case 1:
		kind = "plugin"
		v.life++
	case 2:
		kind = "plugin's name"
		v.hook = map[string]string{"hook": "other", "other": "hook"}[v.hook]
		v.stamps.reloaded(true) // what goes on until it is taken away would be owed
	}
	v.write(t, v.text(next))
	v.proposed.Store(next)
	if diags, err := v.Reload(t.Context(), false); err != nil {
		t.Fatalf("%s: %v\n%s", kind, err, written(t, diags))
	}
	v.took(next)
	return kind
}

// spoil writes a configuration that can't be put in force, and wants it refused.
func (v *versions) spoil(t *testing.T, version int64) string {
	t.Helper()
	good := v.text(version)
	hook := `plugin "` + v.hook + `" {`
	owing := good[strings.Index(good, `source "webhook" "owing"`):strings.Index(good, hook)]
	unwell := good[strings.Index(good, `plugin "unwell"`):strings.Index(good, `route "first`)]
	routeOwing := good[strings.Index(good, `route "owing"`):]
	spoilt := []struct{ name, text, why string }{
		{"syntax error", good[:len(good)/2+v.dice.IntN(len(good)/3)] + "\nroute {{\n", "the configuration has errors"},
		{"unknown plugin", strings.Replace(good, "to   = plugin."+v.hook+".post", "to   = plugin.hok.post", 1), "the configuration has errors"},
		{"source that owes", strings.NewReplacer(owing, "", routeOwing, "").Replace(good), "lacks source webhook.owing (1 unfinished event)"},
		{"plugin that owes", strings.NewReplacer(unwell, "", routeOwing, "").Replace(good), "lacks plugin unwell (1 unfinished event)"},
		{"address taken", strings.Replace(good, v.at.listen, v.taken.Addr().String(), 1), "address already in use"},
		{"journal", good + "\njournal \"sqlite\" { path = \"other.db\" }\n", "the journal's path is"},
		{"plugin that exits", strings.Replace(good, hook, "plugin \"exits\" {\n  exec = \"{self}\"\n  args = [\"bad-plugin\", \"exits\"]\n}\n\n"+hook, 1),
			"the configuration has errors"},
		{"all that owes", "state_dir = \"{dir}/state\"\nlisten = \"" + v.at.listen + "\"\n", "unfinished event"},
	}
	c := spoilt[v.dice.IntN(len(spoilt))]
	v.write(t, c.text)
	plugins, url := v.Plugins(), v.URL()
	_, err := v.Reload(t.Context(), false)
	if err == nil || !strings.Contains(err.Error(), c.why) {
		t.Fatalf("%s: the reload ends with %v; want %q", c.name, err, c.why)
	}
	if diff := cmp.Diff(inUse(plugins), inUse(v.Plugins())); diff != "" || v.URL() != url {
		t.Errorf("%s: a reload that was refused changed something: %s\n%s", c.name, v.URL(), diff)
	}
	return c.name
}

// inUse are the processes of the plugins in force. One that has been replaced a
// moment ago is older than its successor, or stops.
func inUse(all []plug.PluginStatus) map[string]int {
	pids := map[string]int{}
	for _, p := range all {
		if p.State == plug.Running && pids[p.Name] == 0 {
			pids[p.Name] = p.Pid
		}
	}
	return pids
}

// expectWhole holds every post's answer, its event and what was done for it
// against one another.
func (v *versions) expectWhole(t *testing.T) {
	t.Helper()
	records := v.all(t)
	if posts := int(v.posts.Load()); len(v.told) != posts || len(records) != posts {
		t.Errorf("of %d posts %d are answered, and %d are events", posts, len(v.told), len(records))
	}
	want, problems := map[string]int{}, 0
	for id, told := range v.told {
		rec, ok := records[id]
		if !ok {
			t.Errorf("%s was answered, and is no event", id)
			continue
		}
		version := fmt.Sprint("v", told.version)
		for _, part := range []string{"one", "two", "three"} {
			want[id+" "+part+" "+version]++
		}
		whole := told.version >= told.atLeast && told.version <= told.atMost && rec.State.Finished() && len(rec.State.Deliveries) == 3 &&
			slices.Equal(rec.State.Routes, []string{"first " + version, "second " + version})
		for i := range rec.State.Deliveries {
			d := &rec.State.Deliveries[i]
			whole = whole && d.Status == router.DoneSucceeded && strings.Contains(string(d.Input), `"version":"`+version+`"`)
		}
		if !whole && problems < 5 {
			problems++
			t.Errorf("%s was told %+v, and is %+v", id, told, rec.State)
		}
	}
	if diff := cmp.Diff(want, v.stamps.done); diff != "" {
		t.Errorf("what was done (-want +got):\n%.2000s", diff)
	}
}
