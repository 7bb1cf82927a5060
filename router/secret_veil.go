package router

import (
	"slices"
	"strings"
)

const (
	// shortestHidden is the shortest text that is looked for, in bytes and for
	// numbers in digits: a shorter one stands in many a text, and striking it
	// would leave nothing to read.
	shortestHidden = 6
	// pieceCost is what a text, or a line of one, costs at least: it is looked for
	// in forms of its own.
	pieceCost = 64
	// coverAll stands for a text among more secrets than are looked for.
	coverAll = "(secret: there is more sensitive text about than is looked for)"
)

// Hidden are secrets that a Veil strikes. The zero value is none.
type Hidden struct {
	forms []string
	size  int
	all   bool // they are more than is looked for
}

// Hide gives the texts, where they cost no more than that: of a text that is its
// bytes and pieceCost a line. Where they cost more, they hide all there is.
func Hide(texts []string, most int) Hidden {
	var h Hidden
	for _, text := range texts {
		if len(text) < shortestHidden {
			continue
		}
		if most -= len(text) + pieceCost*(1+strings.Count(text, "\n")+strings.Count(text, "\r")); most < 0 {
			return HideAll()
		}
		for _, form := range NewSecret([]byte(text)).Forms() {
			if len(form) >= shortestHidden {
				h.forms = append(h.forms, form)
				h.size += len(form)
			}
		}
	}
	return h
}

// HideAll hides all there is.
func HideAll() Hidden { return Hidden{all: true} }

// All reports whether all there is is hidden.
func (h Hidden) All() bool { return h.all }

// Empty reports whether nothing is hidden.
func (h Hidden) Empty() bool { return len(h.forms) == 0 && !h.all }

// Size is how many bytes are looked for.
func (h Hidden) Size() int { return h.size }

// Veil strikes secrets from texts. The zero value hides nothing. It is not safe
// for changing it while it is used.
type Veil struct {
	forms map[beginning][]string // as often as they are hidden
	all   int                    // how many hide all there is
}

// beginning is what a form is found by: a text costs the same, however much is
// hidden.
type beginning [shortestHidden]byte

func beginningOf(form string) (b beginning) {
	copy(b[:], form)
	return b
}

// NewVeil hides these.
func NewVeil(hidden ...Hidden) *Veil {
	v := &Veil{}
	for _, h := range hidden {
		v.Draw(h)
	}
	return v
}

// Draw hides more.
func (v *Veil) Draw(h Hidden) {
	if h.all {
		v.all++
	}
	if v.forms == nil {
		v.forms = make(map[beginning][]string, len(h.forms))
	}
	for _, form := range h.forms {
		b := beginningOf(form)
		v.forms[b] = append(v.forms[b], form)
	}
}

// Lift undoes one Draw of the same.
func (v *Veil) Lift(h Hidden) {
	if h.all {
		v.all--
	}
	for _, form := range h.forms {
		b := beginningOf(form)
		same := v.forms[b]
		if i := slices.Index(same, form); i >= 0 {
			same = slices.Delete(same, i, i+1)
		}
		if v.forms[b] = same; len(same) == 0 {
			delete(v.forms, b)
		}
	}
}

// Hides reports whether there is anything to strike.
func (v *Veil) Hides() bool { return v.all > 0 || len(v.forms) > 0 }

// Over is the text without what is hidden.
func (v *Veil) Over(text string) string {
	switch {
	case text == "" || !v.Hides():
		return text
	case v.all > 0:
		return coverAll
	}
	var out strings.Builder
	struck := 0 // up to here nothing is left to be looked at
	for at := 0; at+shortestHidden <= len(text); at++ {
		end := at + v.longest(text[at:])
		if end <= max(at, struck) {
			continue
		}
		if at >= struck {
			out.WriteString(text[struck:at])
			out.WriteString(secretMask)
		}
		struck = end
	}
	if struck == 0 {
		return text
	}
	out.WriteString(text[struck:])
	return out.String()
}

// longest is the length of the longest form that text begins with.
func (v *Veil) longest(text string) (n int) {
	for _, form := range v.forms[beginningOf(text)] {
		if len(form) > n && strings.HasPrefix(text, form) {
			n = len(form)
		}
	}
	return n
}
