package routes

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon/operator"
	"github.com/signalbox/signalbox/router/internal/config"
)

// Difference is what would change for one event.
type Difference struct {
	ID       string    `json:"id"`
	Received time.Time `json:"received"`
	Source   string    `json:"source"`
	Type     string    `json:"type"`
	Flag     string    `json:"flag,omitempty"`
	// Ends is what becomes of it where routes don't deliver and reply as they
	// should.
	Ends *TextDifference `json:"ends,omitempty"`
	// Deliveries stand in the order in which they can start, those that are lost
	// behind the others.
	Deliveries []DeliveryDifference `json:"deliveries,omitempty"`
	// Reply is that of a success.
	Reply []ValueDifference `json:"reply,omitempty"`
}

// TextDifference is a text that is not the same, or does not mean the same; "" is
// none.
type TextDifference struct {
	Now string `json:"now,omitempty"`
	New string `json:"new,omitempty"`
	// Names are what an expression names and stands for something else, as in
	// local.free: then the text may be the same.
	Names []string `json:"names,omitempty"`
}

// DeliveryDifference is a delivery that would be made or not, or otherwise.
type DeliveryDifference struct {
	// Name is route/name, To the action that is called.
	Name string `json:"name"`
	To   string `json:"to"`
	// Change is "gained", "lost" or "changed".
	Change string `json:"change"`
	// OnFailure: it is made only if the event fails.
	OnFailure bool `json:"on_failure,omitempty"`
	// Was is the action that is called now, if that is another one.
	Was string `json:"was,omitempty"`
	// When is a condition that is not known yet, and not the same.
	When *TextDifference `json:"when,omitempty"`
	// Standing is what it is to the verdict and the lane: "required" or
	// "optional", "unordered", "on failure".
	Standing *TextDifference `json:"standing,omitempty"`
	// Error says why it can't be made.
	Error *TextDifference `json:"error,omitempty"`
	// Code is what the caller is told of its rejection: what the route makes of
	// the code that the plugin has given.
	Code *TextDifference `json:"code,omitempty"`
	// Input are the inputs that differ; of one that is gained, all.
	Input []ValueDifference `json:"input,omitempty"`
}

// ValueDifference is an input or a reply attribute that is not the same.
type ValueDifference struct {
	Name string `json:"name"`
	// Now and New are values as JSON; absent where there is none. Of those that
	// are sensitive all that is told is that they differ.
	Now json.RawMessage `json:"now,omitempty"`
	New json.RawMessage `json:"new,omitempty"`
	// Expression stands for what is not known, because it depends on the outputs
	// of these deliveries.
	Expression *TextDifference `json:"expression,omitempty"`
	DependsOn  []string        `json:"depends_on,omitempty"`
	Sensitive  bool            `json:"sensitive,omitempty"`
	Error      *TextDifference `json:"error,omitempty"`
}

// difference compares what becomes of an event.
func difference(s *operator.Story, now, next *fate) (Difference, bool) {
	d := Difference{
		ID: s.ID, Received: s.Received, Source: s.Source, Type: s.Type, Flag: s.Flag,
		Ends: errorDifference(now.end, next.end), Reply: valueDifferences(now.reply, next.reply),
	}
	for _, name := range next.order {
		was, known := now.deliveries[name]
		if delivery, differs := deliveryDifference(name, was, next.deliveries[name], known); differs {
			d.Deliveries = append(d.Deliveries, delivery)
		}
	}
	for _, name := range now.order {
		if _, kept := next.deliveries[name]; !kept {
			lost := now.deliveries[name]
			d.Deliveries = append(d.Deliveries, DeliveryDifference{Name: name, To: lost.To, Change: "lost", OnFailure: lost.OnFailure})
		}
	}
	return d, d.Ends != nil || len(d.Deliveries)+len(d.Reply) > 0
}

func textDifference(now, next string) *TextDifference {
	if now == next {
		return nil
	}
	return &TextDifference{Now: now, New: next}
}

// meaningDifference compares expressions that are not known yet by what they
// mean; shown are their texts.
func meaningDifference(now, next string, was, is config.Meaning) *TextDifference {
	if was.Equal(is) {
		return nil
	}
	return &TextDifference{Now: now, New: next, Names: was.Differing(is)}
}

