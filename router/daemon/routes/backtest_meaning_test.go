package routes

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon/operator"
)

// What is not known yet is compared by what it means: neither a text that is the
// same nor one that is laid out otherwise says enough.
func TestBacktestSeesWhatAnUnknownExpressionNames(t *testing.T) {
	const tail = "locals { free = \"%s\" }\n"
	input := func(value string) string {
		return backtested(`name = "x"`, fmt.Sprintf("deliver \"note\" {\n to = plugin.crm.upsert\n with = { name = %s }\n}\n", value))
	}
	needs := input(`"${local.free} ${deliver.company.id}"`)
	when := backtested(`name = "x"`, "deliver \"note\" {\n to = plugin.crm.upsert\n when = deliver.company.id == local.free\n with = { name = \"n\" }\n}\n")
	undo := backtested(`name = "x"`, "on_failure {\n deliver \"undo\" {\n to = plugin.crm.remove\n with = { name = \"${local.free} ${failure.code}\" }\n}\n}\n")
	reply := backtested(`name = "x"`, "reply { id = \"${deliver.company.id} ${local.free}\" }\n")
	merged := backtested(`name = "x"`, "deliver \"note\" {\n to = plugin.crm.upsert\n with = merge(jsondecode(deliver.company.id), { note = local.free })\n}\n")
	each := "route \"order\" {\n for_each = { one = local.free }\n from = [source.test.shop]\n" +
		" deliver \"company\" {\n to = plugin.crm.upsert\n with = { name = \"x\" }\n}\n reply { id = \"${deliver.company.id} ${each.value}\" }\n}\n"
	free := func(text, value string) string { return text + fmt.Sprintf(tail, value) }
	part := input(`"${local.texts.used} ${deliver.company.id}"`)
	for name, tc := range map[string]struct {
		now, next string
		names     []string // nil: the event does not change
	}{
		"a local in an input":           {free(needs, "FREE"), free(needs, "TRIAL"), []string{"local.free"}},
		"the same local":                {free(needs, "FREE"), free(needs, "FREE"), nil},
		"a local in a condition":        {free(when, "FREE"), free(when, "TRIAL"), []string{"local.free"}},
		"a local on failure":            {free(undo, "FREE"), free(undo, "TRIAL"), []string{"local.free"}},
		"a local in the reply":          {free(reply, "FREE"), free(reply, "TRIAL"), []string{"local.free"}},
		"a local in a computed object":  {free(merged, "FREE"), free(merged, "TRIAL"), []string{"local.free"}},
		"the same computed object":      {free(merged, "FREE"), free(merged, "FREE"), nil},
		"an element of for_each":        {free(each, "FREE"), free(each, "TRIAL"), []string{"each.value"}},
		"the part of a local":           {part + "locals { texts = { used = \"a\", other = \"b\" } }\n", part + "locals { texts = { used = \"A\", other = \"b\" } }\n", []string{"local.texts.used"}},
		"another part of a local":       {part + "locals { texts = { used = \"a\", other = \"b\" } }\n", part + "locals { texts = { used = \"a\", other = \"c\" } }\n", nil},
		"a variable":                    {strings.ReplaceAll(needs, "local.", "var.") + "variable \"free\" { default = \"a\" }\n", strings.ReplaceAll(needs, "local.", "var.") + "variable \"free\" { default = \"b\" }\n", []string{"var.free"}},
		"another layout of an input":    {input(`upper(deliver.company.id)`), input("upper( # loud\n deliver.company.id\n)"), nil},
		"another layout of a condition": {free(when, "FREE"), strings.Replace(free(when, "FREE"), "id == local", "id  ==  local", 1), nil},
		"white space in a text":         {input(`"a ${deliver.company.id}"`), input(`"a  ${deliver.company.id}"`), []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBacktest(planned(t, tc.now), planned(t, tc.next), 1)
			b.Add(order(`{}`))
			if (b.Changed > 0) != (tc.names != nil) {
				t.Fatalf("%d changed: %+v", b.Changed, b.Events)
			}
			if tc.names == nil {
				return
			}
			names := []string{}
			for _, d := range b.Events[0].Deliveries {
				if d.When != nil {
					names = append(names, d.When.Names...)
				}
				for _, v := range d.Input {
					names = append(names, v.Expression.Names...)
				}
			}
			for _, v := range b.Events[0].Reply {
				names = append(names, v.Expression.Names...)
			}
			if diff := cmp.Diff(tc.names, names); diff != "" {
				t.Errorf("what differs (-want +got):\n%s\n%+v", diff, b.Events)
			}
		})
	}
}

func TestBacktestSeesTheTextOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail.txt")
	written := func(text string) *Plan {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return planned(t, backtested(`name = "x"`, fmt.Sprintf("reply { id = templatefile(%q, { id = deliver.company.id }) }\n", path)))
	}
	now, same, next := written("Hello ${id}"), written("Hello ${id}"), written("Goodbye ${id}")
	b := NewBacktest(now, same, 1)
	if b.Add(order(`{}`)); b.Changed != 0 {
		t.Errorf("the same text: %+v", b.Events)
	}
	b = NewBacktest(now, next, 1)
	if b.Add(order(`{}`)); b.Changed != 1 {
		t.Fatal("another text changes nothing")
	}
	if diff := cmp.Diff([]string{fmt.Sprintf("templatefile(%q)", path)}, b.Events[0].Reply[0].Expression.Names); diff != "" {
		t.Error(diff)
	}
}

