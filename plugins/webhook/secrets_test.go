package webhook

import "testing"

func TestSecretsAreTakenApart(t *testing.T) {
	for name, tc := range map[string]struct {
		answer        string
		cut           bool
		rest, secrets string
	}{
		"none":                  {`{"b":1,"a":2}`, false, `{"b":1,"a":2}`, ""},
		"some":                  {`{"b":1,"secrets":{"pass":"hunter2"},"a":2}`, false, `{"a":2,"b":1}`, `{"pass":"hunter2"}`},
		"of any type":           {`{"secrets":7}`, false, `{}`, `7`},
		"a name in a text":      {`{"a":"secrets"}`, false, `{"a":"secrets"}`, ""},
		"further down":          {`{"a":{"secrets":{}}}`, false, `{"a":{"secrets":{}}}`, ""},
		"no object":             {`["secrets"]`, false, `["secrets"]`, ""},
		"cut, and none":         {`{"a":"xxx`, true, `{"a":"xxx`, ""},
		"cut, and perhaps some": {`{"secrets":{"pass":"hunter2"`, true, ``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rest, secrets := apart([]byte(tc.answer), !tc.cut)
			if string(rest) != tc.rest || string(secrets) != tc.secrets {
				t.Errorf("got %s and %s, want %s and %s", rest, secrets, tc.rest, tc.secrets)
			}
		})
	}
}
