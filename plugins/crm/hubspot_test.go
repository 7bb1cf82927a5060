package crm_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// fakeHubspot keeps objects by their unique property.
type fakeHubspot struct {
	*httptest.Server
	mu           sync.Mutex
	objects      map[string]map[string]string // "companies/acc-1" → properties
	ids          map[string]string
	associations []string
	unique       bool
	fail         []answer
	calls        []string
	tokens       []string
}

type answer struct {
	status int
	header http.Header
	body   string
	lost   bool
}

func newHubspot(t *testing.T) *fakeHubspot {
	f := &fakeHubspot{objects: map[string]map[string]string{}, ids: map[string]string{}, unique: true}
	f.Server = httptest.NewServer(f)
	f.Config.SetKeepAlivesEnabled(false)
	t.Cleanup(f.Close)
	return f
}

func problem(status int, category, message string) answer {
	return answer{status: status, body: fmt.Sprintf(`{"status":"error","category":%q,"message":%q,"correlationId":"c-1"}`, category, message)}
}

func (f *fakeHubspot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, r.Method+" "+r.URL.Path)
	f.tokens = append(f.tokens, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	var a answer
	if len(f.fail) > 0 {
		a, f.fail = f.fail[0], f.fail[1:]
	} else {
		a = f.perform(r)
	}
	if a.lost {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	fmt.Fprint(w, a.body)
}

func (f *fakeHubspot) perform(r *http.Request) answer {
	switch {
	case r.Method == "GET" && r.URL.Path == "/crm/v3/properties/companies/signalbox_account":
		return answer{status: 200, body: fmt.Sprintf(`{"name":"signalbox_account","hasUniqueValue":%v}`, f.unique)}
	case r.Method == "PUT" && strings.HasPrefix(r.URL.Path, "/crm/v4/objects/contacts/"):
		f.associations = append(f.associations, strings.TrimPrefix(r.URL.Path, "/crm/v4/objects/"))
		return answer{status: 200, body: `{"status":"COMPLETE","results":[]}`}
	case r.Method != "POST" || !strings.HasSuffix(r.URL.Path, "/batch/upsert"):
		return problem(404, "OBJECT_NOT_FOUND", "no such address")
	}
	var body struct {
		Inputs []struct {
			IDProperty, ID string
			Properties     map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Inputs) != 1 {
		return problem(400, "VALIDATION_ERROR", "unreadable")
	}
	in := body.Inputs[0]
	kind := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/crm/v3/objects/"), "/batch/upsert")
	if want := map[string]string{"companies": "signalbox_account", "contacts": "email"}[kind]; in.IDProperty != want {
		return problem(400, "VALIDATION_ERROR", "not unique: "+in.IDProperty)
	}
	key := kind + "/" + in.ID
	created := f.objects[key] == nil
	if created {
		f.objects[key], f.ids[key] = map[string]string{}, fmt.Sprint(901+len(f.ids))
	}
	maps.Copy(f.objects[key], in.Properties)
	return answer{status: 200, body: fmt.Sprintf(`{"status":"COMPLETE","results":[{"id":%q,"new":%v}]}`, f.ids[key], created)}
}
