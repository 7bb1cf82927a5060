package daemon_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

// stateFiles are the names in the state directory.
func (r *rig) stateFiles(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(r.dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// rehearsed asks for a dry run, and wants plugins, routes and what is in the state
// directory to stay as they are.
func (r *rig) rehearsed(t *testing.T, force bool) *operator.DryRun {
	t.Helper()
	client := operator.Dial(r.Socket())
	plugins, files := r.Plugins(), r.stateFiles(t)
	plan, err := client.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run, err := client.DryRun(t.Context(), operator.Reload{Force: force})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plugins, r.Plugins()); diff != "" {
		t.Errorf("it did something to the plugins (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(files, r.stateFiles(t)); diff != "" {
		t.Errorf("it did something to the state directory (-before +after):\n%s", diff)
	}
	if after, err := client.Plan(t.Context()); err != nil || after.Digest != plan.Digest {
		t.Errorf("the plan is another one: %v", err)
	}
	return run
}

func TestDryRunDoesNothing(t *testing.T) {
	const sealed = "seal_key = \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"\n"
	r := startRig(t, sealed+rigConfig)
	r.serves(t, "order-before")
	for name, tc := range map[string]struct {
		config, refused string
		want            *operator.Changes
	}{
		"nothing": {rigConfig, "", &operator.Changes{Keeps: []string{"hook"}}},
		"routes": {strings.Replace(rigConfig, "account-1", "account-2", 1), "",
			&operator.Changes{Routes: []operator.Change{{Name: "order", Change: "changed"}}, Keeps: []string{"hook"}}},
		"a plugin": {strings.Replace(rigConfig, "    url ", "    headers = { a = \"b\" }\n    url ", 1), "",
			&operator.Changes{Plugins: []operator.Change{{Name: "hook", Change: "changed", What: []string{"config headers"}}}, Starts: []string{"hook"}}},
		"what needs a restart": {strings.Replace(rigConfig, `{dir}/state`, `{dir}/elsewhere`, 1), "that needs a restart",
			&operator.Changes{Settings: []operator.Change{{Name: "journal", Change: "changed"}, {Name: "state_dir", Change: "changed", What: []string{r.dir + "/state → " + r.dir + "/elsewhere"}}}, Keeps: []string{"hook"}}},
		"the sealing key": {rigConfig, "", &operator.Changes{Settings: []operator.Change{{Name: "seal_key", Change: "changed"}}, Keeps: []string{"hook"}}},
		"an error":        {rigConfig + "route \"x\" {}\n", "the configuration has errors", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "the sealing key" {
				tc.config = sealed + tc.config
			}
			r.configure(t, tc.config)
			before := r.tally(t)
			run := r.rehearsed(t, false)
			r.expectSince(t, before, tally{})
			if diff := cmp.Diff(tc.want, run.Changes); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if !strings.Contains(run.Refused, tc.refused) || (run.Refused == "") != (tc.refused == "") {
				t.Errorf("it is refused: %q", run.Refused)
			}
			if hasErrors := len(run.Diagnostics) > 0; hasErrors != (tc.want == nil) || hasErrors != (run.Plan == nil) {
				t.Errorf("diagnostics %v, plan %v", run.Diagnostics, run.Plan)
			}
			r.serves(t, "order-"+strings.ReplaceAll(name, " ", "-"))
		})
	}
	if strings.Contains(r.log.text(), "reloaded\"") {
		t.Error("the log says that it was reloaded")
	}
}

// What a reload would refuse for what is owed, a dry run says.
func TestDryRunOwed(t *testing.T) {
	r, configured := startOwing(t)
	configured(owedNothing)
	if run := r.rehearsed(t, false); !strings.Contains(run.Refused, owedByNothing) || run.Plan == nil {
		t.Errorf("got %+v", run)
	}
	if run := r.rehearsed(t, true); run.Refused != "" {
		t.Errorf("it is refused though it is forced: %s", run.Refused)
	}
}