// What an operator has written for a sensitive input is shown by nothing, and
// compared all the same.
func TestBacktestShowsNoLiteralOfASensitiveInput(t *testing.T) {
	const secret = "hunter3"
	note := func(value string) string {
		return backtested(`name = "x"`, fmt.Sprintf("deliver \"note\" {\n to = plugin.crm.upsert\n with = { name = \"n\", pin = \"%s ${deliver.company.id}\" }\n}\n", value))
	}
	plain := strings.Replace(note(secret), "\n to = plugin.crm.upsert", "\n to = plugin.crm.remove", 1)
	whole := func(value string) string {
		return strings.NewReplacer("with = { name = \"n", "with = merge(jsondecode(deliver.company.id), { name = \"n", `.id}" }`, `.id}" })`).Replace(note(value))
	}
	for name, tc := range map[string]struct {
		now, next string
		changed   int
	}{
		"another":               {note(secret), note("hunter4"), 1},
		"the same":              {note(secret), note(secret), 0},
		"gained":                {backtested(`name = "x"`, ""), note(secret), 1},
		"not sensitive":         {note("hunter4"), plain, 1},
		"in a computed object":  {whole(secret), whole("hunter4"), 1},
		"in one that can't be":  {note("x"), strings.Replace(note("x"), `pin = "x `, `pin = tonumber("hunter3${event.payload.y}") == 1 ? "" : "x `, 1), 1},
		"in no object":          {note("x"), strings.Replace(whole("x"), `pin = "x `, `pin = tonumber("hunter3${event.payload.y}") == 1 ? "" : "x `, 1), 1},
		"in both, and the same": {note(secret), strings.Replace(note(secret), "pin =", "pin   =", 1), 0},
	} {
		t.Run(name, func(t *testing.T) {
			now, next := planned(t, tc.now), planned(t, tc.next)
			b := NewBacktest(now, next, 1)
			b.Add(order(`{"y":"1"}`))
			if b.Changed != tc.changed {
				t.Errorf("%d changed: %+v", b.Changed, b.Events)
			}
			text, err := json.Marshal(b)
			if err != nil || strings.Contains(string(text), "hunter") {
				t.Errorf("%v: %s", err, text)
			}
			answers, err := next.explainer.Event(eventOf(order(`{"y":"1"}`)))
			if err != nil {
				t.Fatal(err)
			}
			text, err = json.Marshal(answers)
			if err != nil || strings.Contains(string(text), "hunter") && name != "not sensitive" {
				t.Errorf("%v: %s", err, text)
			}
		})
	}
}

// Codes decide what the caller of a rejected order is told.
func TestBacktestComparesTheCodesOfRejections(t *testing.T) {
	const coded = `codes = { declined = "%s" }`
	refused := operator.Delivery{Name: "order/company", Plugin: "crm", Action: "upsert", Code: "declined"}
	for name, tc := range map[string]struct {
		now, next string
		delivery  operator.Delivery
		want      *TextDifference
	}{
		"another code":      {fmt.Sprintf(coded, "FORBIDDEN"), fmt.Sprintf(coded, "UNKNOWN_ERROR"), refused, &TextDifference{Now: "FORBIDDEN", New: "UNKNOWN_ERROR"}},
		"none any more":     {fmt.Sprintf(coded, "FORBIDDEN"), "", refused, &TextDifference{Now: "FORBIDDEN", New: "declined"}},
		"the same":          {fmt.Sprintf(coded, "FORBIDDEN"), fmt.Sprintf(coded, "FORBIDDEN"), refused, nil},
		"of another action": {fmt.Sprintf(coded, "FORBIDDEN"), "", operator.Delivery{Name: "order/company", Plugin: "crm", Action: "remove", Code: "declined"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tc.delivery.Status = string(router.DoneRejected)
			story := order(`{}`)
			story.Deliveries = append(story.Deliveries, tc.delivery)
			b := NewBacktest(planned(t, backtested(`name = "x"`, tc.now)), planned(t, backtested(`name = "x"`, tc.next)), 1)
			b.Add(story)
			var got *TextDifference
			if b.Changed > 0 {
				got = b.Events[0].Deliveries[0].Code
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Two long values are shown where they part.
func TestBacktestShowsWhereLongValuesDiffer(t *testing.T) {
	long := strings.Repeat("a", 5*maxValue)
	b := NewBacktest(planned(t, backtested(`name = "`+long+`here"`, "")), planned(t, backtested(`name = "`+long+`there"`, "")), 1)
	b.Add(order(`{}`))
	v := b.Events[0].Deliveries[0].Input[0]
	for side, text := range map[string]string{"here": string(v.Now), "there": string(v.New)} {
		if !strings.Contains(text, side) || len(text) > maxValue+20 || !json.Valid([]byte(text)) {
			t.Errorf("%s: %d bytes: %s", side, len(text), text)
		}
	}
}
