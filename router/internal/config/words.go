package config

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// What HCL says of some common slips is meant for who knows its grammar. These
// are the same in an operator's words, with the way out. HCL gives the names
// nowhere but in its sentences; one that it should change is shown as it is.
var (
	setTwice   = regexp.MustCompile(`^The argument "(.+)" was already set at (.+):(\d+),\d+-\d+\. Each argument may be set only once\.$`)
	notSet     = regexp.MustCompile(`^The argument "(.+)" is required, but no definition was found\.$`)
	fewLabels  = regexp.MustCompile(`^All (\S+) blocks must have \d+ labels \((.+)\)\.$`)
	manyLabels = regexp.MustCompile(`^Only \d+ labels \((.+)\) are expected for (\S+) blocks\.$`)
	noLabels   = regexp.MustCompile(`^No labels are expected for (\S+) blocks\.$`)
	noParts    = regexp.MustCompile(`^Can't access attributes on a primitive-typed value \((\w+)\)\.$`)
	notAType   = regexp.MustCompile(`^The keyword "(.+)" is not a valid type specification\.$`)
	notHad     = regexp.MustCompile(`^Call to function "(.+)" failed: `)
	misfit     = regexp.MustCompile(`: (?:an? )?(` + ctyType + `) (?:is )?required(?:, but have (` + ctyType + `))?\.`)
)

// ctyType is how cty writes a type.
const ctyType = `(?:(?:map|list|set) of )*(?:string|number|bool|dynamic|object|tuple)`

// reword says it in our words, if it is one of these slips.
func reword(diag *hcl.Diagnostic, files map[string]*hcl.File) {
	if found := setTwice.FindStringSubmatch(diag.Detail); found != nil {
		diag.Summary = "Set twice"
		diag.Detail = fmt.Sprintf("%s is set at %s:%s already. Keep one of the lines.", quote(found[1]), filepath.Base(found[2]), found[3])
	}
	if found := notSet.FindStringSubmatch(diag.Detail); found != nil {
		diag.Summary = "Something is missing"
		diag.Detail = fmt.Sprintf("%s must be given here, and no line sets it.", quote(found[1]))
	}
	if found := fewLabels.FindStringSubmatch(diag.Detail); found != nil {
		diag.Summary = "A name is missing"
		diag.Detail = fmt.Sprintf("Such a block begins with %s.", beginning(found[1], found[2]))
	}
	if found := manyLabels.FindStringSubmatch(diag.Detail); found != nil {
		diag.Summary = "A name too many"
		diag.Detail = fmt.Sprintf("Such a block begins with %s.", beginning(found[2], found[1]))
	}
	if found := noLabels.FindStringSubmatch(diag.Detail); found != nil {
		diag.Summary = "A name too many"
		diag.Detail = fmt.Sprintf("Such a block has no name: it begins with %s {.", found[1])
	}
	if found := noParts.FindStringSubmatch(diag.Detail); found != nil {
		diag.Summary = "Nothing below it"
		diag.Detail = fmt.Sprintf("This is %s, which has no parts that could be named.", typeInWords(found[1]))
	}
	if found := notAType.FindStringSubmatch(diag.Detail); found != nil {
		meant, word := nearest(found[1], typeWords()), found[1]
		if word == "text" || word == "texts" {
			meant = "string"
		}
		diag.Summary = "Not a type"
		diag.Detail = fmt.Sprintf("There is no type %s.", quote(word))
		if meant != "" {
			diag.Detail += " Did you mean " + quote(meant) + "?"
		} else {
			diag.Detail += " Types are " + join(typeWords()) + ", and list(…), set(…), map(…) and object({ NAME = … }) of them."
		}
	}
	if found := notHad.FindStringSubmatch(diag.Detail); found != nil && slices.Contains(secretFunctions(), found[1]) {
		diag.Summary = "A secret that can't be had"
		diag.Detail = found[1] + "() failed: " + strings.TrimPrefix(diag.Detail, found[0])
	}
	if detail, ok := strings.CutPrefix(diag.Detail, "Inappropriate value for attribute "); ok {
		diag.Summary = "Wrong type"
		diag.Detail = strings.Replace(detail, ": ", " can't have this value: ", 1)
	}
	if found := misfit.FindStringSubmatch(diag.Detail); found != nil {
		plain := ": it must be " + typeInWords(found[1])
		if found[2] != "" {
			plain += ", and this is " + typeInWords(found[2])
		}
		diag.Detail = strings.Replace(diag.Detail, found[0], plain+".", 1)
	}
	if diag.Summary == "Invalid multi-line string" {
		diag.Summary = "A quote is missing"
		diag.Detail = strings.Replace(diag.Detail, `Quoted strings may not be split over multiple lines. To produce a multi-line string, either use the \n escape to represent a newline character or use the "heredoc" multi-line template syntax.`,
			`This text has no quote at its end, which must be on the same line. A text of several lines is a heredoc: <<-EOT.`, 1)
	}
	if diag.Summary == "Missing newline after argument" && diag.Subject != nil {
		diag.Summary = "The line goes on too long"
		diag.Detail = "One line sets one thing. " + goesOn(diag.Subject, files)
	}
}

// typeWords are the types that are one word.
func typeWords() []string { return []string{"any", "bool", "number", "string"} }

// typeInWords is a type as cty writes it in an operator's words.
func typeInWords(name string) string {
	for _, of := range []string{"list", "set", "map"} {
		if elements, ok := strings.CutPrefix(name, of+" of "); ok {
			if plural, ok := map[string]string{"string": "texts", "number": "numbers", "object": "objects"}[elements]; ok {
				return "a " + of + " of " + plural
			}
			return "a " + of
		}
	}
	switch name {
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "tuple":
		return "a list"
	case "dynamic":
		return "any value"
	case "object":
		return "an object"
	}
	return "a " + name
}

// beginning is how a block with these labels begins.
func beginning(block, labels string) string {
	for label := range strings.SplitSeq(labels, ", ") {
		block += ` "` + strings.ToUpper(label) + `"`
	}
	return block + " {"
}

// goesOn says what to do about what stands where the line should have ended.
func goesOn(rng *hcl.Range, files map[string]*hcl.File) string {
	var rest []byte
	if file := files[rng.Filename]; file != nil {
		rest = file.Bytes[min(rng.Start.Byte, len(file.Bytes)):]
	}
	switch {
	case bytes.HasPrefix(rest, []byte("=")):
		return "To compare two values, write ==."
	case bytes.HasPrefix(rest, []byte("(")):
		return "Only functions are called, by one name; what has dots in it is no function."
	}
	return "Begin a new line for what comes next, or look for an operator that is missing before it."
}
