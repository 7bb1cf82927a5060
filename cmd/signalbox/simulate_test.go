package main

import (
	"strings"
	"testing"
)

func TestSimulateNobodyKnown(t *testing.T) {
	stdout, stderr, code := runCommand("simulate", "nosuch")
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, `unknown command "nosuch"`) {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	stdout, stderr, code = runCommand("simulate")
	if code != exitOK || !strings.Contains(stdout, "appdirect") || stderr != "" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}
