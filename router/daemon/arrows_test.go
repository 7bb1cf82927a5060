package daemon_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/signalbox/signalbox/"

// allowed says, for each room, which of our own packages it may import. A name
// that ends in a slash stands for all that lies below.
var allowed = map[string][]string{
	"router":                              {},
	"router/routertest":                   {"router"},
	"router/internal/oauth":               {"router"},
	"router/internal/config":              {"router"},
	"router/internal/appdirect":           {"router", "router/internal/oauth"},
	"router/internal/subscriptionbridge":  {"router"},
	"router/internal/webhook":             {"router"},
	"router/internal/journal/journaltest": {"router"},
	"router/internal/journal/sqlite":      {"router"},
	"router/internal/journal/powerfs":     {},
	"router/internal/journal/fault":       {"router"},
	"router/internal/plug":                {"router", "sdk/proto/"},
	"router/internal/admin":               {"router"},
	"router/internal/seal":                {"router"},
	"router/internal/systemd":             {"router"},
	"router/internal/simulate":            {"router", "router/internal/oauth", "router/internal/appdirect", "router/internal/subscriptionbridge"},
	"router/daemon":                       {"router", "router/internal/", "plugins", "sdk"},
	"router/daemon/operator":              {"router", "router/internal/admin"},
	"router/daemon/bench":                 {"router", "router/internal/", "router/daemon", "sdk"},
	"router/daemon/routes":                {"router", "router/internal/", "router/daemon", "router/daemon/operator"},
	"router/daemon/schema":                {"router/daemon"},
	"router/daemon/sandbox":               {"router", "router/internal/", "router/daemon"},
	"cmd/signalbox":                       {"router", "router/daemon", "router/daemon/"},
	"sdk":                                 {"sdk/proto/"},
	"sdk/proto/signalbox/plugin/v1":       {},
	"sdk/sdktest":                         {"sdk", "sdk/proto/"},
	"plugins":                             {"sdk", "plugins/"},
	"plugins/billing":                     {"sdk", "plugins/internal/"},
	"plugins/crm":                         {"sdk", "plugins/internal/"},
	"plugins/email":                       {"sdk", "plugins/internal/"},
	"plugins/subscriptionbridge":          {"sdk", "plugins/internal/"},
	"plugins/webhook":                     {"sdk", "plugins/internal/"},
	"plugins/internal/outbound":           {"sdk"},
}

// foreign are the third parties whose types may show in package router.
var foreign = []string{"github.com/rs/zerolog", "github.com/google/uuid"}

func list(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestArrows(t *testing.T) {
	for _, line := range list(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		fields := strings.Fields(line)
		room := strings.TrimPrefix(fields[0], module)
		may, known := allowed[room]
		if !known {
			t.Errorf("package %s is in no room of the house: say in this test what it may import", room)
			continue
		}
		for _, imported := range fields[1:] {
			if own, ok := strings.CutPrefix(imported, module); ok && !permits(may, own) {
				t.Errorf("%s imports %s", room, own)
			}
		}
	}
}

func permits(may []string, own string) bool {
	for _, m := range may {
		if own == m || strings.HasSuffix(m, "/") && strings.HasPrefix(own, m) {
			return true
		}
	}
	return false
}

func TestTheStoryKnowsNoForeignTongue(t *testing.T) {
	for _, imported := range list(t, "-f", `{{join .Imports "\n"}}`, "./router") {
		first, _, _ := strings.Cut(imported, "/")
		if strings.Contains(first, ".") && !permits(foreign, imported) {
			t.Errorf("package router imports %s; it may import the standard library, %v", imported, foreign)
		}
	}
}

func TestTheBinaryIsPureGo(t *testing.T) {
	for _, p := range list(t, "-deps", "-f", `{{if and .CgoFiles (not .Standard)}}{{.ImportPath}}{{end}}`, "./cmd/signalbox") {
		if p != "" {
			t.Errorf("%s needs cgo", p)
		}
	}
}