// errorDifference leaves out where in the file the fault is: what is moved is
// the same.
func errorDifference(now, next string) *TextDifference {
	if placeless(now) == placeless(next) {
		return nil
	}
	return &TextDifference{Now: now, New: next}
}

// places are what errors begin with: "config.hcl:12: ".
var places = regexp.MustCompile(`[^ ]+:[0-9]+: `)

func placeless(text string) string { return places.ReplaceAllString(text, "") }

func same(a, b Value) bool {
	a.Error, b.Error = placeless(a.Error), placeless(b.Error)
	return a.Same(b)
}

func deliveryDifference(name string, was, is delivery, known bool) (DeliveryDifference, bool) {
	out := DeliveryDifference{Name: name, To: is.To, OnFailure: is.OnFailure, Change: "changed", Error: errorDifference(was.Error, is.Error)}
	if !known {
		out.Change, out.Input = "gained", valueDifferences(nil, is.Input)
		return out, true
	}
	out.Input = valueDifferences(was.Input, is.Input)
	if was.To != is.To {
		out.Was = was.To
	}
	out.When = meaningDifference(was.When, is.When, was.WhenMeans, is.WhenMeans)
	out.Standing = textDifference(standing(was), standing(is))
	if was.To == is.To {
		out.Code = textDifference(was.code, is.code)
	}
	return out, out.Was != "" || out.When != nil || out.Standing != nil || out.Error != nil || out.Code != nil || len(out.Input) > 0
}

// standing is what a delivery is to its event and the lane.
func standing(d delivery) string {
	words := []string{"required"}
	if d.Optional {
		words[0] = "optional"
	}
	if d.Unordered {
		words = append(words, "unordered")
	}
	if d.OnFailure {
		words = append(words, "on failure")
	}
	return strings.Join(words, ", ")
}

// valueDifferences compares values by name, which they stand in the order of.
func valueDifferences(now, next []Value) []ValueDifference {
	var out []ValueDifference
	for _, v := range next {
		was, known := named(now, v.Name)
		if !known || !same(was, v) {
			out = append(out, valueDifference(was, v))
		}
	}
	for _, v := range now {
		if _, kept := named(next, v.Name); !kept {
			out = append(out, valueDifference(v, Value{Name: v.Name}))
		}
	}
	slices.SortFunc(out, func(a, b ValueDifference) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func valueDifference(was, is Value) ValueDifference {
	out := ValueDifference{
		Name: is.Name, Sensitive: was.Sensitive || is.Sensitive, Error: errorDifference(was.Error, is.Error),
		Expression: meaningDifference(expression(was, is), expression(is, was), was.Means, is.Means),
	}
	out.Now, out.New = brief(was, is), brief(is, was)
	for _, name := range slices.Concat(was.After, is.After) {
		if !slices.Contains(out.DependsOn, name) {
			out.DependsOn = append(out.DependsOn, name)
		}
	}
	return out
}

// maxValue bounds a value that is shown: an input may be the whole event, and so
// many of them are kept.
const maxValue = 1 << 10

// brief is a value as it is shown beside the other side's: covered, if either is
// sensitive. One that is too long is cut, and a text then, of which the part is
// shown where they differ.
func brief(v, other Value) json.RawMessage {
	if (v.Sensitive || other.Sensitive) && len(v.Value) > 0 {
		return router.Covered()
	}
	if len(v.Value) <= maxValue {
		return v.Value
	}
	alike := 0
	for alike < min(len(v.Value), len(other.Value)) && v.Value[alike] == other.Value[alike] {
		alike++
	}
	before, rest, after := "", v.Value, ""
	if alike > maxValue/2 {
		before, rest = "…", rest[min(alike-maxValue/4, len(rest)-maxValue/2):]
	}
	if len(rest) > maxValue {
		rest, after = rest[:maxValue], "…"
	}
	return jsonText(before + strings.ToValidUTF8(string(rest), "") + after)
}

// expression is the text of a value that is not known yet. It covers itself if
// the value is sensitive, but not if it only was or will be.
func expression(v, other Value) string {
	if v.Expression != "" && other.Sensitive && !v.Sensitive {
		return config.CoveredText
	}
	return v.Expression
}
