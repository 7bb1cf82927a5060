package pluginv1_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

var update = flag.Bool("update", false, "add what is new to contract.txt")

const contractFile = "contract.txt"

// TestContract fails if anything that was published is missing or has changed:
// a field's number or type, a call, a value of an enum. What is new must be
// added with -update, which never takes a line away.
func TestContract(t *testing.T) {
	b, err := os.ReadFile(contractFile)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	published := strings.Split(strings.TrimSpace(string(b)), "\n")
	now := contract(pluginv1.File_signalbox_plugin_v1_plugin_proto)
	if *update {
		all := append(slices.Clone(now), published...)
		slices.Sort(all)
		text := strings.TrimSpace(strings.Join(slices.Compact(all), "\n")) + "\n"
		if err := os.WriteFile(contractFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, line := range breaks(published, now) {
		t.Errorf("published, and now missing or changed: %s", line)
	}
	for _, line := range breaks(now, published) {
		t.Errorf("not in %s; add it with -update: %s", contractFile, line)
	}
}

// TestContractNoticesABreak changes one fact of each kind.
func TestContractNoticesABreak(t *testing.T) {
	published := contract(pluginv1.File_signalbox_plugin_v1_plugin_proto)
	for _, kind := range []string{"field ", "enum ", "rpc "} {
		i := slices.IndexFunc(published, func(s string) bool { return strings.HasPrefix(s, kind) })
		if i < 0 {
			t.Errorf("the contract lists no %s", kind)
			continue
		}
		changed := slices.Delete(slices.Clone(published), i, i+1)
		if got := breaks(published, changed); len(got) != 1 || got[0] != published[i] {
			t.Errorf("without %q: breaks are %q", published[i], got)
		}
	}
}

// breaks are the lines of published that now lacks.
func breaks(published, now []string) []string {
	return slices.DeleteFunc(slices.Clone(published), func(line string) bool { return slices.Contains(now, line) })
}

// contract lists the facts of a file, one a line, sorted.
func contract(f protoreflect.FileDescriptor) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for i := range f.Services().Len() {
		s := f.Services().Get(i)
		for j := range s.Methods().Len() {
			m := s.Methods().Get(j)
			add("rpc /%s/%s(%s) returns (%s)", s.FullName(), m.Name(),
				streamed(m.IsStreamingClient(), m.Input().FullName()), streamed(m.IsStreamingServer(), m.Output().FullName()))
		}
	}
	var messages func(protoreflect.MessageDescriptors)
	messages = func(ms protoreflect.MessageDescriptors) {
		for i := range ms.Len() {
			m := ms.Get(i)
			for j := range m.Fields().Len() {
				add("field %s", field(m.Fields().Get(j)))
			}
			enums(m.Enums(), add)
			messages(m.Messages())
		}
	}
	messages(f.Messages())
	enums(f.Enums(), add)
	slices.Sort(lines)
	return lines
}

func enums(es protoreflect.EnumDescriptors, add func(string, ...any)) {
	for i := range es.Len() {
		for j := range es.Get(i).Values().Len() {
			v := es.Get(i).Values().Get(j)
			add("enum %s.%s = %d", es.Get(i).FullName(), v.Name(), v.Number())
		}
	}
}

func field(f protoreflect.FieldDescriptor) string {
	kind := f.Kind().String()
	switch {
	case f.Message() != nil:
		kind = string(f.Message().FullName())
	case f.Enum() != nil:
		kind = string(f.Enum().FullName())
	}
	in := ""
	if f.ContainingOneof() != nil {
		in = fmt.Sprintf(" of %s", f.ContainingOneof().Name())
	}
	return fmt.Sprintf("%s = %d %s %s%s", f.FullName(), f.Number(), f.Cardinality(), kind, in)
}

func streamed(stream bool, name protoreflect.FullName) string {
	if stream {
		return "stream " + string(name)
	}
	return string(name)
}
