package config

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/signalbox/signalbox/router"
)

// differingSettings are the settings that are not the same, by name. They are the
// fields of Config, so that a new one can't be forgotten, under the names that
// they have in a file. One that is left out has its default.
func differingSettings(a, b *Config) []Change {
	out := append(differingFields(*a, *b), differingFields(a.Rules, b.Rules)...)
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// otherParts of a Config are compared by themselves.
func otherParts() []string { return []string{"Sources", "Plugins", "Plan", "Snapshot", "Rules"} }

func differingFields[T any](a, b T) []Change {
	var out []Change
	was, is := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range was.NumField() {
		name := was.Type().Field(i).Name
		if !slices.Contains(otherParts(), name) && !sameSetting(was.Field(i), is.Field(i)) {
			out = append(out, Change{Name: settingName(name), Kind: Changed, What: fromTo(was.Field(i), is.Field(i))})
		}
	}
	return out
}

// fromTo says what a setting was and what it is, if it is a word and no secret.
func fromTo(was, is reflect.Value) []string {
	var words []string
	for _, v := range []reflect.Value{was, is} {
		switch value := v.Interface().(type) {
		case time.Duration:
			words = append(words, WriteDuration(value))
		case string:
			words = append(words, cmp.Or(value, "none"))
		default:
			return nil
		}
	}
	return []string{words[0] + " → " + words[1]}
}

// sameSetting looks into secrets, which reflect.DeepEqual can't.
func sameSetting(a, b reflect.Value) bool {
	if secret, ok := a.Interface().(router.Secret); ok {
		return bytes.Equal(secret.Reveal(), b.Interface().(router.Secret).Reveal())
	}
	if a.Kind() == reflect.Pointer && !a.IsNil() && !b.IsNil() {
		return sameSetting(a.Elem(), b.Elem())
	}
	if a.Kind() != reflect.Struct {
		return reflect.DeepEqual(a.Interface(), b.Interface())
	}
	for i := range a.NumField() {
		if !a.Type().Field(i).IsExported() {
			return reflect.DeepEqual(a.Interface(), b.Interface())
		}
		if !sameSetting(a.Field(i), b.Field(i)) {
			return false
		}
	}
	return true
}

// settingName is a field's name in a file: PublicURL is public_url.
func settingName(field string) string {
	letters := []rune(field)
	var out strings.Builder
	for i, c := range letters {
		if i > 0 && unicode.IsUpper(c) && unicode.IsLower(letters[i-1]) {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(c))
	}
	return out.String()
}
