package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	unitFile   = "../../../cmd/signalbox/package/signalbox.service"
	unitBinary = "/usr/bin/signalbox"
)

func readUnit(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The daemon counts on these: without them its notices, its shutdown, its
// directories or its secrets would not work as they do.
func TestUnitKeepsWhatTheDaemonCountsOn(t *testing.T) {
	lines := strings.Split(readUnit(t), "\n")
	for _, want := range []string{
		"Type=notify",
		"NotifyAccess=main",
		"ExecStart=" + unitBinary + " run /etc/signalbox/config.hcl",
		"ExecReload=" + unitBinary + " reload",
		"LimitCORE=0",
		"KillMode=mixed",
		"StateDirectory=signalbox",
		"RuntimeDirectory=signalbox",
		"ConfigurationDirectory=signalbox",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("the unit lacks %s", want)
		}
	}
}

func TestUnitIsAcceptedBySystemd(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the unit can't be checked: %v", err)
		}
		t.Skip("systemd-analyze, the only judge of a unit, is not installed on this machine")
	}
	// The binary need not be installed for its unit to be right.
	dir := t.TempDir()
	standIn := filepath.Join(dir, "signalbox")
	if err := os.WriteFile(standIn, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(dir, "signalbox.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(readUnit(t), unitBinary, standIn)), 0o644); err != nil {
		t.Fatal(err)
	}
	// systemd-analyze warns of much and still exits with 0: silence is the test.
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", "--recursive-errors=no", unit).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
